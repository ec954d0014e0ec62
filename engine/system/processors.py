"""The processors that this process may use, and how much of them another one has used."""

import os
from pathlib import Path

_USER_TIME, _SYSTEM_TIME = 11, 12  # of the fields behind the name in /proc/PID/stat, proc_pid_stat(5)


def available_processors() -> int:
    """Return their number: fewer than the machine has if a container or taskset allows fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_time_s(pid: int) -> float | None:
    """Return the processor time that a process has used so far; None if the system does not tell (not Linux)."""
    try:
        # The name is in brackets and may itself hold any character.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
        ticks = int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])
    except (OSError, IndexError, ValueError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK")

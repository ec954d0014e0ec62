"""The number of usable processors, and the processor time of a process."""

import os
from pathlib import Path

_USER_TIME, _SYSTEM_TIME = 11, 12  # among the fields after the name in /proc/PID/stat, proc_pid_stat(5)


def available_processors() -> int:
    """Return the number of processors that this process may use; a container or taskset may allow fewer than exist."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_time_s(pid: int) -> float | None:
    """Return the processor time that a process has used so far; None on other systems than Linux."""
    try:
        # The name is in brackets and may contain any character.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
        ticks = int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])
    except (OSError, IndexError, ValueError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK")

"""Processors and memory that a process may use, and its processor time."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_ROOT = Path("/")
_USER_TIME, _SYSTEM_TIME = 11, 12  # among the fields after the name in /proc/PID/stat, proc_pid_stat(5)
_UNLIMITED = 1 << 60  # control groups of version 1 have a number near 2^63 for no limit
_V2_MEMORY = ("memory.max", "memory.current", "file")
_V1_MEMORY = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")


def available_processors(root: Path = _ROOT) -> int:
    """Return the number of processors that this process may use.

    A container, taskset or the quota of a control group may allow fewer than exist. `root` is that of the file system.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for folder in _groups("cpu", root) if (quota := _quota_of(folder)) is not None]
    return min([usable, *quotas])


def memory_left(root: Path = _ROOT) -> int | None:
    """Return the bytes that the control groups of this process still allow; None without a limit.

    What the system keeps of files counts as free. `root` is that of the file system.
    """
    left = [found for folder, names in _limited_groups(root) if (found := _left_in(folder, names)) is not None]
    return min(left, default=None)


def mapped_memory(size_bytes: int) -> memoryview:
    """Return zeros that return to the system with the last view of them; the heap would keep large blocks.

    Python's default is memory to share with other processes, of which the system takes almost twice as long to find
    each page.
    """
    import mmap  # noqa: PLC0415 - for conversions only

    if sys.platform == "win32":
        return memoryview(mmap.mmap(-1, size_bytes))
    return memoryview(mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))


def processor_time_s(pid: int) -> float | None:
    """Return the processor time that a process has used so far; None on other systems than Linux."""
    try:
        # The name is in brackets and may contain any character.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b") ")[2].split()
        ticks = int(fields[_USER_TIME]) + int(fields[_SYSTEM_TIME])
    except (OSError, IndexError, ValueError):
        return None
    return ticks / os.sysconf("SC_CLK_TCK")


def _groups(controller: str, root: Path) -> Iterator[Path]:
    """Yield the folders of the control groups of this process, from its own up (cgroups(7)); some may not exist.

    A container sees its own group at the top, so folders that the list names may be missing.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        number, controllers, path = line.split(":", 2)
        is_unified = number == "0" and not controllers
        if is_unified or controller in controllers.split(","):
            top = root / "sys/fs/cgroup" / ("" if is_unified else controller)
            folder = top / path.lstrip("/")
            yield folder
            while folder != top and folder.is_relative_to(top):
                folder = folder.parent
                yield folder


@cache
def _limited_groups(root: Path) -> tuple[tuple[Path, tuple[str, str, str]], ...]:
    """Return the groups with a limit of memory, with the names of their files; looked up once, as each title asks."""
    return tuple(
        (folder, names)
        for folder in _groups("memory", root)
        for names in (_V2_MEMORY, _V1_MEMORY)
        if (limit := _number_in(folder / names[0])) is not None and limit < _UNLIMITED
    )


def _left_in(folder: Path, names: tuple[str, str, str]) -> int | None:
    limit, used = _number_in(folder / names[0]), _number_in(folder / names[1])
    if limit is None or used is None:
        return None
    try:
        facts = dict(line.split(" ", 1) for line in (folder / "memory.stat").read_text().splitlines())
        cached = int(facts.get(names[2], 0))
    except (OSError, ValueError):
        cached = 0
    return max(0, limit - max(0, used - cached))


def _quota_of(folder: Path) -> int | None:
    """Return the processors that a group's quota is worth, rounded up; None without one."""
    try:
        quota, period = map(int, (folder / "cpu.max").read_text().split())
    except (OSError, ValueError):
        found = _number_in(folder / "cpu.cfs_quota_us"), _number_in(folder / "cpu.cfs_period_us")
        if None in found:
            return None
        quota, period = (each or 0 for each in found)
    return max(1, -(-quota // period)) if quota > 0 and period > 0 else None


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None

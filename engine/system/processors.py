"""The processors that this process may use."""

import os


def available_processors() -> int:
    """Return how many there are: fewer than the machine's where a container or taskset allows fewer."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

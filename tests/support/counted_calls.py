"""What something costs, in calls of functions: the same on every machine, however fast or busy it is."""

import cProfile
from collections.abc import Callable

CALLS_PER_MIB = 4_000_000
"""Twice those of a deep look at Huffman coded hunks, the slowest that there are."""
_MIB = 1 << 20


def most_calls(size_bytes: int) -> int:
    """Return how many calls any look at a file of so many bytes may take, whatever it holds."""
    return int(CALLS_PER_MIB * max(1.0, size_bytes / _MIB))


def count_calls(act: Callable[[], object]) -> int:
    """Return how many functions this thread calls while it acts, those written in C among them."""
    profile = cProfile.Profile()
    profile.enable()
    try:
        act()
    finally:
        profile.disable()
    return sum(entry.callcount for entry in profile.getstats())

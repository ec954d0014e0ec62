"""Percentiles of latencies by nearest rank, and a histogram by powers of two."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Octave:
    """One line of a histogram."""

    low_us: int
    """Its lower end, microseconds; 0 for the first line."""
    high_us: int
    """Its upper end, microseconds, excluded."""
    count: int
    """Latencies in it."""


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest value that at least `percent` of 100 of the values do not exceed.

    `ordered` ascends. The rank is ceil(percent * n / 100), counted from 1, in integers, so rounding cannot change it.
    ValueError if there are no values.
    """
    if not ordered:
        raise ValueError("expected at least one value for a percentile, got none")
    return ordered[max(1, -(-percent * len(ordered) // 100)) - 1]


def count_octaves(latencies_us: Sequence[float]) -> dict[int, int]:
    """Return the number of latencies from 2^k up to 2^(k+1) microseconds, by k; values below 1 count as 1."""
    return dict(sorted(Counter(math.frexp(max(1.0, value))[1] - 1 for value in latencies_us).items()))


def histogram(octaves: Mapping[int, int], most_lines: int) -> list[Octave]:
    """Return counts by octave as at most `most_lines` lines without gaps, each as many octaves wide as necessary."""
    if not octaves:
        return []
    first, last = min(octaves), max(octaves)
    width = -(-(last - first + 1) // most_lines)
    return [
        Octave(
            0 if start == 0 else 1 << start,
            1 << (start + width),
            sum(octaves.get(octave, 0) for octave in range(start, start + width)),
        )
        for start in range(first, last + 1, width)
    ]

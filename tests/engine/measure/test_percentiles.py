"""Percentiles by nearest rank, and the histogram of octaves."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.measure.percentiles import Octave, count_octaves, histogram, nearest_rank

VALUES = st.lists(st.floats(0, 1e9), min_size=1, max_size=300)
PERCENTS = st.integers(1, 100)


@pytest.mark.slow
@given(VALUES, PERCENTS)
def test_a_percentile_is_the_first_value_that_enough_values_do_not_exceed(values: list[float], percent: int) -> None:
    ordered = sorted(values)
    enough = [value for value in ordered if 100 * sum(each <= value for each in ordered) >= percent * len(ordered)]
    assert nearest_rank(ordered, percent) == enough[0]


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (50, 50), (95, 95), (99, 99), (100, 100)])
def test_of_a_hundred_values_the_percentile_is_the_value_of_that_number(percent: int, value: int) -> None:
    assert nearest_rank(range(1, 101), percent) == value


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert [nearest_rank([4.2], percent) for percent in (1, 50, 99)] == [4.2] * 3


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        nearest_rank([], 50)


@given(VALUES)
def test_octaves_are_those_of_the_logarithm(values: list[float]) -> None:
    expected: dict[int, int] = {}
    for value in values:
        octave = next(k for k in range(64) if max(1.0, value) < 1 << (k + 1))
        expected[octave] = expected.get(octave, 0) + 1
    assert count_octaves(values) == expected


@pytest.mark.slow
@given(VALUES, st.integers(1, 12))
def test_a_histogram_counts_every_value_once_in_lines_without_gaps(values: list[float], most: int) -> None:
    lines = histogram(count_octaves(values), most)
    assert len(lines) <= most
    assert sum(line.count for line in lines) == len(values)
    assert all(one.high_us == other.low_us for one, other in pairwise(lines))
    assert lines[0].low_us <= min(values)
    assert max(values) < lines[-1].high_us


def test_few_octaves_have_a_line_each() -> None:
    assert histogram({3: 5, 5: 1}, 12) == [Octave(8, 16, 5), Octave(16, 32, 0), Octave(32, 64, 1)]


def test_the_histogram_of_nothing_has_no_line() -> None:
    assert histogram({}, 12) == []


def test_the_smallest_octave_begins_at_nothing() -> None:
    assert math.isclose(histogram({0: 2}, 12)[0].low_us, 0)

"""Where the patterns read."""

from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.measure.choices import Pattern
from discpress.engine.measure.patterns import MIXED_FILES, Area, runs
from discpress.engine.measure.sample import Span
from discpress.engine.units import KIB, MIB

AREA = Area(8 * MIB, tuple(Span(number * 100 * KIB, 80 * KIB) for number in range(40)))


def first(pattern: Pattern, area: Area = AREA, count: int = 300, seed: int = 1) -> list[list[Span]]:
    return list(islice(runs(pattern, area, Random(seed)), count))


@pytest.mark.slow
@given(st.sampled_from(Pattern), st.integers(1, 5 * MIB), st.integers(0, 1000))
def test_every_read_is_within_the_area_and_of_at_least_a_byte(pattern: Pattern, length: int, seed: int) -> None:
    for run in first(pattern, Area(length), 40, seed):
        assert run
        assert all(offset >= 0 and count > 0 and offset + count <= length for offset, count in run)


@pytest.mark.parametrize("pattern", Pattern)
def test_the_same_seed_reads_the_same(pattern: Pattern) -> None:
    assert first(pattern) == first(pattern)


@pytest.mark.parametrize(("pattern", "length"), [(Pattern.RANDOM_2K, 2048), (Pattern.RANDOM_16K, 16384)])
def test_random_reads_are_of_one_size_at_sectors_and_jump_each_time(pattern: Pattern, length: int) -> None:
    found = first(pattern)
    assert {(len(run), run[0].length, run[0].offset % 2048) for run in found} == {(1, length, 0)}


def test_streams_read_on_for_a_mebibyte_in_64_kib() -> None:
    for run in first(Pattern.STREAMS_64K):
        assert [span.length for span in run] == [64 * KIB] * 16
        assert [span.offset for span in run] == [run[0].offset + 64 * KIB * place for place in range(16)]


def test_mixed_reads_stay_within_files() -> None:
    for run in first(Pattern.MIXED):
        start, end = run[0].offset, run[-1].offset + run[-1].length
        assert any(offset <= start and end <= offset + length for offset, length in AREA.files)


def test_mixed_runs_are_mostly_short() -> None:
    sectors = [sum(span.length for span in run) // 2048 for run in first(Pattern.MIXED, count=1000)]
    assert 0.75 <= sum(each <= 8 for each in sectors) / len(sectors) <= 0.85


def test_mixed_jumps_between_a_few_files_at_a_time() -> None:
    runs_now = first(Pattern.MIXED, count=32)
    assert len({run[0].offset // (100 * KIB) for run in runs_now}) <= MIXED_FILES


def test_mixed_does_without_a_directory() -> None:
    found = first(Pattern.MIXED, Area(8 * MIB))
    assert {run[0].offset // (2 * MIB) for run in found} == {0, 1, 2, 3}

"""Which results the bench shows, and what Tune takes from it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from app_desk import LIBRARY
from bench_desk import CHD_LZMA, CHD_ZSTD, NOON, ZSO, known_results, rates, seek

from discpress.engine.formats import CD_HUNK_SIZE, ImageFormat, Method, Settings
from discpress.engine.measure.choices import Pattern
from discpress.engine.store.rows.measurement_rows import Measurement
from discpress.tui.views.bench import (
    OPTIONS,
    BenchChoice,
    Form,
    SeekRow,
    measured_latencies,
    rate_rows,
    seek_rows,
)

GAME = LIBRARY[1]
PACKED = LIBRARY[7]
CHOICE = BenchChoice()
CHD_OF_CD = Settings(ImageFormat.CHD, methods=(Method.CDZL, Method.CDFL))


def newest_first(measurements: Iterable[Measurement]) -> list[Measurement]:
    return sorted(measurements, key=lambda each: -each.at)


def p95_us(row: SeekRow) -> float | None:
    return None if row.figures is None else row.figures.p95_us


def test_the_title_itself_comes_first_then_each_candidate() -> None:
    rows = seek_rows(GAME, CHOICE, [])
    assert [(row.label, row.block_size, row.figures) for row in rows] == [
        ("ISO", 0, None), ("2K", 2048, None), ("16K", 16384, None), ("64K", 65536, None)
    ]  # fmt: skip


def test_a_packed_title_is_only_measured_as_it_is() -> None:
    (row,) = seek_rows(PACKED, CHOICE, [seek(PACKED, 2048)])
    assert (row.label, row.figures is not None) == ("2K", True)


def test_the_newest_result_is_shown_with_the_one_before() -> None:
    rows = seek_rows(GAME, CHOICE, newest_first(known_results(GAME)))
    assert [(p95_us(row), row.before_us) for row in rows] == [
        (190.0, 380.0), (380.0, 570.0), (570.0, 760.0), (760.0, 950.0)
    ]  # fmt: skip


def test_results_of_other_patterns_are_left_out() -> None:
    found = [seek(GAME, 2048, pattern=Pattern.RANDOM_2K)]
    assert seek_rows(GAME, CHOICE, found)[1].figures is None
    assert seek_rows(GAME, replace(CHOICE, pattern=Pattern.RANDOM_2K), found)[1].figures is not None


def test_from_memory_nothing_cold_is_shown() -> None:
    found = newest_first([seek(GAME, 2048, 5.0), seek(GAME, 2048, 0.1, at=NOON - 5, is_cold=False)])
    assert p95_us(seek_rows(GAME, replace(CHOICE, is_warm=True), found)[1]) == 19.0


def test_what_was_cold_is_not_compared_with_what_was_not() -> None:
    found = newest_first([seek(GAME, 2048), seek(GAME, 2048, 0.1, at=NOON - 5, is_cold=False)])
    assert seek_rows(GAME, CHOICE, found)[1].before_us is None


def test_results_of_two_machines_are_never_side_by_side() -> None:
    found = newest_first([seek(GAME, 2048), seek(GAME, 16384, at=NOON - 5, machine="laptop")])
    rows = seek_rows(GAME, CHOICE, found)
    assert [row.figures is not None for row in rows] == [False, True, False, False]


@pytest.mark.parametrize("other", [CHD_LZMA, ZSO, replace(CHD_ZSTD, level=19)])
def test_what_was_packed_another_way_is_not_what_was_before(other: Settings) -> None:
    found = newest_first([seek(GAME, 16384, form=CHD_ZSTD), seek(GAME, 16384, 2.0, at=NOON - 5, form=other)])
    row = seek_rows(GAME, CHOICE, found)[2]
    assert row.measurement is not None
    assert (row.measurement.form, row.before_us) == ("CHD zstd", None)


def test_candidates_packed_in_two_ways_are_never_side_by_side() -> None:
    found = newest_first([seek(GAME, 0), seek(GAME, 2048, form=CHD_ZSTD), seek(GAME, 16384, at=NOON - 5)])
    assert [row.figures is not None for row in seek_rows(GAME, CHOICE, found)] == [True, True, False, False]


@pytest.mark.parametrize("other", [CHD_LZMA, ZSO])
def test_rates_of_two_forms_are_never_side_by_side(other: Settings) -> None:
    found = newest_first([rates(GAME, 2048, 1, form=CHD_ZSTD), rates(GAME, 16384, 1, at=NOON - 5, form=other)])
    assert [row.figures is not None for row in rate_rows(CHOICE, found)] == [True, *[False] * 5]


def test_throughput_has_a_row_for_each_candidate_and_level() -> None:
    rows = rate_rows(CHOICE, [rates(GAME, 16384, 9), rates(GAME, 16384, 9, at=NOON - 5)])
    assert [(row.label, row.level, row.figures is not None) for row in rows] == [
        ("2K", 1, False), ("2K", 9, False), ("16K", 1, False), ("16K", 9, True), ("64K", 1, False), ("64K", 9, False)
    ]  # fmt: skip


@pytest.mark.parametrize("form", [(None, ()), (ImageFormat.CHD, (Method.ZLIB,))])
def test_throughput_of_a_cd_has_a_row_for_each_level_whatever_the_block_sizes(form: Form) -> None:
    choice = replace(CHOICE, form=form, levels=(1, 9, 12))
    rows = rate_rows(choice, [rates(GAME, CD_HUNK_SIZE, 9, form=CHD_OF_CD), rates(GAME, 2048, 1, at=NOON - 5)])
    assert [(row.label, row.level, row.figures is not None) for row in rows] == [("19K", 1, False), ("19K", 9, True)]


@pytest.mark.parametrize("form", [(ImageFormat.CHD, (Method.ZSTD,)), (ImageFormat.ZSO, ())])
def test_throughput_of_a_cd_is_left_out_if_another_container_is_chosen(form: Form) -> None:
    rows = rate_rows(replace(CHOICE, form=form), [rates(GAME, CD_HUNK_SIZE, 9, form=CHD_OF_CD)])
    assert [row.figures for row in rows] == [None] * 6


def test_facts_that_do_not_read_are_left_out() -> None:
    broken = [each._replace(facts={}) for each in (seek(GAME, 2048), rates(GAME, 2048, 1))]
    assert seek_rows(GAME, CHOICE, broken)[1].figures is None
    assert rate_rows(CHOICE, broken)[0].figures is None


@pytest.mark.parametrize("name", OPTIONS)
def test_every_value_of_an_option_is_told_apart(name: str) -> None:
    option = OPTIONS[name]
    assert len({option.describe(value) for value in option.values}) == len(option.values)
    chosen = {CHOICE.of(name, value) for value in option.values}
    assert len(chosen) == len(option.values)
    assert CHOICE in chosen


def test_a_choice_is_the_request_of_a_test() -> None:
    choice = BenchChoice((4096,), (12,), Pattern.RANDOM_2K, 10.0, is_warm=True)
    request = choice.seek_options
    assert (request.block_sizes, request.patterns, request.duration_s, request.is_warm) == (
        (4096,),
        (Pattern.RANDOM_2K,),
        10.0,
        True,
    )
    assert (choice.throughput_options.block_sizes, choice.throughput_options.levels) == ((4096,), (12,))


def test_a_chosen_container_is_the_request_of_a_test() -> None:
    choice = BenchChoice(levels=(1, 9, 12), form=(ImageFormat.CHD, (Method.ZLIB,)))
    for request in (choice.seek_options, choice.throughput_options):
        assert (request.format, request.methods) == (ImageFormat.CHD, (Method.ZLIB,))
    assert choice.throughput_options.levels == (1, 9)


def test_of_a_chosen_container_the_results_are_shown_though_others_are_newer() -> None:
    choice = replace(CHOICE, form=(ImageFormat.CHD, (Method.ZSTD,)))
    found = newest_first([seek(GAME, 0), seek(GAME, 2048), seek(GAME, 2048, 3.0, at=NOON - 5, form=CHD_ZSTD)])
    rows = seek_rows(GAME, choice, found)
    assert [p95_us(row) for row in rows] == [190.0, 570.0, None, None]
    found = newest_first([rates(GAME, 2048, 1), rates(GAME, 2048, 9, at=NOON - 5, form=CHD_ZSTD)])
    assert [row.figures is not None for row in rate_rows(choice, found)] == [False, True, *[False] * 4]


def test_tune_takes_the_newest_medians_of_one_kind() -> None:
    odd = seek(GAME, 4096, at=NOON - 9, pattern=Pattern.RANDOM_2K)
    found = measured_latencies(newest_first([*known_results(GAME), odd]), ImageFormat.ZSO)
    assert found is not None
    assert found.latencies_us == {2048: 170.0, 16384: 255.0, 65536: 340.0}
    assert (found.pattern, found.is_cold) == (Pattern.MIXED, True)


def test_tune_takes_no_medians_of_other_methods() -> None:
    found = newest_first([seek(GAME, 4096, form=CHD_ZSTD), seek(GAME, 16384, at=NOON - 5, form=CHD_LZMA)])
    measured = measured_latencies(found, ImageFormat.CHD)
    assert measured is not None
    assert list(measured.latencies_us) == [4096]


def test_tune_takes_nothing_of_another_format() -> None:
    assert measured_latencies(known_results(GAME), ImageFormat.CSO) is None

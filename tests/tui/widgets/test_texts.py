"""Texts of an exact width, bars and curves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from discpress.tui.widgets.graph import ASCII_LEVELS, LEVELS, bar, bar_of_two, curve, per_second
from discpress.tui.widgets.palette import fit, fit_name, in_ascii, wrapped

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "M", "Zl", "Zp"]), max_size=60)


@pytest.mark.slow
@given(text=WORDS, width=st.integers(0, 40), right=st.booleans(), ellipsis=st.sampled_from(["…", "~", ""]))
def test_a_text_fits_exactly(text: str, width: int, right: bool, ellipsis: str) -> None:
    assert cell_len(fit(text, width, right=right, ellipsis=ellipsis)) == width


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("Okami", 8, "Okami   "),
        ("Okami", 5, "Okami"),
        ("Okami", 4, "Oka…"),
        ("紙灯籠", 5, "紙灯…"),
        ("紙灯籠", 4, "紙 …"),
    ],
)
def test_what_is_cut_ends_with_an_ellipsis(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted


@pytest.mark.parametrize(
    ("name", "width", "shown"),
    [
        ("Lighthouse Kit (disc 2)", 20, "Lighthouse… (disc 2)"),
        ("Lighthouse Kit (disc 2)", 23, "Lighthouse Kit (disc 2)"),
        ("Lighthouse Kit (disc 2)", 12, "Lighthouse …"),
        ("紙灯籠の街 (disc 1 of 2)", 30, "紙灯籠の街 (disc 1 of 2)      "),
    ],
)
def test_a_cut_name_keeps_the_number_of_its_disc(name: str, width: int, shown: str) -> None:
    assert fit_name(name, width) == shown


def test_numbers_end_at_the_right() -> None:
    assert fit("700 MiB", 9, right=True) == "  700 MiB"


@given(text=WORDS, width=st.integers(2, 40))
def test_wrapped_lines_are_no_wider_and_lose_only_spaces(text: str, width: int) -> None:
    lines = ["".join(piece for piece, _ in line) for line in wrapped(text, width, "normal")]
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_lines_are_broken_at_spaces() -> None:
    assert [line[0][0] for line in wrapped("one two three four", 9, "dim")] == ["one two", "three", "four"]


def test_no_text_is_no_line() -> None:
    assert wrapped("", 20, "normal") == []


@given(WORDS)
def test_ascii_has_the_same_width(text: str) -> None:
    assert in_ascii(text).isascii()
    assert cell_len(in_ascii(text)) == cell_len(text)


@given(percent=st.floats(-50, 200), width=st.integers(1, 30), is_ascii=st.booleans())
def test_a_bar_has_its_width(percent: float, width: int, is_ascii: bool) -> None:
    assert len(bar(percent, width, is_ascii=is_ascii)) == width


@pytest.mark.parametrize(
    ("percent", "drawn"), [(0, "    "), (50, "██  "), (53.2, "██▏ "), (100, "████"), (-1, "    "), (180, "████")]
)
def test_a_bar_is_exact_to_an_eighth_of_a_cell(percent: float, drawn: str) -> None:
    assert bar(percent, 4) == drawn


@given(values=st.lists(st.floats(0, 1e12), max_size=80), width=st.integers(1, 60), is_ascii=st.booleans())
def test_a_curve_has_its_width_and_shows_the_newest(values: list[float], width: int, is_ascii: bool) -> None:
    drawn = curve(values, width, is_ascii=is_ascii)
    assert len(drawn) == width
    assert set(drawn) <= set(ASCII_LEVELS if is_ascii else LEVELS)
    if values and values[-1] > 0:
        assert drawn[-1] != " "


def test_the_largest_value_is_the_highest() -> None:
    assert curve([0, 1, 4, 8], 6) == "   ▁▄█"


def test_seconds_without_any_are_zero() -> None:
    assert per_second([(8, 5, 1), (10, 7, 1)], 10, 4) == [0.0, 5.0, 0.0, 7.0]


@pytest.mark.parametrize(
    ("parts", "drawn"),
    [
        ((50, 0), "█████     "),
        ((0, 0), " " * 10),
        ((50, 20), "█████▒▒   "),
        ((50, 0.1), "█████▒    "),
        ((100, 5), "█████████▒"),
        ((90, 400), "█████████▒"),
        ((-5, 10), "▒         "),
    ],
)
def test_a_bar_of_two_parts_always_shows_the_second(parts: tuple[float, float], drawn: str) -> None:
    assert bar_of_two(*parts, 10) == drawn

"""The chart of size against seek latency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from discpress.tui.views.chart import Point, chart_lines

POINTS = [Point("2K", 400, 100.0, "cursor"), Point("16K", 300, 200.0), Point("64K", 200, 400.0, "dim")]


def texts(points: list[Point], width: int = 60, height: int = 12) -> list[str]:
    return ["".join(text for text, _ in line) for line in chart_lines(points, width, height)]


def test_larger_files_stand_higher_and_slower_reads_to_the_right() -> None:
    lines = texts(POINTS)
    found = {each: next(y for y, line in enumerate(lines) if each in line) for each in ("2K", "16K", "64K")}
    places = {each: (y, lines[y].index(each)) for each, y in found.items()}
    assert places["2K"][0] < places["16K"][0] < places["64K"][0]
    assert places["2K"][1] < places["16K"][1] < places["64K"][1]


def test_what_is_not_loaded_stands_in_brackets() -> None:
    assert "(64K)" in texts(POINTS)[-2]


def test_the_axes_say_what_they_are() -> None:
    lines = texts(POINTS)
    assert lines[0] == "size"
    assert lines[-1].endswith("seek latency 400 us")


def test_the_choice_has_the_style_of_the_cursor() -> None:
    assert ("2K", "cursor") in [piece for line in chart_lines(POINTS, 60, 12) for piece in line]


def test_one_size_stands_once_at_an_axis_that_the_terminal_can_draw() -> None:
    lines = texts(POINTS[:1])
    assert sum("400 B" in line for line in lines) == 1
    assert all(line[10] == "│" for line in lines[1:-1])
    ascii_lines = ["".join(text for text, _ in line) for line in chart_lines(POINTS, 60, 12, is_ascii=True)]
    assert all(line.isascii() for line in ascii_lines)


def test_points_of_one_place_are_all_there() -> None:
    lines = texts([Point("2K", 400, 100.0), Point("4K", 400, 101.0)])
    assert "2K 4K" in "\n".join(lines)


def test_without_points_it_says_why() -> None:
    assert texts([]) == ["nothing to draw before the sample is packed"]


@pytest.mark.slow
@given(
    points=st.lists(
        st.builds(Point, st.sampled_from(["2K", "64K"]), st.integers(0, 2**40), st.floats(0.1, 1e7)), max_size=8
    ),
    width=st.integers(30, 200),
    height=st.integers(3, 40),
)
def test_no_line_is_wider_than_the_screen(points: list[Point], width: int, height: int) -> None:
    lines = texts(points, width, height) if points else []
    assert all(cell_len(line) <= width for line in lines)
    assert len(lines) <= max(5, height)

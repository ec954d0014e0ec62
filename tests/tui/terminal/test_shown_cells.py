"""Updates by changed cells: a terminal shows the same as by whole rows, and gets nothing for what it shows already."""

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.control import Control
from rich.segment import Segment
from rich.style import Style

from discpress.tui.terminal.shown_cells import ShownCells

WIDTH, HEIGHT = 20, 4
RED, BLUE, PLAIN = Style(color="red"), Style(color="blue", bold=True), None
ON_GREY, ON_BLACK, ON_CYAN = (Style(bgcolor=f"color({number})") for number in (8, 0, 6))
LOOKS = {
    RED: "\x1b[31m",
    BLUE: "\x1b[1;34m",
    ON_GREY: "\x1b[38;2;205;211;222;48;2;20;23;28m",
    ON_BLACK: "\x1b[1;7;38;2;139;149;167;48;2;20;23;28m",
    ON_CYAN: "\x1b[97;48;5;6m",
    PLAIN: "",
}
Placed = tuple[int, int, str, Style | None]


def segments(placed: list[Placed]) -> list[Segment]:
    """Return an update: texts with their looks, each at a place."""
    found = []
    for x, y, text, style in placed:
        found += [Control.move_to(x, y).segment, Segment(text, style)]
    return found


def look_of(style: Style | None) -> str:
    return LOOKS[style]


def shown(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    cells = [[screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]
    return [[(cell.data, cell.fg, cell.bg, cell.bold, cell.reverse) for cell in row] for row in cells]


def whole(placed: list[Placed]) -> str:
    """Return the bytes that send an update as it is."""
    return "".join(f"\x1b[{y + 1};{x + 1}H{LOOKS[style]}{text}\x1b[0m" for x, y, text, style in placed)


def row(text: str, y: int = 0, style: Style | None = PLAIN) -> list[Placed]:
    return [(0, y, text.ljust(WIDTH), style)]


def cells_showing(placed: list[Placed]) -> ShownCells:
    cells = ShownCells(WIDTH, HEIGHT)
    cells.update(segments(placed), look_of)
    return cells


LINES = st.lists(st.sampled_from([*"abc .─█日本", "e\u0301"]), max_size=WIDTH // 2).map("".join)
UPDATES = st.lists(
    st.lists(
        st.tuples(st.just(0), st.integers(0, HEIGHT - 1), LINES, st.sampled_from([*LOOKS])),
        max_size=HEIGHT,
        unique_by=lambda placed: placed[1],
    ),
    max_size=5,
)


def padded(text: str) -> str:
    """Return a text as wide as the screen."""
    return text + " " * (WIDTH - Segment(text).cell_length)


@pytest.mark.slow
@given(updates=UPDATES)
def test_changed_cells_show_the_same_as_whole_rows(updates: list[list[Placed]]) -> None:
    by_cells, by_rows = (pyte.Screen(WIDTH, HEIGHT) for _ in range(2))
    cells = ShownCells(WIDTH, HEIGHT)
    for placed in updates:
        rows = [(x, y, padded(text), style) for x, y, text, style in placed]
        pyte.Stream(by_cells).feed(cells.update(segments(rows), look_of))
        pyte.Stream(by_rows).feed(whole(rows))
        assert shown(by_cells) == shown(by_rows)


def test_what_is_shown_already_sends_nothing() -> None:
    cells = cells_showing(row("Okami", style=RED))
    assert cells.update(segments(row("Okami", style=RED)), look_of) == ""


def test_one_changed_character_sends_only_that() -> None:
    cells = cells_showing(row("Okami  46 %"))
    assert cells.update(segments(row("Okami  47 %")), look_of) == "\x1b[1;9H7"


def test_another_look_of_the_same_text_is_a_change() -> None:
    cells = cells_showing(row("Okami"))
    assert cells.update(segments([(0, 0, "Ok", RED)]), look_of) == "\x1b[1;1H\x1b[31mOk\x1b[0m"


def test_of_a_look_only_what_differs_is_sent() -> None:
    cells = ShownCells(WIDTH, HEIGHT)
    dim, bright = Style(dim=True), Style(bold=True)
    looks = {dim: "\x1b[38;2;9;9;9;48;2;1;2;3m", bright: "\x1b[1;38;2;255;255;255;48;2;1;2;3m"}
    sent = cells.update(segments([(0, 0, "size", dim), (5, 0, "46 %", bright)]), lambda style: looks[style or dim])
    assert sent == "\x1b[1;1H\x1b[38;2;9;9;9;48;2;1;2;3msize\x1b[1;6H\x1b[1;38;2;255;255;255m46 %\x1b[0m"


def test_runs_that_are_close_are_sent_as_one() -> None:
    cells = cells_showing(row("a....b.......c"))
    assert cells.update(segments(row("A....B.......C")), look_of) == "\x1b[1;1HA....B\x1b[1;14HC"


def test_a_look_is_sent_once_for_runs_that_follow_each_other() -> None:
    cells = cells_showing(row("a          b", style=RED))
    assert cells.update(segments(row("A          B", style=RED)), look_of) == "\x1b[1;1H\x1b[31mA\x1b[1;12HB\x1b[0m"


def test_a_wide_character_is_never_sent_in_half() -> None:
    cells = cells_showing(row("日本"))
    assert cells.update(segments([(0, 0, "日木", PLAIN)]), look_of) == "\x1b[1;3H木"


def test_a_row_with_a_combining_character_is_sent_whole() -> None:
    cells = cells_showing([(0, 0, "e\u0301", PLAIN)])
    assert cells.update(segments([(0, 0, "e\u0301", PLAIN)]), look_of) == "\x1b[1;1He\u0301"


def test_a_terminal_of_another_size_gets_everything() -> None:
    cells = cells_showing(row("Okami"))
    cells.resize(WIDTH, HEIGHT + 1)
    assert "Okami" in cells.update(segments(row("Okami")), look_of)


def test_a_forgotten_screen_gets_everything() -> None:
    cells = cells_showing(row("Okami"))
    cells.forget()
    assert "Okami" in cells.update(segments(row("Okami")), look_of)

"""What the app makes of terminals: small ones, slow ones, those without UTF-8, colours or a mouse."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from app_desk import LIBRARY, opened, title
from headless_app import paint, settle
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widgets import Input

from discpress.engine.config import THEMES, Config
from discpress.engine.errors import UsageError
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.dialogs.too_small import TooSmall
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.palette import PaletteScreen
from discpress.tui.screens.tune import TuneScreen
from discpress.tui.terminal.capabilities import (
    LOCAL_REFRESH_S,
    SSH_REFRESH_S,
    Terminal,
    check_terminal,
    encoding_of_locale,
)

ASCII = Terminal(is_ascii=True, is_ssh=True, colours=16, has_mouse=False)
XTERM = {"TERM": "xterm-256color"}

# What it can do


@pytest.mark.parametrize(
    ("environ", "colours"),
    [
        ({"TERM": "xterm"}, 16),
        (XTERM, 256),
        (XTERM | {"COLORTERM": "truecolor"}, 1 << 24),
        (XTERM | {"COLORTERM": "24bit"}, 1 << 24),
        ({"TERM": "xterm-kitty"}, 1 << 24),
        ({"TERM": "xterm-direct"}, 1 << 24),
        ({"TERM": "linux"}, 16),
        (XTERM | {"NO_COLOR": "1", "COLORTERM": "truecolor"}, 0),
        (XTERM | {"NO_COLOR": ""}, 0),
    ],
)
def test_how_many_colours_it_has(environ: Mapping[str, str], colours: int) -> None:
    terminal = Terminal.of(environ, "UTF-8")
    assert terminal.colours == colours
    assert terminal.is_plain == (colours <= 16)


@pytest.mark.parametrize(
    ("name", "encoding", "requested", "is_ascii"),
    [
        ("xterm", "UTF-8", None, False),
        ("xterm", "utf8", None, False),
        ("xterm", "ISO-8859-1", None, True),
        ("xterm", "ANSI_X3.4-1968", None, True),
        ("linux", "UTF-8", None, True),
        ("linux", "UTF-8", False, False),
        ("xterm", "UTF-8", True, True),
    ],
)
def test_whether_it_is_sent_ascii_only(name: str, encoding: str, requested: bool | None, is_ascii: bool) -> None:
    assert Terminal.of({"TERM": name}, encoding, is_ascii=requested).is_ascii == is_ascii


@pytest.mark.parametrize(
    ("environ", "encoding"),
    [
        ({}, "ASCII"),
        ({"LANG": "C"}, "ASCII"),
        ({"LANG": "POSIX"}, "ASCII"),
        ({"LANG": "C.UTF-8"}, "UTF-8"),
        ({"LANG": "de_DE.utf8@euro"}, "utf8"),
        ({"LANG": "de_DE.ISO-8859-1"}, "ISO-8859-1"),
        ({"LANG": "de_DE"}, "what Python found"),
        ({"LC_CTYPE": "UTF-8"}, "what Python found"),
        ({"LC_CTYPE": "C", "LANG": "C.UTF-8"}, "ASCII"),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"}, "UTF-8"),
        ({"LC_ALL": "C", "LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}, "ASCII"),
    ],
)
def test_the_first_variable_that_is_set_says_the_encoding(environ: Mapping[str, str], encoding: str) -> None:
    assert encoding_of_locale(environ, "what Python found") == encoding


@pytest.mark.parametrize(
    ("environ", "requested", "has_mouse"),
    [
        ({}, None, True),
        ({}, False, False),
        ({"SSH_CONNECTION": "a 1 b 2"}, None, False),
        ({"SSH_TTY": "/dev/pts/1"}, None, False),
        ({"SSH_CONNECTION": "a 1 b 2"}, True, True),
    ],
)
def test_whether_it_reports_the_mouse(environ: Mapping[str, str], requested: bool | None, has_mouse: bool) -> None:
    assert Terminal.of({**XTERM, **environ}, "UTF-8", mouse=requested).has_mouse == has_mouse


def test_over_ssh_it_is_refreshed_half_as_often() -> None:
    assert Terminal.of(XTERM, "UTF-8").refresh_s == LOCAL_REFRESH_S
    assert Terminal.of(XTERM | {"SSH_TTY": "/dev/pts/1"}, "UTF-8").refresh_s == SSH_REFRESH_S


@pytest.mark.parametrize(
    ("environ", "is_tty"), [(XTERM, False), ({"TERM": "dumb"}, True), ({"TERM": ""}, True), ({}, True)]
)
def test_where_nothing_can_be_drawn_it_points_to_the_command_line(environ: Mapping[str, str], is_tty: bool) -> None:
    with pytest.raises(UsageError) as refused:
        check_terminal(environ, is_tty=is_tty)
    assert "discpress ls" in refused.value.hint


def test_a_terminal_that_draws_is_taken() -> None:
    check_terminal({"TERM": "vt100"}, is_tty=True)


# ASCII and plain colours


@pytest.mark.slow
@pytest.mark.parametrize(
    "keys",
    [[], ["space", "S"], ["down", "down", "enter"], ["down", "t", "v"], ["a", "c"], ["w"], ["u"], ["comma"], ["colon"],
     ["question_mark"], ["slash", "x"]],
)  # fmt: skip
async def test_no_screen_sends_more_than_ascii_where_only_that_is_understood(keys: list[str], tmp_path: Path) -> None:
    async with opened(tmp_path, *keys, terminal=ASCII, width=100, height=40) as desk:
        assert desk.text.isascii()


@pytest.mark.slow
@pytest.mark.parametrize("colours", [0, 16])
async def test_a_plain_terminal_keeps_its_own_colours_whatever_the_theme(colours: int, tmp_path: Path) -> None:
    terminal = Terminal(is_ascii=False, is_ssh=False, colours=colours, has_mouse=True)
    async with opened(tmp_path, terminal=terminal, config=Config(theme="light")) as desk:
        assert desk.app.theme == "discpress-ansi"
        accent = desk.table.paint("accent").color
        assert accent is not None
        assert accent.number == 6  # the terminal's own cyan
        strips = paint(desk.app)
        styles = {segment.style for strip in strips for segment in strip}
        colours_used = {each for style in styles if style for each in (style.color, style.bgcolor) if each}
        assert all(colour.is_default or (colour.number or 0) < 16 for colour in colours_used)


@pytest.mark.slow
async def test_a_name_too_long_for_the_edge_of_a_box_is_cut_in_ascii(tmp_path: Path) -> None:
    long = title("Long.iso", 700, 400, title=" ".join(["Long"] * 30))
    async with opened(tmp_path, titles=[long], terminal=ASCII, width=200, height=30) as desk:
        assert desk.text.isascii()
        assert "~ -+" in desk.text


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
async def test_the_cursor_row_stands_out_in_every_theme(theme: str, tmp_path: Path) -> None:
    async with opened(tmp_path, config=Config(theme=theme)) as desk:
        row, other = (desk.table.paint(name) for name in ("cursor", "normal"))
        assert (row.bgcolor, row.reverse) != (other.bgcolor, other.reverse)
        assert row.bold


# Size


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(59, 24), (80, 15), (20, 5), (1, 1)])
async def test_a_terminal_that_is_too_small_says_so_and_keeps_everything(
    width: int, height: int, tmp_path: Path
) -> None:
    async with opened(tmp_path, "slash", *"game", "enter", "down", "space") as desk:
        before = desk.text
        await desk.resize(width, height)
        desk.in_front(TooSmall)
        assert desk.text.strip()[:width].startswith("needs 60x16"[:width]) or width < 12
        await desk.resize(80, 24)
        assert desk.text == before
        assert len(desk.view.marks) == 1


@pytest.mark.slow
async def test_the_smallest_size_has_every_screen(tmp_path: Path) -> None:
    async with opened(tmp_path, width=60, height=16) as desk:
        desk.in_front(LibraryScreen)
        await desk.press("down", "down", "t")
        desk.in_front(TuneScreen)


@pytest.mark.slow
async def test_it_starts_too_small_and_grows(tmp_path: Path) -> None:
    async with opened(tmp_path, width=40, height=10) as desk:
        desk.in_front(TooSmall)
        await desk.resize(80, 24)
        desk.in_front(LibraryScreen)
        assert len(desk.rows) == len(LIBRARY)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["q", "space", "c", "enter", "escape", "x"])
async def test_keys_do_nothing_unseen_while_it_is_too_small(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.resize(50, 10)
        await desk.press(key)
        desk.in_front(TooSmall)
        await desk.resize(80, 24)
        desk.in_front(LibraryScreen)
        assert desk.view.marks == set()
        assert not desk.has_ended


@pytest.mark.slow
@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
async def test_a_terminal_that_is_too_small_can_be_left(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.resize(50, 10)
        await desk.press(key)
        assert desk.has_ended


@pytest.mark.slow
@pytest.mark.parametrize("keys", [["colon", "c"], ["down", "down", "t", "down"], ["w"], ["comma", "down"]])
async def test_every_screen_is_as_it_was_after_it(keys: list[str], tmp_path: Path) -> None:
    async with opened(tmp_path, *keys) as desk:
        before = desk.text
        await desk.resize(30, 8)
        await desk.resize(80, 24)
        assert desk.text == before


@pytest.mark.slow
async def test_a_palette_that_was_open_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"que") as desk:
        await desk.resize(30, 8)
        await desk.resize(80, 24)
        await desk.press("u", "e")
        assert desk.in_front(PaletteScreen).query_one("#palette", Input).value == "queue"


@pytest.mark.slow
async def test_the_cursor_stays_seen_when_the_terminal_shrinks(tmp_path: Path) -> None:
    async with opened(tmp_path, "end", height=40) as desk:
        await desk.resize(80, 16)
        assert desk.table.cursor in desk.table.seen
        assert desk.title == "紙灯籠の街"


# The mouse


@pytest.mark.slow
async def test_a_click_goes_to_a_row_and_a_second_one_opens_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.click("#library", 10, 3)
        assert desk.title == "Game 2"
        await desk.click("#library", 10, 3)
        assert "SLES-50002" in desk.lines("text")


@pytest.mark.slow
async def test_a_click_on_a_head_sorts_and_a_second_one_turns_it_around(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        at = next(line.index("SIZE") for line in desk.text.splitlines() if "TITLE" in line) + 1
        await desk.click("#library", at, 0)
        assert (desk.view.sort_key, desk.view.is_reversed) == ("size", False)
        await desk.click("#library", at, 0)
        assert (desk.view.sort_key, desk.view.is_reversed) == ("size", True)


@pytest.mark.slow
async def test_a_click_on_the_head_of_the_marks_is_the_key_that_marks_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.click("#library", 0, 0)
        by_click = set(desk.view.marks)
        await desk.click("#library", 0, 0)
        assert not desk.view.marks
        await desk.press("a")
        assert by_click == set(desk.view.marks) != set()


@pytest.mark.slow
async def test_a_click_below_the_last_row_does_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.click("#library", 5, 15)
        desk.in_front(LibraryScreen)


@pytest.mark.slow
async def test_a_click_on_a_key_of_the_last_line_runs_it(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down") as desk:
        at = desk.text.splitlines()[-1].index("t tune")
        await desk.click("KeyLine", at, 1)
        desk.in_front(TuneScreen)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "keys"), [(MouseScrollDown, []), (MouseScrollUp, ["end"])])
async def test_the_wheel_moves_the_cursor(kind: type[MouseScrollDown], keys: list[str], tmp_path: Path) -> None:
    async with opened(tmp_path, *keys) as desk:
        before = desk.table.cursor
        desk.table.post_message(kind(None, 1, 1, 0, 0, 0, False, False, False))
        await settle(desk.pilot)
        assert desk.table.cursor != before


@pytest.mark.slow
async def test_a_question_is_answered_by_a_click(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        desk.queue.start(desk.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])[0])
        await desk.look()
        await desk.press("q")
        desk.in_front(Confirm)
        await desk.click("#leave", 1, 0)
        assert desk.has_ended

"""The app on a real terminal: what it sends, what ends it, and how it leaves the terminal."""

import base64
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, save
from app_pty import AppPty
from command_line import CommandLine
from patience import HANG_S, wait_for

from discpress.engine.discs.info import DiscInfo
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store

pytestmark = pytest.mark.e2e

LEFT_ALTERNATE_SCREEN = b"\x1b[?1049l"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A folder whose state knows a library; nothing of it is on the disk, so nothing is re-scanned."""
    with Store(tmp_path / "state") as store:
        save(store, LIBRARY)
    return tmp_path


@pytest.fixture
def app(library: Path) -> Iterator[AppPty]:
    with AppPty([], library) as running:
        running.wait_for("Velvet")
        running.wait_rest()
        yield running


def test_the_stored_library_is_there_at_once_and_rests(app: AppPty) -> None:
    assert app.lines[0].split() == ["discpress", "Library", "10", "Queue", "Trash", "Benchmark", "saves", "5.25", "GiB"]
    assert app.received <= 50_000
    assert app.measure(3.0) == 0


def test_a_cursor_key_sends_at_most_2_kb_and_the_hardware_cursor_follows(app: AppPty) -> None:
    for key, line in (("down", 4), ("down", 5), ("up", 4), ("end", 12), ("home", 3)):
        before = app.received
        app.send(key)
        app.wait_quiet(0.6)
        assert 0 < app.received - before <= 2_000, key
        assert app.cursor_line == line


def test_q_leaves_with_the_terminal_as_it_was(app: AppPty) -> None:
    app.send("q")
    assert app.wait_end() == 0
    assert app.attributes == app.before
    assert LEFT_ALTERNATE_SCREEN in app.tail


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_the_terminal_as_it_was(app: AppPty, number: signal.Signals) -> None:
    app.process.send_signal(number)
    assert app.wait_end() == 128 + number
    assert app.attributes == app.before
    assert LEFT_ALTERNATE_SCREEN in app.tail


def test_a_signal_ends_it_though_the_terminal_takes_nothing(app: AppPty) -> None:
    """Nobody reads the other side: the output backs up until the app itself waits for it."""
    for _ in range(60):
        app.send("end", "home", "slash", "x", "escape")
    app.process.send_signal(signal.SIGTERM)
    assert app.process.wait(HANG_S) == 128 + signal.SIGTERM
    assert app.attributes == app.before


def test_a_terminal_that_goes_away_ends_it(library: Path) -> None:
    running = AppPty([], library)
    running.wait_for("Velvet")
    running.hang_up()
    assert running.process.wait(HANG_S) == 128 + signal.SIGHUP


def test_an_interrupt_while_the_sample_library_is_made_leaves_nothing_half_made(tmp_path: Path) -> None:
    samples = tmp_path / "samples"
    with AppPty(["demo", "--dir", str(samples)], tmp_path) as app:
        wait_for(lambda: any(samples.rglob(".*")), "a sample that is being made")
        app.process.send_signal(signal.SIGINT)
        assert app.wait_end() == 128 + signal.SIGINT
    assert list(samples.rglob(".*")) == []


def test_a_small_terminal_says_so_and_comes_back_as_it_was(app: AppPty) -> None:
    app.send("down", "down", " ")
    app.wait_for("1 marked")
    app.resize(50, 12)
    app.wait_for("needs 60x16")
    app.resize(80, 24)
    app.wait_for("1 marked")
    app.wait_until(lambda: app.lines[4].startswith("┃"))


def test_the_path_goes_to_the_clipboard_of_the_terminal(app: AppPty) -> None:
    app.send("y")
    app.wait_until(lambda: b"\x1b]52;c;" in app.tail)
    encoded = app.tail.split(b"\x1b]52;c;")[1].split(b"\x07")[0]
    assert base64.b64decode(encoded) == b"/games/Broken.cso"


def test_without_colours_none_are_sent(library: Path) -> None:
    with AppPty([], library, environment={"NO_COLOR": "1"}) as running:
        running.wait_for("Velvet")
        running.wait_quiet()
        assert set() == _colours(running.everything)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_terminal_that_cannot_draw_is_refused_with_a_pointer(library: Path, environment: dict[str, str]) -> None:
    with AppPty([], library, environment=environment) as running:
        assert running.wait_end() == 2
        assert "discpress ls" in running.text


def test_without_a_terminal_it_points_to_the_command_line(cli: CommandLine) -> None:
    done = cli.run()
    assert (done.exit_code, "discpress ls" in done.text) == (2, True)


@pytest.mark.parametrize("words", [("--state", "elsewhere", "scan", "games"), ("--json", "scan")], ids=" ".join)
def test_a_command_behind_its_options_is_explained(cli: CommandLine, words: tuple[str, ...]) -> None:
    done = cli.run(*words)
    expected = "discpress: scan: a command is the first word\n  write options after it: discpress scan\n"
    assert (done.exit_code, done.text) == (2, expected)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("covert", "did you mean discpress convert?"),
        ("/nowhere", "neither a command nor a folder"),
        ("y" * 300, "File name too long"),
    ],
)
def test_a_word_that_is_nothing_is_explained(cli: CommandLine, word: str, said: str) -> None:
    done = cli.run(word)
    assert (done.exit_code, said in done.text) == (2, True)


def test_two_apps_show_the_same_library(library: Path) -> None:
    with AppPty([], library) as one, AppPty([], library) as other:
        one.wait_for("Velvet")
        other.wait_for("Velvet")
        one.send("q")
        assert one.wait_end() == 0
        other.send("q")
        assert other.wait_end() == 0


def test_undecodable_names_are_shown_escaped_and_never_sent(tmp_path: Path) -> None:
    names = [
        b"bad \xff name.iso",
        b"esc \x1b[31m red.iso",
        "bidi \u202e txt.iso".encode(),
        b"new\nline.iso",
        b"[/b].iso",
    ]
    with Store(tmp_path / "state") as store:
        save(store, [_called(os.fsdecode(name), number) for number, name in enumerate(names)])
    with AppPty([], tmp_path, width=120, height=36) as running:
        running.wait_for("[/b]")
        running.wait_quiet()
        shown = running.text
        assert all(sign in shown for sign in ("\\xff", "\\e[31m", "\\u202e", "\\n", "[/b]"))
        assert b"\x1b[31m red" not in running.everything
        running.send(*(["down", "y"] * len(names)))
        running.wait_quiet()
        running.send("q")
        assert running.wait_end() == 0


JOURNEY = ["down", "/", "v", "escape", "s", "z", "enter", "escape", "?", "escape"]
"""Keys that show no message, which the next one would clear."""


@pytest.mark.slow
def test_changed_cells_leave_nothing_of_what_was_there_before(library: Path) -> None:
    with AppPty([], library, width=120, height=36) as app:
        app.wait_for("Velvet")
        for key in JOURNEY:
            app.send(key)
            app.wait_rest()
            before = app.lines
            app.blank()
            app.send("\x0c")
            app.wait_rest()
            assert app.lines == before, key


def test_a_suspended_app_draws_all_of_its_screen_again(library: Path) -> None:
    with AppPty([], library) as app:
        app.wait_for("Velvet")
        app.wait_rest()
        before = app.lines
        app.process.send_signal(signal.SIGTSTP)
        app.wait_until(lambda: status_of(app.process.pid) == "T")
        app.read(0.2)
        app.blank()
        app.process.send_signal(signal.SIGCONT)
        app.wait_for("Velvet")
        app.wait_rest()
        assert app.lines == before


def status_of(pid: int) -> str:
    """Return the letter of a process's state, as in ps."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def _colours(data: bytes) -> set[int]:
    """The numbers of colours in all SGR sequences; 39 and 49 are the terminal's own."""
    numbers = {int(each or 0) for words in re.findall(rb"\x1b\[([0-9;]*)m", data) for each in words.split(b";")}
    return {each for each in numbers if 30 <= each <= 48 or 90 <= each <= 107} - {39}


def _called(name: str, number: int) -> Title:
    first = LIBRARY[0]
    identity = replace(first.identity, ino=1000 + number)
    return replace(first, path=Path("/games") / name, disc=DiscInfo(), identity=identity)

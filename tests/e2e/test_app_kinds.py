"""The app by its options and settings on real terminals: ASCII, colours, mouse, read-only, faults."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_desk import LIBRARY, save
from app_pty import AppPty
from command_line import write_old
from patience import HANG_S
from sample_images import mixed

from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

pytestmark = pytest.mark.e2e

MOUSE_ON = b"\x1b[?1000h"
CLICK = "\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    with Store(tmp_path / "state") as store:
        save(store, LIBRARY)
    return tmp_path


def written(app: AppPty) -> str:
    """What is drawn, without escape sequences."""
    return re.sub(rb"\x1b(\[[0-9;?<>=]*[a-zA-Z]|[=>]|\][^\x07]*\x07)", b"", app.everything).decode()


@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (["--ascii"], {}),
        ([], {"LANG": "C", "LC_ALL": ""}),
        ([], {"TERM": "linux", "COLORTERM": ""}),
    ],
    ids=["--ascii", "LANG=C", "the Linux console"],
)
def test_only_ascii_is_sent(library: Path, words: list[str], environment: dict[str, str]) -> None:
    with AppPty(words, library, environment=environment) as app:
        app.wait_for("Velvet")
        app.send("down", " ", "t")
        app.wait_for("Tune")
        app.send("g", "q", "w")
        app.wait_for("RATIO")
        app.send("q", ",")
        app.wait_for("theme")
        app.send("q", "q")
        assert app.wait_end() == 0
        assert written(app).isascii()


def test_a_terminal_of_16_colours_is_sent_its_own(library: Path) -> None:
    with AppPty([], library, environment={"TERM": "xterm", "COLORTERM": ""}) as app:
        app.wait_for("Velvet")
        app.wait_quiet(0.6)
        assert not re.search(rb"\x1b\[[0-9;]*[34]8;[25];", app.everything)


@pytest.mark.parametrize(
    ("environment", "settings", "is_on"),
    [
        ({"SSH_TTY": "/dev/pts/9"}, "", False),
        ({"SSH_CONNECTION": "::1 1 ::1 2"}, "mouse = true\n", True),
        ({}, "mouse = false\n", False),
    ],
    ids=["over SSH", "over SSH, wanted", "here, not wanted"],
)
def test_whether_the_mouse_is_taken(library: Path, environment: dict[str, str], settings: str, is_on: bool) -> None:
    (library / "config.toml").write_text(settings)
    with AppPty([], library, environment=environment) as app:
        app.wait_for("Velvet")
        app.wait_quiet(0.6)
        assert (MOUSE_ON in app.everything) == is_on


def test_a_click_goes_to_a_row(library: Path) -> None:
    with AppPty([], library, width=120) as app:
        app.wait_for("Velvet")
        app.wait_quiet(0.6)
        assert MOUSE_ON in app.everything
        app.send(CLICK.format(x=10, y=7))
        app.wait_until(lambda: app.cursor_line == 7)
        app.send(CLICK.format(x=10, y=7))
        app.wait_for("The file's header")


def test_read_only_changes_nothing(tmp_path: Path) -> None:
    game = write_old(tmp_path / "games" / "Game.iso", mixed(300_000))
    before = game.read_bytes()
    try:
        # So high that all of the details are on it, whether the estimate is there by then or not.
        with AppPty(["--read-only", game.parent], tmp_path, height=50) as app:
            app.wait_for("Library 1")
            app.send("c", "t", "u", ",", "enter", "d", "V")
            app.wait_for("The doctor")
            app.send("q", "w")
            app.wait_for("RATIO")
            app.send("q")
            app.wait_for("Library 1")
            assert "convert" not in app.lines[-1]
            app.send("q")
            assert app.wait_end() == 0
        assert [path.name for path in game.parent.iterdir()] == ["Game.iso"]
        assert game.read_bytes() == before
        assert not (tmp_path / "config.toml").exists()
    finally:
        stop_worker(tmp_path / "state", HANG_S)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("folders = 3\n", "config.toml: folders: expected a list of folders"),
        ("this is no TOML", "not TOML"),
        ('keys = { show_qeue = "Q" }\n', "did you mean show_queue?"),
        ('keys = { mark = "c" }\n', "c would run both"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_drawn(library: Path, settings: str, said: str) -> None:
    (library / "config.toml").write_text(settings)
    with AppPty([], library, width=200) as app:
        assert app.wait_end() in {1, 2}
        assert said in app.text
        assert b"\x1b[?1049h" not in app.everything
        assert "Traceback" not in app.text


def test_a_state_folder_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    with AppPty([], tmp_path, width=200) as app:
        assert app.wait_end() in {1, 2}
        assert "state" in app.text
        assert "Traceback" not in app.text


def test_a_fault_of_ours_leaves_the_terminal_and_a_report(library: Path) -> None:
    fault = (
        "import sys; sys.argv = ['discpress', '--state', sys.argv[1]]\n"
        "from discpress.tui.screens.queue import QueueScreen\n"
        "def fail(self): raise ValueError('odd [/b] \\x1b[31m')\n"
        "QueueScreen.on_mount = fail\n"
        "from discpress.tui.__main__ import main\n"
        "main()\n"
    )
    with AppPty([], library, width=120, command=["-c", fault, str(library / "state")]) as app:
        app.wait_for("Velvet")
        app.send("w")
        assert app.wait_end() == 1
        assert app.attributes == app.before
        assert b"\x1b[?1049l" in app.tail
        assert "internal error" in app.text
        assert b"app-crash.log" in app.tail  # not of the screen: a long path wraps there
        assert b"\x1b[31m" not in app.tail.split(b"internal error")[1]
    assert "ValueError" in (library / "state" / "app-crash.log").read_text()


@pytest.fixture
def homes(tmp_path: Path) -> Iterator[Path]:
    write_old(tmp_path / "My games" / "Game.iso", mixed(300_000))
    yield tmp_path
    stop_worker(tmp_path / "state", HANG_S)


def test_the_first_run_completes_a_folder_and_opens_it(homes: Path) -> None:
    with AppPty([], homes) as app:
        app.wait_for("Where are your games?")
        app.send("M")
        app.wait_for("~/My games/")
        app.send("\t", "enter")
        app.wait_for("What plays your games? PS2")
        app.send("enter")
        app.wait_for("What plays your games? PSP")
        app.send("enter")
        app.wait_for("Library 1")
        app.wait_for("Game")
        app.send("q")
        assert app.wait_end() == 0
    assert str(homes / "My games") in (homes / "config.toml").read_text()


def test_the_target_of_the_command_line_stands_above_the_settings(library: Path) -> None:
    (library / "config.toml").write_text('target = "pcsx2"\n')
    with AppPty(["--target", "opl"], library) as app:
        app.wait_for("Velvet")
        app.send("down", "down", "t")
        app.wait_for("target OPL")

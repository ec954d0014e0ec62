"""The installed programs as processes do the same as their functions within a test, which most tests run."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import in_process
import pytest
from command_line import CommandLine, Finished, write_old
from in_process import ENTRY_POINTS
from sample_images import pack

ODD = "Okami [t-en by X] [red] \x1b[31m.iso"
UNDECODABLE = b"caf\xe9.iso"

STORIES: dict[str, list[tuple[str | bytes, ...]]] = {
    "no command": [("--help",), ("--version",)],
    "usage": [("convert",), ("convert", "--bogus", "game.iso"), ("convert", "--json", "-b", "3", "game.iso")],
    "nothing there": [("info", "gone.iso"), ("verify", "--json", "gone.iso")],
    "convert": [("convert", "--json", "game.iso", ODD, UNDECODABLE), ("convert", "-q", "game.iso")],
    "undo": [("convert", "--json", "--delete-source", "game.iso"), ("trash", "list"), ("undo",), ("undo",)],
    "trash": [("convert", "--json", "--delete-source", "game.iso"), ("trash", "empty"), ("trash", "empty", "--yes")],
    "info": [("info", "packed.zso", ODD), ("info", "--json", UNDECODABLE), ("info", "--engine")],
    "doctor": [("doctor", "packed.zso", "cut.zso"), ("doctor", "--json", "cut.zso")],
    "verify": [("verify", "--json", "packed.zso"), ("verify", "--json", "--sha1", "0" * 40, "packed.zso")],
    "library": [("scan", "--json", "."), ("ls",), ("ls", "--json"), ("set", "game.iso", "-b", "16K"), ("ls", "sag")],
    "estimate": [("estimate", "--json", "game.iso")],
    "lab": [("seek", "--json", "game.iso", "--duration", "1ms", "--window", "2M", "--blocks", "2K")],
    "queue": [("queue", "list"), ("queue", "list", "--json"), ("queue", "cancel", "7"), ("history",)],
}
"""What is run one after the other in one home, by kind."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to copy: images of one second's work, an odd name, one that is no text, and a damaged file."""
    folder = tmp_path / "template"
    pack(folder / "packed.zso", bytes(range(256)) * 400)
    (folder / "packed.zso.source").unlink()
    write_old(folder / "cut.zso", (folder / "packed.zso").read_bytes()[:-100])
    write_old(folder / "game.iso", (Path(__file__).parents[1] / "data" / "golden" / "ps2.iso").read_bytes())
    write_old(folder / ODD, b"discpress" * 9000)
    write_old(folder / UNDECODABLE.decode(errors="surrogateescape"), b"saga" * 20000)
    return folder


def told(done: Finished) -> tuple[int, str, str]:
    """Return exit code and streams, without figures, which differ from run to run, and news of the progress."""
    results = b"\n".join(line for line in done.stdout.splitlines() if b'"event": "progress"' not in line)
    return done.exit_code, without_figures(os.fsdecode(results)), without_figures(os.fsdecode(done.stderr))


def without_figures(text: str) -> str:
    """Return a text without numbers, names of trash entries, the padding of columns and the state of the cache."""
    text = re.sub('"cold": (true|false)', '"cold": COLD', text)
    text = re.sub(r"\d{8}T[\d.]+Z-[0-9a-f]+", "ENTRY", text)
    return re.sub(" +", " ", re.sub(r"\d+([.,]\d+)*", "N", text))


@pytest.mark.e2e
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_command_does_the_same_as_a_process_and_within_a_test(
    story: list[tuple[str | bytes, ...]], folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "work"
    outcomes = []
    for is_real in (True, False):
        cli = CommandLine(place)
        shutil.copytree(folder, place, dirs_exist_ok=True)
        said = []
        for words in story:
            done = cli.start(*words).finish() if is_real else cli.run(*words)
            said.append(told(done))
        outcomes.append((said, [without_figures(name) for name in cli.names()]))
        shutil.rmtree(place)
        shutil.rmtree(cli.home)
    assert outcomes[0] == outcomes[1]


@pytest.mark.e2e
def test_iso2zso_does_the_same_too(cli: CommandLine, game: Path) -> None:
    for words in (("--help",), ("a", "b", "c"), ("-q", game.name)):
        real = told(cli.start(*words, program="iso2zso").finish())
        (cli.folder / "game.zso").unlink(missing_ok=True)
        assert told(cli.run(*words, program="iso2zso")) == real


def test_what_a_test_calls_is_what_the_scripts_call() -> None:
    scripts = distribution("discpress").entry_points.select(group="console_scripts")
    assert {script.name: script.load() for script in scripts} == ENTRY_POINTS


# What a command within a test must not do.

Run = Callable[[Callable[[], object]], Finished]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a function in place of the program."""

    def run(function: Callable[[], object]) -> Finished:
        monkeypatch.setattr(in_process, "ENTRY_POINTS", {"discpress": function})
        return CommandLine(tmp_path / "work").run()

    return run


@pytest.mark.parametrize(
    ("value", "outcome"), [(None, (0, b"")), (0, (0, b"")), (3, (3, b"")), ("no luck", (1, b"no luck\n"))]
)
def test_what_it_returns_becomes_a_processs_exit_code(value: object, outcome: tuple[int, bytes], run: Run) -> None:
    done = run(lambda: value)
    assert (done.exit_code, done.stderr) == outcome


def test_a_failure_that_it_does_not_catch_fails_the_test(run: Run) -> None:
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 // 0)


def test_it_may_leave_no_handler_of_a_signal(run: Run) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(AssertionError, match="SIGTERM"):
        run(lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN) and None)
    assert signal.getsignal(signal.SIGTERM) is before


def test_it_may_leave_no_thread(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_process, "THREADS_END_S", 0.0)
    goes_on = threading.Event()
    thread = threading.Thread(target=goes_on.wait, name="the one that stays", daemon=True)
    with pytest.raises(AssertionError, match="the one that stays"):
        run(thread.start)
    goes_on.set()
    thread.join()


def test_it_may_start_no_worker(run: Run) -> None:
    with pytest.raises(pytest.fail.Exception, match="e2e"):
        run(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))


def make_a_mess() -> None:
    os.chdir("/")
    os.environ.pop("HOME")
    sys.argv.clear()
    sys.stdout = sys.stderr


def test_it_leaves_folder_variables_and_streams_as_they_were(run: Run) -> None:
    before = (Path.cwd(), dict(os.environ), sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.__stdout__)
    run(make_a_mess)
    assert (Path.cwd(), dict(os.environ), sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.__stdout__) == before


def test_a_test_without_the_mark_starts_no_process(cli: CommandLine) -> None:
    with pytest.raises(AssertionError, match="e2e"):
        cli.start("--version")

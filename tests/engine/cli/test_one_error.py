"""One faulty file, one error: each command that is given it reports the same code, and ends with the same exit code."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_files import FLAGS, patch_directory, u16, write_zip
from command_line import write_old
from foreign_images import cue, raw_dump
from queue_desk import Desk
from sample_images import GOLDEN
from split_images import write_parts

from discpress.engine.errors import StoreFullError

COMMANDS = {
    "info": ("info",),
    "verify": ("verify",),
    "identify": ("identify",),
    "estimate": ("estimate",),
    "convert": ("convert",),
    "queue": ("queue", "add"),
    "repair": ("repair", "--target", "opl"),
    "deploy": ("deploy", "--as", "folder"),
    "deploy for OPL": ("deploy", "--as", "opl"),
}


def gone(folder: Path) -> Path:
    return folder / "gone.iso"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.iso")
    return folder / "pipe.iso"


def half(folder: Path) -> Path:
    return write_old(folder / "half.zso", (GOLDEN / "ps2.maxcso-2048.zso").read_bytes()[:9000])


def odd(folder: Path) -> Path:
    return write_old(folder / "odd.bin", raw_dump((GOLDEN / "ps2.iso").read_bytes()) + b"x" * 100)


def part(folder: Path) -> Path:
    first, second, *_ = write_parts(folder)
    second.unlink()
    return first


def header(folder: Path) -> Path:
    return write_old(folder / "header.zso", (GOLDEN / "ps2.maxcso-2048.zso").read_bytes()[:20])


def text(folder: Path) -> Path:
    return write_old(folder / "text.chd", b"no disc at all" * 5000)


def empty(folder: Path) -> Path:
    return write_old(folder / "empty.iso", b"")


def sheet(folder: Path) -> Path:
    return write_old(folder / "Missing.cue", cue("gone.bin"))


def locked(folder: Path) -> Path:
    path = write_zip(folder / "locked.zip", {"Locked.iso": (GOLDEN / "ps2.iso").read_bytes()})
    patch_directory(path, 0, FLAGS, u16(1))
    return path / "Locked.iso"


KINDS: dict[str, tuple[Callable[[Path], Path], str, int]] = {
    "gone": (gone, "storage", 1),
    "pipe": (pipe, "storage", 1),
    "half": (half, "damaged", 3),
    "odd": (odd, "damaged", 3),
    "part": (part, "split-part", 1),
    "header": (header, "damaged", 3),
    "text": (text, "damaged", 3),
    "empty": (empty, "damaged", 3),
    "sheet": (sheet, "split-part", 1),
    "locked": (locked, "unsupported", 1),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_command_reports_the_same_error(kind: str, command: str, desk: Desk) -> None:
    make, code, exit_code = KINDS[kind]
    desk.folder.mkdir(exist_ok=True)
    (desk.folder.parent / "stick").mkdir()
    words: list[str | Path] = [*COMMANDS[command], make(desk.folder)]
    ended, events = desk.ask(*words, *([desk.folder.parent / "stick"] if command.startswith("deploy") else []))
    errors = [(each["code"], each["exit_code"]) for each in events if each["event"] == "error"]
    assert (errors, ended) == ([(code, exit_code)], exit_code)


@pytest.mark.parametrize("kind", KINDS)
def test_the_doctor_ends_with_the_same_exit_code(kind: str, desk: Desk) -> None:
    make, _, exit_code = KINDS[kind]
    desk.folder.mkdir(exist_ok=True)
    assert desk.ask("doctor", make(desk.folder))[0] == exit_code


@pytest.mark.parametrize("command", ["info", "doctor", "verify", "estimate", "seek", "throughput", "identify"])
def test_a_command_that_found_no_image_is_not_silent(command: str, desk: Desk) -> None:
    desk.folder.mkdir(exist_ok=True)
    write_old(desk.folder / "notes.txt", b"no image")
    recursive = () if command == "identify" else ("-r",)
    code, _, notices = desk.say(command, *recursive, desk.folder)
    assert (code, "found no image" in notices) == (0, True)


@pytest.mark.parametrize("words", [("identify", "--all"), ("duplicates",)], ids=" ".join)
def test_a_full_disk_of_the_state_file_is_the_one_error(
    words: tuple[str, ...], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreFullError("discpress.sqlite3: its disk is full")

    monkeypatch.setattr("discpress.engine.cli.state.open_store", fail)
    code, events = desk.ask(*words)
    assert (code, [event["code"] for event in events]) == (4, ["space"])

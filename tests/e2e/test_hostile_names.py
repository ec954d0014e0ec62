"""File names from outside: whatever they hold, the terminal gets text, and the right file is converted."""

import json
import os
from pathlib import Path

import pytest
from command_line import CommandLine, raise_on_control_bytes, write_old
from sample_images import GOLDEN, read_back, write_image

STEMS = {
    "newline": b"two\nlines",
    "carriage return": b"over\rwritten",
    "escape": b"\x1b[31mred\x1b[2J",
    "title": b"\x1b]0;pwned\x07",
    "c1": "\x9b31m".encode(),
    "bell and backspace": b"\x07\x08\x7f",
    "markup": b"[red]x[end]",
    "markup end": b"[b] [@click=app.quit]x",
    "bidi": "gnp\u202eosi".encode(),
    "zero width": "a\u200b\u200d\ufeffb".encode(),
    "line separator": "a\u2028b\u2029c".encode(),
    "undecodable": b"\xff\xfe\x80",
    "half a character": b"\xe6\xbc",
    "dash": b"-rf",
    "option": b"--delete-source",
    "percent": b"%s %d {0} {name}",
    "blank": b"   ",
    "dots": b"...",
    "quotes": b"\"'`$(id)`",
    "tab": b"a\tb",
    "wide": "\u6f22\u5b57\U0001f4bf".encode(),
    "combining": "e\u0301\u0335".encode(),
}


SOME = ("newline", "escape", "markup", "bidi", "undecodable", "option", "blank")
"""Enough where the same words are shown by the same function."""


@pytest.fixture(params=STEMS)
def stem(request: pytest.FixtureRequest) -> str:
    return os.fsdecode(STEMS[request.param])


@pytest.fixture(params=SOME)
def some_stem(request: pytest.FixtureRequest) -> str:
    return os.fsdecode(STEMS[request.param])


def test_it_is_converted_and_shown_as_text(stem: str, cli: CommandLine, image: bytes) -> None:
    write_old(cli.folder / f"{stem}.iso", image)
    done = cli.run("convert", "-b", "2", f"./{stem}.iso", "./gone" + stem)
    assert done.exit_code == 1  # the second one does not exist
    assert read_back(cli.folder / f"{stem}.zso") == image
    raise_on_control_bytes(done.stdout)
    raise_on_control_bytes(done.stderr)


def test_a_folder_of_that_name_is_searched_and_shown_as_text(some_stem: str, cli: CommandLine, image: bytes) -> None:
    stem = some_stem
    write_old(cli.folder / stem / f"{stem}.iso", image)
    write_image(cli.folder / stem / f"{stem}.zip", b"PK\x03\x04" + bytes(3000))
    done = cli.run("convert", "-r", ".", "--delete-source")
    assert done.exit_code == 0, done.text
    assert read_back(cli.folder / stem / f"{stem}.zso") == image
    raise_on_control_bytes(done.stdout)
    raise_on_control_bytes(done.stderr)


def test_trash_and_undo_show_it_as_text(some_stem: str, cli: CommandLine, image: bytes) -> None:
    stem = some_stem
    write_old(cli.folder / f"{stem}.iso", image)
    cli.run("convert", f"./{stem}.iso", "--delete-source")
    listed = cli.run("trash", "list")
    undone = cli.run("undo", f"./{stem}.iso")
    assert (listed.exit_code, undone.exit_code) == (0, 0), listed.text + undone.text
    assert (cli.folder / f"{stem}.iso").read_bytes() == image
    for said in (listed.stdout, listed.stderr, undone.stdout, undone.stderr):
        raise_on_control_bytes(said)


@pytest.mark.parametrize("kind", ["escape", "undecodable", "newline"])
def test_json_is_ascii_and_true(kind: str, cli: CommandLine, image: bytes) -> None:
    name = os.fsdecode(STEMS[kind] + b".iso")
    write_old(cli.folder / name, image)
    done = cli.run("convert", "--json", name)
    assert done.stdout.isascii()
    assert done.last["input"] == name


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["escape", "newline", "markup"])
def test_the_live_line_shows_text(kind: str, cli: CommandLine, image: bytes) -> None:
    stem = os.fsdecode(STEMS[kind])
    write_old(cli.folder / f"{stem}.iso", image)
    leader, follower = os.openpty()
    running = cli.start("convert", f"./{stem}.iso", stderr=follower)
    os.close(follower)
    said = b""
    while piece := _read(leader):
        said += piece
    os.close(leader)
    assert running.finish().exit_code == 0
    assert os.fsencode(stem) not in said or kind == "markup"
    assert b"[red]" in said or kind != "markup"


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except OSError:  # Linux: the last writer has gone
        return b""


@pytest.mark.parametrize("word", ["--\x1b[31mred.iso", "-\x1b]0;pwned\x07.iso"])
def test_a_refused_option_is_shown_as_text(word: str, cli: CommandLine) -> None:
    done = cli.run("convert", "x.iso", word)
    assert done.exit_code == 2
    raise_on_control_bytes(done.stderr)


def test_an_unknown_command_is_shown_as_text(cli: CommandLine) -> None:
    raise_on_control_bytes(cli.run("\x1b[31mred").stderr)


@pytest.mark.parametrize(
    "option", ["--target=\x1b[31m", "--block-size=\x1b[31m", "--level=\x1b[31m", "--align=\x1b[31m", "--checksum=\x1b"]
)
def test_a_refused_value_is_shown_as_text(option: str, cli: CommandLine) -> None:
    done = cli.run("convert", "x.iso", option)
    assert done.exit_code == 2
    raise_on_control_bytes(done.stderr)


def poisoned(cli: CommandLine, **changes: str) -> Path:
    """Leave a trash entry whose description somebody else wrote, as on a shared disk."""
    cli.run("convert", "game.iso", "--delete-source")
    (path,) = cli.folder.glob(".discpress-trash/*/entry.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path.parent


@pytest.mark.usefixtures("game")
@pytest.mark.parametrize("key", ["reason", "trashed_at", "original"])
def test_the_words_of_an_entry_are_shown_as_text(key: str, cli: CommandLine) -> None:
    poisoned(cli, **{key: "\x1b[31mred\x07"})
    done = cli.run("trash", "list")
    raise_on_control_bytes(done.stdout)
    raise_on_control_bytes(done.stderr)


@pytest.mark.usefixtures("game")
@pytest.mark.parametrize(
    "arguments",
    [
        ("trash", "list"),
        ("trash", "empty", "--yes"),
        ("undo",),
    ],
    ids=" ".join,
)
def test_the_name_of_an_entry_is_shown_as_text(arguments: tuple[str, ...], cli: CommandLine) -> None:
    folder = poisoned(cli)
    folder.rename(folder.with_name("\x1b[31mred"))
    (cli.folder / "game.zso").unlink()
    done = cli.run(*arguments)
    raise_on_control_bytes(done.stdout)
    raise_on_control_bytes(done.stderr)


def test_names_of_255_bytes(cli: CommandLine, image: bytes) -> None:
    stem = "x" * 251
    write_old(cli.folder / f"{stem}.iso", image)
    assert cli.run("convert", f"{stem}.iso", "--delete-source").exit_code == 0
    assert read_back(cli.folder / f"{stem}.zso") == image
    assert cli.run("undo").exit_code == 0
    assert (cli.folder / f"{stem}.iso").read_bytes() == image


def test_an_output_name_that_is_too_long_is_a_clear_error(cli: CommandLine) -> None:
    disc = (GOLDEN / "ps2.iso").read_bytes()  # known by its content, for there is no room for a suffix
    write_old(cli.folder / ("x" * 252 + ".im"), disc)
    done = cli.run("convert", "x" * 252 + ".im")
    assert (done.exit_code, len(cli.names())) == (1, 1)
    assert "File name too long" in done.text

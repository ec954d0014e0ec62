"""A library folder with all that is no game in it, by the real program: it ends, says why, and touches nothing."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from archive_files import write_zip
from command_line import CommandLine, raise_on_control_bytes, write_old
from iso_files import write_iso
from sample_images import mixed, read_back

from discpress.engine.demo.discs import psp_files

MIB = 1024 * 1024
HOSTILE = "\x1b]0;pwned\x07\x9b31m [/b][red] gnp\u202eosi\u2066\u200b\u2028x"
is_root = os.geteuid() == 0


@pytest.fixture
def zoo(cli: CommandLine, image: bytes) -> Iterator[CommandLine]:
    """One game among pipes, sockets, devices, loops and links that lead out."""
    folder = cli.folder
    write_old(folder / "game.iso", image)
    os.mkfifo(folder / "fifo.iso")
    with socket.socket(socket.AF_UNIX) as listening:
        # The path of a socket has at most 108 bytes: by way of the descriptor it is short.
        fd = os.open(folder, os.O_RDONLY)
        listening.bind(f"/proc/self/fd/{fd}/socket.iso")
        os.close(fd)
        if is_root:
            os.mknod(folder / "zero.iso", 0o600 | stat.S_IFCHR, os.makedev(1, 5))
            os.mknod(folder / "disk.iso", 0o600 | stat.S_IFBLK, os.makedev(7, 250))
        (folder / "endless.iso").symlink_to("/dev/zero")
        (folder / "self.iso").symlink_to("self.iso")
        (folder / "gone.iso").symlink_to("nowhere")
        (folder / "memory.iso").symlink_to("/proc/self/mem")
        (folder / "up").symlink_to("..")
        (folder / "root.iso").mkdir()
        (folder / "empty.iso").touch()
        yield cli


def test_a_scan_finds_the_game_and_ends(zoo: CommandLine) -> None:
    done = zoo.run("scan", "--json", zoo.folder)
    found = {Path(event["path"]).name for event in done.events if event["event"] == "title" and not event.get("error")}
    assert found == {"game.iso"}, done.text
    raise_on_control_bytes(done.stderr)


def test_a_whole_folder_is_converted_around_what_is_no_game(zoo: CommandLine, image: bytes) -> None:
    before = state_of(zoo.folder)
    done = zoo.run("convert", "-r", "--target", "any", zoo.folder)
    assert "Traceback" not in done.text
    assert read_back(zoo.folder / "game.zso") == image
    (zoo.folder / "game.zso").unlink()
    assert state_of(zoo.folder) == before


def state_of(folder: Path) -> dict[Path, tuple[int, ...]]:
    facts = {path: path.lstat() for path in folder.iterdir()}
    return {path: (each.st_ino, each.st_mode, each.st_size, each.st_mtime_ns) for path, each in facts.items()}


@pytest.mark.parametrize("command", ["convert", "info", "doctor", "verify", "estimate"])
def test_each_of_them_is_refused_by_name(command: str, zoo: CommandLine) -> None:
    names = [path.name for path in zoo.folder.iterdir() if not path.is_dir() and path.name != "game.iso"]
    done = zoo.run(command, *names)
    assert done.exit_code in {1, 3}, done.text
    assert [name for name in names if name not in done.text] == []
    assert "Traceback" not in done.text


@pytest.mark.e2e
def test_names_in_discs_and_archives_are_shown_as_text(cli: CommandLine) -> None:
    folder = cli.folder
    write_iso(folder / "disc.iso", psp_files("ULUS99901", HOSTILE), system_id="PSP GAME", volume_id="X")
    write_zip(folder / "archive.zip", {f"{HOSTILE}/{HOSTILE}.iso": mixed(MIB)})
    address = folder / "archive.zip" / HOSTILE / f"{HOSTILE}.iso"
    for words in (
        ("scan", folder),
        ("ls",),
        ("info", folder / "disc.iso", folder / "archive.zip"),
        ("doctor", folder / "disc.iso", folder / "archive.zip"),
        ("estimate", folder / "disc.iso", address),
        ("convert", "--target", "any", folder / "disc.iso", folder / "archive.zip"),
        ("queue", "add", "--target", "any", "--on-conflict", "rename", folder / "disc.iso"),
        ("queue", "wait"),
        ("queue", "list"),
        ("history",),
    ):
        done = cli.run(*words)
        raise_on_control_bytes(done.stdout)
        raise_on_control_bytes(done.stderr)
        assert "Traceback" not in done.text, words
        if words[0] != "convert":
            done = cli.run(*words, "--json")
            assert all(line.isascii() and json.loads(line) for line in done.stdout.splitlines())
    assert not [path for path in folder.rglob("*") if "\x1b" in path.name or "\u202e" in path.name]


@pytest.mark.e2e
def test_the_log_of_the_worker_is_text_for_its_owner(cli: CommandLine) -> None:
    folder = cli.folder
    path = write_old(folder / f"{HOSTILE}.iso", mixed(MIB))
    assert cli.run("queue", "add", "--target", "any", path, folder / f"gone {HOSTILE}.iso").exit_code in {0, 1}
    cli.run("queue", "wait")
    logs = list((cli.home / "state" / "discpress").glob("*.log*"))
    assert logs
    for log in logs:
        raise_on_control_bytes(log.read_bytes())
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
    files = [path for path in (cli.home / "state" / "discpress").iterdir() if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in files} == {0}

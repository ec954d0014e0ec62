"""Archives with the real programs: addressed, converted, moved to the trash, killed in the middle."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import archive_files as archives
import pytest
from command_line import CommandLine, kill_wholly, raise_on_control_bytes
from gates import PACKING
from sample_images import GOLDEN

from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store

PS2 = (GOLDEN / "ps2.iso").read_bytes()
PSP = (GOLDEN / "psp.iso").read_bytes()
HOUR_AGO = 3600


def old(path: Path) -> Path:
    facts = path.stat()
    os.utime(path, (facts.st_atime - HOUR_AGO, facts.st_mtime - HOUR_AGO))
    return path


@pytest.fixture
def games(cli: CommandLine) -> Path:
    """An archive of two images, one of them in a folder."""
    return old(archives.write_zip(cli.folder / "games.zip", {"ps2/Okami.iso": PS2, "Lumen.iso": PSP, "a.txt": b"x"}))


@pytest.fixture
def single(cli: CommandLine) -> Path:
    return old(archives.write_zip(cli.folder / "one.zip", {"Okami.iso": PS2, "read.me.txt": b"x"}))


@pytest.mark.parametrize("address", ["games.zip//Okami.iso", "games.zip/Okami.iso", "games.zip/ps2/Okami.iso"])
def test_an_image_is_named_below_its_archive(address: str, cli: CommandLine, games: Path) -> None:
    done = cli.run("convert", "--json", address)
    assert (done.exit_code, done.last["input"], done.last["output"]) == (0, "games.zip/Okami.iso", "Okami.zso")
    assert cli.names() == ["Okami.zso", "games.zip"]


@pytest.mark.parametrize("command", ["convert", "estimate", "info", "verify", "doctor"])
def test_an_archive_alone_stands_for_its_one_image(command: str, cli: CommandLine, single: Path) -> None:
    done = cli.run(command, "--json", "one.zip")
    assert done.exit_code == 0, done.text
    assert "684" in cli.run("info", "one.zip").text


@pytest.mark.parametrize("command", ["convert", "estimate", "info", "verify", "doctor"])
def test_of_several_images_one_is_to_be_named(command: str, cli: CommandLine, games: Path) -> None:
    said = cli.run(command, "--json", "games.zip")
    assert (said.exit_code, said.last["code"]) == (2, "usage")
    assert said.last["hint"] == "games.zip//Okami.iso, games.zip//Lumen.iso"
    assert cli.names() == ["games.zip"]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["games.zip", "."])
def test_all_images_are_taken_with_r(what: str, cli: CommandLine, games: Path) -> None:
    assert cli.run("convert", "-r", "--even-useless", what, "-O", "out").exit_code == 0
    assert cli.names() == ["games.zip", "out", "out/Lumen.zso", "out/Okami.zso"]


def test_images_that_would_outgrow_their_archive_are_left_out_with_the_reason(cli: CommandLine, games: Path) -> None:
    done = cli.run("convert", "-r", "games.zip")
    assert (done.exit_code, cli.names()) == (0, ["games.zip"])
    assert done.text.count("its archive is smaller; --even-useless converts it anyway") == 2


@pytest.mark.slow
def test_an_archive_is_unpacked_to_isos_with_d(cli: CommandLine, games: Path) -> None:
    assert cli.run("convert", "-r", "-d", "games.zip").exit_code == 0
    assert (cli.folder / "Okami.iso").read_bytes() == PS2
    assert (cli.folder / "Lumen.iso").read_bytes() == PSP


@pytest.mark.slow
def test_a_7z_is_read_alike(cli: CommandLine) -> None:
    archives.write_7z(cli.folder / "games.7z", {"a.iso": PS2, "b.iso": PSP})
    assert cli.run("convert", "-r", "-d", ".").exit_code == 0
    assert (cli.folder / "b.iso").read_bytes() == PSP


def test_the_library_shows_what_is_in_archives(cli: CommandLine, games: Path) -> None:
    cli.run("scan", ".")
    listed = cli.run("ls", "--json").events
    paths = [event["path"].removeprefix(f"{cli.folder}/") for event in listed if event["event"] == "title"]
    assert sorted(paths) == ["games.zip/Lumen.iso", "games.zip/Okami.iso"]
    assert "ISO/ZIP" in cli.run("ls").text


@pytest.mark.slow
def test_settings_of_an_image_in_an_archive_hold(cli: CommandLine, games: Path) -> None:
    cli.run("scan", ".")
    assert cli.run("set", "games.zip//Okami.iso", "--format", "cso", "--target", "any").exit_code == 0
    assert cli.run("convert", "games.zip//Okami.iso").exit_code == 0
    assert cli.names() == ["Okami.cso", "games.zip"]


@pytest.mark.slow
def test_an_archive_goes_to_the_trash_and_comes_back(cli: CommandLine, single: Path) -> None:
    content = single.read_bytes()
    assert cli.run("convert", "--delete-source", "one.zip").exit_code == 0
    assert not single.exists()
    assert cli.run("undo", "one.zip").exit_code == 0
    assert single.read_bytes() == content


def test_an_archive_with_more_in_it_is_not_moved(cli: CommandLine, games: Path) -> None:
    said = cli.run("convert", "--delete-source", "games.zip//Okami.iso")
    assert said.exit_code == 2
    assert "its archive cannot be moved to the trash: it also contains Lumen.iso and 1 more" in said.text
    assert cli.names() == ["games.zip"]


@pytest.mark.parametrize("command", [("scan", "."), ("convert", "-r", "."), ("info", "e.zip"), ("doctor", "evil.zip")])
def test_no_name_in_an_archive_reaches_the_terminal_or_another_folder(
    command: tuple[str, ...], cli: CommandLine
) -> None:
    archives.write_zip(cli.folder / "e.zip", {"../../\x1b]0;title\x07/e\u202evil\n.iso": PS2})
    said = cli.run(*command)
    raise_on_control_bytes(said.stdout + said.stderr)
    assert sorted(path.name for path in cli.folder.parent.iterdir()) == ["work", "work-home"]


def test_damage_in_an_archive_is_found_by_verify(cli: CommandLine, single: Path) -> None:
    assert "is the expected image (archive)" in cli.run("verify", "one.zip").text
    archives.patch_directory(single, 0, archives.CRC32, archives.u32(7))
    said = cli.run("verify", "one.zip")
    assert (said.exit_code, "the archive was made with 00000007" in said.text) == (3, True)


# The queue


class Worker:
    """The worker of one home, found in its store."""

    def __init__(self, cli: CommandLine) -> None:
        self._state_folder = cli.home / "state" / "discpress"

    def pid(self) -> int:
        with Store(self._state_folder) as store:
            worker = JobQueue(store).worker()
        assert worker is not None
        return worker.pid


@pytest.fixture
def worker(cli: CommandLine) -> Iterator[Worker]:
    yield Worker(cli)
    with contextlib.suppress(AssertionError):
        cli.run("queue", "cancel", "all")
    assert cli.run("queue", "stop").exit_code == 0


@pytest.mark.e2e
def test_the_queue_takes_all_images_of_an_archive(cli: CommandLine, games: Path, worker: Worker) -> None:
    queued = cli.run("queue", "add", "--json", "-r", "--even-useless", "games.zip").events
    assert [event["path"] for event in queued if event["event"] == "queued"] == [
        str(games / "Okami.iso"),
        str(games / "Lumen.iso"),
    ]
    assert cli.run("queue", "wait").exit_code == 0
    assert cli.names() == ["Lumen.zso", "Okami.zso", "games.zip"]


@pytest.mark.e2e
def test_a_default_of_the_settings_moves_no_archive(cli: CommandLine, single: Path, worker: Worker) -> None:
    settings = cli.home / "config" / "discpress" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text("trash = true\n")
    cli.run("queue", "add", "one.zip")
    assert cli.run("queue", "wait").exit_code == 0
    assert cli.names() == ["Okami.zso", "one.zip"]


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["game.zip", "game.7z"])
def test_a_worker_that_was_killed_amid_an_archive_loses_nothing(
    kind: str, cli: CommandLine, worker: Worker, slow_image: bytes, undisturbed: bytes
) -> None:
    write = archives.write_7z if kind.endswith("7z") else archives.write_zip
    old(write(cli.folder / kind, {"first.txt": b"x", "game.iso": slow_image}))
    gate = cli.close_gate(PACKING, 8)
    assert cli.run("queue", "add", "-l", "12", "--target", "any", "--even-useless", kind).exit_code == 0
    gate.wait_reached()
    kill_wholly(worker.pid())
    assert (cli.folder / "game.zso.discpress-part").exists()
    gate.open()
    assert cli.run("queue", "wait").exit_code == 0
    assert (cli.folder / "game.zso").read_bytes() == undisturbed
    assert cli.names() == [kind, "game.zso"]


@pytest.mark.parametrize("command", ["seek", "throughput"])
def test_what_lies_in_an_archive_is_not_measured(command: str, cli: CommandLine, single: Path) -> None:
    said = cli.run(command, "--json", "one.zip")
    assert (said.exit_code, said.last["code"]) == (1, "unsupported")
    assert "is in an archive, which nothing can play" in said.last["message"]

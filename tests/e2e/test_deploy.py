"""`discpress deploy` as a user runs it: twice, stopped, killed, onto a full device, and with a damaged copy."""

import os
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import MIB, CommandLine, kill_wholly, write_old
from gates import COPYING
from sample_images import GOLDEN, as_disc, incompressible

from discpress.engine.deploy.device import read_device
from discpress.engine.deploy.manifest import MANIFEST_NAME
from discpress.engine.deploy.records import DeviceFacts
from discpress.engine.formats import PART_SUFFIX
from discpress.engine.images.recognised import PART_MAGIC

pytestmark = pytest.mark.e2e

NAME = "Okami [t-en by X] [red].iso"
LARGE = as_disc(incompressible(9 * MIB))
"""Three pieces."""
STOPPING = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


@pytest.fixture
def stick(cli: CommandLine) -> Path:
    folder = cli.folder / "[stick]"
    folder.mkdir()
    return folder


@pytest.fixture
def games(cli: CommandLine) -> Path:
    """A PS2 disc and a PSP disc, in an odd folder."""
    folder = cli.folder / "games [/b]"
    write_old(folder / NAME, (GOLDEN / "ps2.iso").read_bytes())
    write_old(folder / "PSP Game.cso", (GOLDEN / "psp.maxcso-2048.v1.cso").read_bytes())
    return folder


def marks(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {str(path): (each.st_ino, each.st_mtime_ns, each.st_ctime_ns) for path, each in found.items()}


def files(folder: Path) -> dict[str, bytes]:
    found = {path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_NAME}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("is_title_there", [True, False])
def test_a_check_tells_a_missing_copy_from_a_missing_title(
    is_title_there: bool, cli: CommandLine, games: Path, stick: Path
) -> None:
    cli.run("deploy", games, stick, "--as", "opl")
    (place,) = files(stick)
    (stick / place).unlink()
    if not is_title_there:
        (games / NAME).unlink()
    checked = cli.run("deploy", "--check", stick)
    assert checked.exit_code == 3
    assert f"{place}: is missing on the device" in checked.text
    assert ("its title is no longer at" in checked.text) == (not is_title_there)


@pytest.mark.parametrize(("known", "unknown"), [('"kind": "opl"', '"kind": "xyz"'), ('"form": ""', '"form": "xyz"')])
def test_a_check_leaves_entries_that_it_does_not_know(
    known: str, unknown: str, cli: CommandLine, games: Path, stick: Path
) -> None:
    cli.run("deploy", games, stick, "--as", "opl")
    path = stick / MANIFEST_NAME
    path.write_text(path.read_text().replace(known, unknown))
    checked = cli.run("deploy", "--check", stick)
    assert (checked.exit_code, "put nothing on this device" in checked.text) == (0, True)


def test_a_second_run_changes_nothing_on_the_device(cli: CommandLine, games: Path, stick: Path) -> None:
    first = cli.run("deploy", games, stick, "--as", "opl")
    assert first.exit_code == 0, first.text
    assert "1 skipped, 1 copied" in first.text
    ((place, data),) = files(stick).items()
    assert (place.startswith("CD/"), data) == (True, (games / NAME).read_bytes())
    before = marks(stick)
    second = cli.run("deploy", games, stick)  # as the copies there
    assert (second.exit_code, "1 there already" in second.text) == (0, True)
    assert marks(stick) == before


def test_a_title_is_converted_for_a_loader_that_does_not_load_it(cli: CommandLine, games: Path, stick: Path) -> None:
    write_old(games / "Packed.cso", (GOLDEN / "ps2.maxcso-2048.v1.cso").read_bytes())
    done = cli.run("deploy", games / "Packed.cso", stick, "--as", "opl", "-f", "zso", "--json")
    assert (done.exit_code, done.last["event"], done.last["format"]) == (0, "deployed", "zso")
    (name,) = files(stick)
    assert (stick / name).suffix == ".zso"
    before = marks(stick)
    again = cli.run("deploy", games / "Packed.cso", stick, "--as", "opl", "-f", "zso", "--json")
    assert (again.last["action"], again.last["checked"]) == ("same", False)
    assert marks(stick) == before
    shown = cli.run("verify", stick / name, "--against", GOLDEN / "ps2.iso")
    assert shown.exit_code == 0, shown.text


def test_a_dry_run_writes_nothing(cli: CommandLine, games: Path, stick: Path) -> None:
    shown = cli.run("deploy", "-n", games, stick, "--as", "folder", "--json")
    assert [each["event"] for each in shown.events] == ["deploy-plan", "deploy-plan", "deploy-total"]
    assert (shown.last["actions"], shown.last["missing_bytes"]) == ({"copy": 2}, 0)
    assert list(stick.iterdir()) == []


def test_the_space_of_a_device_that_reports_none_is_unknown(
    cli: CommandLine, games: Path, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizeless(root: Path) -> DeviceFacts:
        return replace(read_device(root), free_bytes=0, total_bytes=0)

    monkeypatch.setattr("discpress.engine.cli.library.deploy.read_device", sizeless)
    shown = cli.run("deploy", "-n", games, stick, "--as", "folder", "--json")
    assert [shown.last[name] for name in ("free_bytes", "after_bytes", "missing_bytes")] == [None, None, 0]


def test_a_damaged_byte_on_the_device_is_found_and_renewed(cli: CommandLine, games: Path, stick: Path) -> None:
    cli.run("deploy", games, stick, "--as", "folder")
    whole = files(stick)
    facts = (stick / NAME).stat()
    with (stick / NAME).open("r+b") as file:
        file.seek(300_000)
        file.write(b"X")
    os.utime(stick / NAME, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    found = cli.run("deploy", "-n", "--check", stick)
    assert (found.exit_code, "is damaged on the device" in found.text) == (3, True)
    assert files(stick) != whole
    renewed = cli.run("deploy", "--check", stick)
    assert renewed.exit_code == 0, renewed.text
    assert files(stick) == whole
    assert cli.run("deploy", "-n", "--check", stick).exit_code == 0


def test_a_damaged_conversion_of_an_archived_title_is_renewed(cli: CommandLine, games: Path, stick: Path) -> None:
    with zipfile.ZipFile(games / "Archive.zip", "w") as archive:
        archive.write(games / NAME, "Saga.iso")
    done = cli.run("deploy", games / "Archive.zip", stick, "--as", "opl", "-f", "zso")
    assert done.exit_code == 0, done.text
    ((name, whole),) = files(stick).items()
    (stick / name).write_bytes(whole[:-2048])
    assert cli.run("deploy", "--check", stick).exit_code == 0
    assert files(stick) == {name: whole}


def test_a_damaged_copy_without_its_title_is_an_error(cli: CommandLine, games: Path, stick: Path) -> None:
    cli.run("deploy", games, stick, "--as", "folder")
    (games / NAME).rename(cli.folder / "moved.iso")
    assert cli.run("deploy", "--check", stick).exit_code == 0
    (stick / NAME).write_bytes(b"gone")
    found = cli.run("deploy", "--check", stick)
    assert found.exit_code == 3
    assert "name the title where it is now" in found.text
    assert files(stick)[NAME] == b"gone"


@pytest.mark.parametrize("name", STOPPING)
def test_a_stopped_copy_is_continued(cli: CommandLine, stick: Path, name: str) -> None:
    write_old(cli.folder / NAME, LARGE)
    gate = cli.close_gate(COPYING, 2)
    running = cli.start("deploy", NAME, stick, "--as", "folder")
    gate.wait_reached()
    running.process.send_signal(getattr(signal, name))
    assert running.finish().exit_code == STOPPING[name]
    check_continued(cli, stick)


def test_a_killed_copy_is_continued(cli: CommandLine, stick: Path) -> None:
    write_old(cli.folder / NAME, LARGE)
    gate = cli.close_gate(COPYING, 2)
    running = cli.start("deploy", NAME, stick, "--as", "folder")
    gate.wait_reached()
    kill_wholly(running.process.pid)
    running.finish()
    check_continued(cli, stick)


def check_continued(cli: CommandLine, stick: Path) -> None:
    """Check that the part of two pieces is no image, and that the next run continues it."""
    part = stick / f"{NAME}{PART_SUFFIX}"
    assert part.read_bytes().startswith(PART_MAGIC)
    facts = part.stat()
    assert facts.st_size == 8 * MIB
    assert cli.gate is not None
    cli.gate.open()
    done = cli.run("deploy", NAME, stick, "--as", "folder")
    assert done.exit_code == 0, done.text
    assert files(stick) == {NAME: LARGE}
    assert (stick / NAME).stat().st_ino == facts.st_ino


@pytest.fixture
def small_disk(cli: CommandLine) -> Iterator[Path]:
    """A file system of 4 MiB of its own."""
    folder = cli.folder / "small"
    folder.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a file system here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_what_does_not_fit_is_not_begun(cli: CommandLine, games: Path, small_disk: Path) -> None:
    write_old(games / "Large.iso", LARGE)
    done = cli.run("deploy", games, small_disk, "--as", "folder")
    assert done.exit_code == 4
    assert "nothing was written" in done.text
    assert list(small_disk.iterdir()) == []


def test_a_device_that_fills_up_keeps_what_is_finished(cli: CommandLine, games: Path, small_disk: Path) -> None:
    write_old(cli.folder / NAME, as_disc(incompressible(3 * MIB)))
    cli.run("deploy", games / "PSP Game.cso", small_disk, "--as", "folder")
    finished = files(small_disk)
    gate = cli.close_gate(COPYING, 0)
    running = cli.start("deploy", NAME, small_disk, "--as", "folder")
    gate.wait_reached()
    (small_disk / "filler").write_bytes(bytes(2 * MIB))
    gate.open()
    assert running.finish().exit_code == 4
    assert files(small_disk) == finished | {"filler": bytes(2 * MIB)}
    (small_disk / "filler").unlink()
    assert cli.run("deploy", NAME, small_disk, "--as", "folder").exit_code == 0
    assert files(small_disk)[NAME] == (cli.folder / NAME).read_bytes()


def test_a_write_protected_device_has_a_hint(cli: CommandLine, games: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = cli.run("deploy", games / NAME, small_disk, "--as", "folder")
    assert done.exit_code == 1
    assert "Read-only file system" in done.text
    assert "write-protected" in done.text
    assert " -O" not in done.text


def test_of_an_iso_and_its_result_only_one_goes(cli: CommandLine, games: Path, stick: Path) -> None:
    cli.run("scan", games)
    assert cli.run("convert", games / NAME, "--target", "opl").exit_code == 0
    done = cli.run("deploy", games, stick, "--as", "opl")
    assert (done.exit_code, "holds the same disc, and goes instead" in done.text) == (0, True)
    assert [Path(name).suffix for name in files(stick)] == [".zso"]
    cli.run("deploy", games / NAME, stick, "--as", "opl")
    before = marks(stick)
    assert cli.run("deploy", games, stick, "--as", "opl").exit_code == 0
    assert marks(stick) == before


def test_titles_of_the_library_have_names_and_filters(cli: CommandLine, games: Path, stick: Path) -> None:
    cli.run("scan", games)
    assert cli.run("deploy", "--filter", "sys:psp", stick, "--as", "ppsspp").exit_code == 0
    assert list(files(stick)) == ["ISO/PSP Game.cso"]
    serial = next(each["serial"] for each in cli.run("ls", "--json").events if each.get("path", "").endswith(NAME))
    assert cli.run("deploy", serial, stick, "--as", "opl").exit_code == 0
    assert len(files(stick)) == 2


@pytest.mark.parametrize(
    ("words", "problem", "hint"),
    [
        (["nowhere", "--as", "opl", "--filter", ""], "no such folder", "where the device is mounted"),
        (["[stick]", "--as", "opl"], "no title to deploy", "use --filter"),
        (["Okami", "[stick]", "--as", "opl"], "no title of the library", "discpress ls"),
        (["gone/x.iso", "[stick]", "--as", "opl"], "No such file", ""),
        ([".", "[stick]"], "--as is missing", "opl"),
    ],
)
def test_wrong_usage_has_a_hint(cli: CommandLine, stick: Path, words: list[str], problem: str, hint: str) -> None:
    done = cli.run("deploy", *words)
    assert done.exit_code in {1, 2}
    assert problem in done.text
    assert hint in done.text
    assert "x.iso: " not in done.text.partition("x.iso: ")[2]
    assert list(stick.iterdir()) == []

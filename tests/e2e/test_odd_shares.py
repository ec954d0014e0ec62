"""Whole conversions by the real program on real mounts that refuse what shares refuse, and the access of results."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from command_line import CommandLine, write_old
from odd_shares import OTHER_GID, OTHER_UID, bindfs
from other_user import User, opened_door
from sample_images import mixed, read_back

SOURCE = mixed(1024 * 1024, seed=61)
OPTIONS = ("convert", "--target", "any")
NAME = "Okami [t-en by X] [red]"
MEDIA = 23456
is_root = os.geteuid() == 0
as_root = pytest.mark.skipif(not is_root, reason="only root can mount a file system")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def below(tmp_path: Path) -> Path:
    """What is mounted once more."""
    folder = tmp_path / "below"
    write_old(folder / f"{NAME}.iso", SOURCE).chmod(0o664)
    return folder


@pytest.fixture
def strict(below: Path, cli: CommandLine) -> Iterator[CommandLine]:
    """A share on which nobody changes owners or permission bits."""
    os.chown(below / f"{NAME}.iso", OTHER_UID, OTHER_GID)
    with bindfs(below, cli.folder / "[b]", "--chmod-deny", "--chown-deny", "--chgrp-deny") as mount:
        yield CommandLine(mount, cli.home)


@as_root
def test_a_share_that_refuses_owners_and_bits_gets_its_result(strict: CommandLine) -> None:
    done = strict.run(*OPTIONS, f"{NAME}.iso")
    assert done.exit_code == 0, done.text
    assert read_back(strict.folder / f"{NAME}.zso") == SOURCE
    assert done.text.count("cannot set the owner and permission bits of the result: Operation not permitted") == 1


@as_root
def test_programs_are_told_which_title_a_warning_is_about(strict: CommandLine) -> None:
    done = strict.run(*OPTIONS, "--json", f"{NAME}.iso")
    about = [event["input"] for event in done.events if "cannot set the owner" in event.get("message", "")]
    assert about == [f"{NAME}.iso"]
    assert done.last["event"] == "converted"


@pytest.mark.slow
@as_root
def test_undo_works_on_such_a_share(strict: CommandLine) -> None:
    assert strict.run(*OPTIONS, "--delete-source", f"{NAME}.iso").exit_code == 0
    done = strict.run("undo")
    assert done.exit_code == 0, done.text
    assert (strict.folder / f"{NAME}.iso").read_bytes() == SOURCE
    assert not (strict.folder / f"{NAME}.zso").exists()


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that other users can reach, unlike those of the tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o777)
        yield path


@pytest.fixture
def shared(public: Path) -> Iterator[Path]:
    """A share whose files all belong to one user, whoever makes them: no other user may set a time or bits there."""
    below = public / "below"
    path = write_old(below / f"{NAME}.iso", SOURCE)
    for each, mode in {below: 0o777, path: 0o666}.items():
        os.chown(each, MEDIA, MEDIA)
        each.chmod(mode)
    with bindfs(below, public / "shared", f"--create-for-user={MEDIA}", f"--create-for-group={MEDIA}") as mount:
        yield mount


@pytest.fixture
def other(public: Path, shared: Path) -> Iterator[User]:
    """Another user than the owner of the share, in it."""
    with opened_door(public) as door:
        yield User(door, OTHER_UID, shared, public / "homes")


@pytest.mark.e2e
@as_root
def test_files_of_another_owner_are_converted_and_can_be_read(other: User) -> None:
    done = other.run(*OPTIONS, "--json", f"{NAME}.iso")
    assert done.exit_code == 0, done.text
    events: list[dict[str, Any]] = [json.loads(line) for line in done.text.splitlines()]
    warnings = [each["message"] for each in events if "cannot" in each.get("message", "")]
    assert warnings == ["cannot set the permission bits and time of the result: Operation not permitted"]
    verified = other.run("verify", f"{NAME}.zso")
    assert verified.exit_code == 0, verified.text


MODES = {"Shared.iso": 0o664, "Private.iso": 0o600, "Open.iso": 0o666}


@pytest.mark.e2e
@pytest.mark.parametrize("umask", [0, 0o077], ids=oct)
@pytest.mark.parametrize("suffix", ["zso", "cso", "chd"])
def test_results_and_checksums_have_the_bits_of_their_sources(suffix: str, umask: int, cli: CommandLine) -> None:
    for name, mode in MODES.items():
        write_old(cli.folder / name, SOURCE).chmod(mode)
    umask_of_tests = os.umask(umask)
    try:
        done = cli.run(*OPTIONS, "--checksum", "sha1", "-f", suffix, *MODES)
    finally:
        os.umask(umask_of_tests)
    assert done.exit_code == 0, done.text
    found = {path.name: mode_of(path) for path in cli.folder.iterdir()}
    stems = {Path(name).stem: mode for name, mode in MODES.items()}
    assert found == {f"{stem}.{end}": mode for stem, mode in stems.items() for end in ("iso", suffix, f"{suffix}.sha1")}


@pytest.mark.slow
def test_an_unpacked_image_has_the_bits_of_the_packed_one(cli: CommandLine, game: Path) -> None:
    assert cli.run(*OPTIONS, "game.iso").exit_code == 0
    (cli.folder / "game.zso").chmod(0o640)
    assert cli.run(*OPTIONS, "-d", "game.zso", "-o", "again.iso").exit_code == 0
    assert mode_of(cli.folder / "again.iso") == 0o640


def test_a_name_of_a_part_is_refused_as_a_result(cli: CommandLine, game: Path) -> None:
    kept = faults.Kept.of(game)
    done = cli.run(*OPTIONS, "game.iso", "-o", "game.zso.Discpress-Part")
    assert (done.exit_code, cli.names()) == (2, ["game.iso"])
    assert "game.zso.Discpress-Part: this suffix is reserved for unfinished results" in done.text
    assert "choose another name with -o" in done.text
    kept.check()

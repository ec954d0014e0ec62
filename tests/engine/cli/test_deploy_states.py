"""Titles that are not whole: `deploy` refuses them with the reason and the exit code that other commands have."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from archive_files import FLAGS, patch_directory, u16, write_zip
from command_line import write_old
from foreign_images import cue
from memory_cds import ps2_disc
from queue_desk import Desk
from sample_images import pack

DISC = ps2_disc(kib=200)


def header(folder: Path) -> Path:
    """A file whose header alone is left, so that nobody can know its system."""
    whole = pack(folder / "Game.zso", DISC).read_bytes()
    return write_old(folder / "Game.zso", whole[:20])


def text(folder: Path) -> Path:
    """A file of another kind."""
    return write_old(folder / "Text.zso", b"no disc at all" * 5000)


def half(folder: Path) -> Path:
    """The first half of a disc."""
    return write_old(folder / "Half.iso", DISC[: len(DISC) // 4096 * 2048])


def empty(folder: Path) -> Path:
    """A file of no bytes."""
    return write_old(folder / "Empty.iso", b"")


def sheet(folder: Path) -> Path:
    """A sheet whose track is not there."""
    return write_old(folder / "Missing.cue", cue("gone.bin"))


@pytest.mark.parametrize(
    ("make", "kind"),
    [*product((header, text, empty), ("opl", "ppsspp", "dolphin", "batocera", "folder")), (half, "opl")],
)
def test_damage_is_the_reason_whatever_plays_the_games(make: Callable[[Path], Path], kind: str, desk: Desk) -> None:
    path = make(desk.folder)
    (desk.folder.parent / "stick").mkdir()
    words = ("deploy", path, desk.folder.parent / "stick", "--as", kind)
    code, events = desk.ask(*words)
    assert (code, events[0]["code"], "console" in events[0]["message"]) == (3, "damaged", False)
    assert desk.ask(*words, "-n")[0] == 3


@pytest.mark.parametrize("kind", ["opl", "folder"])
def test_a_missing_track_is_named_as_elsewhere(kind: str, desk: Desk) -> None:
    path = sheet(desk.folder)
    (desk.folder.parent / "stick").mkdir()
    _, (other,) = desk.ask("convert", path)
    code, events = desk.ask("deploy", path, desk.folder.parent / "stick", "--as", kind)
    assert (code, events[0]["code"], "gone.bin" in events[0]["message"]) == (1, other["code"], True)


def test_a_queued_conversion_lets_no_half_of_a_disc_onto_a_device(desk: Desk) -> None:
    path = half(desk.folder)
    (desk.folder.parent / "stick").mkdir()
    assert desk.ask("queue", "add", path)[0] == 0
    code, events = desk.ask("deploy", "-n", path, desk.folder.parent / "stick", "--as", "opl")
    assert (code, events[0]["code"], "its end is missing" in events[0]["message"]) == (3, "damaged", True)


def test_an_image_in_a_locked_archive_has_its_own_reason(desk: Desk) -> None:
    locked = write_zip(desk.folder / "locked.zip", {"Locked.iso": DISC})
    patch_directory(locked, 0, FLAGS, u16(1))
    (desk.folder.parent / "stick").mkdir()
    words = ("deploy", "-n", locked / "Locked.iso", desk.folder.parent / "stick", "--as", "opl")
    assert "it is encrypted" in desk.ask(*words)[1][0]["message"]
    desk.ask("scan", desk.folder)
    assert "it is encrypted" in desk.ask(*words)[1][0]["message"]

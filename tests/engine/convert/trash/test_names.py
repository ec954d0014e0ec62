"""Files with the names that the trash has for itself: the program's names and users' names never meet."""

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from command_line import CommandLine, write_old
from old_trashes import sha1_of, unpack
from sample_images import mixed, read_back

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.held import hold
from discpress.engine.convert.trash.listing import entries_in, find_half_undone
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.errors import TrashError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.recognise import IMAGE_SUFFIXES
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict
from discpress.engine.system.held_folder import HeldFolder

IMAGE = mixed(100_000, seed=81)
MTIME_NS = 1_600_000_000_123_456_789
NAMES = [
    "undo",
    "UNDO",
    "Undo.",
    "undoing",
    "Undoing",
    "entry.json",
    "Entry.JSON",
    "entry.json.file",
    "entry.j\u017fon",
    "1.kept",
    "1.KEPT",
    "2.kept",
    "ｕｎｄｏ",
    ".discpress-lock",
    unicodedata.normalize("NFD", "\u00fcndo"),
]
GAME_LISTS = {
    *(".iso", ".bin", ".img", ".mdf", ".nrg", ".gz", ".cso", ".ciso", ".zso", ".chd", ".dump", ".elf", ".irx"),
    *(
        ".cue",
        ".ecm",
        ".pbp",
        ".m3u",
        ".exe",
        ".psexe",
        ".ps-exe",
        ".psf",
        ".rvz",
        ".gcm",
        ".wbfs",
        ".wia",
        ".7z",
        ".zip",
    ),
    *(".dax", ".jso", ".gdi", ".cdi"),
}
"""Suffixes that PCSX2, DuckStation, PPSSPP, Dolphin and Flycast list."""


def trashed(folder: Path, name: str) -> TrashEntry:
    path = write_old(folder / name, IMAGE)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    found = faults.run_conversion(path, folder / "result.zso", trash_source=True).trashed
    assert found is not None
    return found


def only_entry(folder: Path) -> TrashEntry:
    (found,) = entries_in(folder)
    assert isinstance(found, TrashEntry)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_with_name_bytes_and_time(name: str, tmp_path: Path) -> None:
    undo(trashed(tmp_path, name), 1, Control())
    assert [path.name for path in tmp_path.iterdir() if path.name != TRASH_NAME] == [name]
    assert ((tmp_path / name).read_bytes(), (tmp_path / name).stat().st_mtime_ns) == (IMAGE, MTIME_NS)


@pytest.mark.parametrize("name", NAMES)
def test_a_refused_undo_leaves_it_in_the_trash(name: str, tmp_path: Path) -> None:
    entry = trashed(tmp_path, name)
    (tmp_path / name).write_bytes(b"in the way")
    for _ in range(2):
        with pytest.raises(TrashError, match="it stays in the trash"):
            undo(entry, 1, Control())
    assert only_entry(tmp_path).file_path.read_bytes() == IMAGE
    (tmp_path / name).unlink()
    undo(entry, 1, Control())
    assert (tmp_path / name).read_bytes() == IMAGE


@pytest.mark.parametrize("name", NAMES)
def test_an_undo_that_was_stopped_is_told_from_one_that_was_not(name: str, tmp_path: Path) -> None:
    entry = trashed(tmp_path, name)
    assert find_half_undone([tmp_path]) == []
    with hold(entry) as held:
        held.begin_undo()
        assert find_half_undone([tmp_path]) == []
        held.folder.rename_new(entry.main.stored, held.home, name)
    assert find_half_undone([tmp_path]) == [entry]


@pytest.mark.parametrize("name", NAMES)
def test_a_purge_removes_it_and_nothing_else(name: str, tmp_path: Path) -> None:
    purge(trashed(tmp_path, name), 1, Control(), force=False)
    assert faults.names_in(tmp_path) == ["result.zso"]


@pytest.mark.parametrize("name", NAMES)
def test_overwriting_it_keeps_the_only_copy(name: str, tmp_path: Path) -> None:
    """With --force over a file called `undo`, a refused undo was the end of its only copy."""
    old = write_old(tmp_path / name, b"the only copy")
    source_path = write_old(tmp_path / "game.iso", IMAGE)
    done = faults.run_conversion(source_path, old, format=ImageFormat.ZSO, on_conflict=OnConflict.OVERWRITE)
    assert done.overwritten is not None
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(b"in the way")
    with pytest.raises(TrashError, match="it stays in the trash"):
        undo(done.overwritten, 1, Control())
    assert done.overwritten.file_path.read_bytes() == b"the only copy"


def test_no_file_below_a_folder_has_a_name_that_a_game_list_takes_but_the_result(tmp_path: Path) -> None:
    cli = CommandLine(tmp_path / "games", home=tmp_path / "home")
    path = write_old(cli.folder / "Game (USA).iso", IMAGE)
    os.utime(path, ns=(MTIME_NS, MTIME_NS))
    assert cli.run("convert", path.name, "--delete-source", "--target", "any").exit_code == 0
    found = [each for each in cli.folder.rglob("*") if each.suffix.lower() in GAME_LISTS | IMAGE_SUFFIXES]
    assert found == [cli.folder / "Game (USA).zso"]
    assert cli.run("undo").exit_code == 0
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (IMAGE, MTIME_NS)
    found = [each for each in cli.folder.rglob("*") if each.suffix.lower() in GAME_LISTS | IMAGE_SUFFIXES]
    assert found == [path]


def test_an_overwritten_result_is_on_no_game_list_either(tmp_path: Path) -> None:
    source_path = write_old(tmp_path / "game.iso", IMAGE)
    write_old(tmp_path / "game.zso", b"old")
    faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE)
    assert [path.name for path in tmp_path.glob(f"{TRASH_NAME}/*/*") if path.suffix in GAME_LISTS] == []


@pytest.fixture
def caseless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held folders that find a name in any case, as those of FAT, NTFS, APFS and SMB do."""

    def known(folder: HeldFolder, name: str) -> str:
        return next((each for each in folder.names() if each.casefold() == name.casefold()), name)

    def patched(method: str) -> None:
        real: Callable[..., Any] = getattr(HeldFolder, method)
        monkeypatch.setattr(HeldFolder, method, lambda folder, name, *more: real(folder, known(folder, name), *more))

    for method in ("lstat", "below", "_open_file", "unlink"):
        patched(method)


@pytest.mark.usefixtures("caseless")
@pytest.mark.parametrize("folder", ["named-undo", "named-UNDO"])
def test_in_an_old_trash_without_case_the_file_is_not_taken_for_the_marker(folder: str, tmp_path: Path) -> None:
    home = unpack(tmp_path) / folder
    entry = only_entry(home)
    sha1 = entry.digests["sha1"]
    (home / entry.name).write_bytes(b"in the way")
    assert find_half_undone([home]) == []
    with pytest.raises(TrashError, match="in the way"):
        undo(entry, 1, Control())
    assert sha1_of(entry.file_path) == sha1
    (home / entry.name).unlink()
    undo(entry, 1, Control())
    assert sha1_of(home / entry.name) == sha1


@pytest.mark.usefixtures("caseless")
def test_without_case_a_new_trash_works_too(tmp_path: Path) -> None:
    entry = trashed(tmp_path, "UNDOING")
    undo(entry, 1, Control())
    assert (tmp_path / "UNDOING").read_bytes() == IMAGE
    assert read_back(only_entry(tmp_path).file_path) == IMAGE

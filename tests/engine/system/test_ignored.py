"""The names that a search of folders ignores, and those that only resemble them."""

from pathlib import PurePath

import pytest

from discpress.engine.system.ignored import is_derived, is_ignored, is_reached, without_ignored

FOLDERS = [
    "#recycle",
    "#snapshot",
    "@eaDir",
    "@tmp",
    "@Recycle",
    "@Recently-Snapshot",
    "@Transcode",
    "$RECYCLE.BIN",
    "$Recycle.Bin",
    "RECYCLER",
    "Recycled",
    "found.000",
    "FOUND.012",
    "lost+found",
    ".Trash-1000",
    ".Trash",
    ".Trashes",
    ".AppleDouble",
    ".AppleDB",
    ".TemporaryItems",
    ".Recycle.Bin",
    ".recycle",
    ".snapshot",
    ".snapshots",
    ".zfs",
    "~snapshot",
    "@GMT-2026.11.01-02.00.00",
    "_NAS_Recycle_RAID",
    "trashbox",
    ".discpress-trash",
    "__MACOSX",
    "Backups.backupdb",
]
FOLDERS_WITH_SPACES = ["System Volume Information", "Network Trash Folder", "Network Recycle Bin 1", "Temporary Items"]
UNFINISHED = [
    "game.iso.part",
    "game.iso.partial",
    "game.iso.filepart",
    "game.iso.tmp",
    "game.iso.incomplete",
    "game.iso.crdownload",
    "game.iso.download",
    "game.iso.opdownload",
    "game.iso.!qB",
    "game.iso.!ut",
    "game.iso.!bt",
    "game.iso.bc!",
    "game.iso.!sync",
    "001.part",
    "001.part.met",
    "game.iso.aria2",
    "game.iso.fdmdownload",
    "game.iso.dtapart",
    "game.iso.td",
    "game.iso.xltd",
    "game.iso.td.cfg",
    "~uTorrentPartFile_1F4.dat",
    "~syncthing~game.iso.tmp",
    "~$notes.docx",
    "game.zso.discpress-part",
    "game.iso~",
    "GAME.ISO.PART",
]
GAMES = [
    "game.iso",
    "Recycle",
    "snapshot",
    "@home",
    "recycle.iso",
    "found.0000",
    "found.iso",
    "lost~found",
    "Snapshot.iso",
    "part.iso",
    "game.part1.rar",
    "game.partial.iso",
    "downloads",
    "tmp",
    "~Tilde~.iso",
    "RECYCLER.zso",
]


@pytest.mark.parametrize("name", [*FOLDERS, *FOLDERS_WITH_SPACES, *UNFINISHED])
def test_deleted_older_derived_and_unfinished_files_are_ignored(name: str) -> None:
    assert is_ignored(name)


@pytest.mark.parametrize("name", GAMES)
def test_names_that_only_resemble_them_are_not_ignored(name: str) -> None:
    assert not is_ignored(name)


@pytest.mark.parametrize("suffix", [".aria2", ".st", ".lftp-pget-status"])
def test_a_file_with_the_control_file_of_a_download_beside_it_is_ignored(suffix: str) -> None:
    found = without_ignored(["game.iso", f"game.iso{suffix}", "other.iso", f"third{suffix}"])
    assert "other.iso" in found
    assert "game.iso" not in found


def test_a_search_reaches_what_is_below_it_but_not_through_ignored_folders() -> None:
    assert is_reached(PurePath("/g/ps2/a.iso"), PurePath("/g"))
    assert is_reached(PurePath("/g/#recycle/a.iso"), PurePath("/g/#recycle"))
    assert not is_reached(PurePath("/g/#recycle/a.iso"), PurePath("/g"))
    assert not is_reached(PurePath("/h/a.iso"), PurePath("/g"))


def test_only_derived_files_of_an_archive_are_left_out_of_it() -> None:
    assert is_derived(PurePath("__MACOSX/disc/._game.iso"))
    assert is_derived(PurePath("$RECYCLE.BIN/S-1-5/game.iso"))
    assert is_derived(PurePath("._game.iso"))
    assert not is_derived(PurePath(".hidden/game.iso"))
    assert not is_derived(PurePath("disc/game.iso"))
    assert not is_derived(PurePath())

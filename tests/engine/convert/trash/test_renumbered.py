"""Trashes on shares that number files anew at every mount, or each name of a file on its own, as sshfs does."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import fault_injection as faults
import pytest
from command_line import write_old
from fault_injection import RequestFields
from odd_shares import bindfs, changed_stat, number_by_name
from sample_images import mixed, pack, read_back

from discpress.engine.convert.recovery import find_trashed
from discpress.engine.convert.trash import trash
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.held import hold
from discpress.engine.convert.trash.listing import entries_in, list_trash
from discpress.engine.convert.trash.undo import finish_undo, undo
from discpress.engine.errors import SourceChangedError, TrashError
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict
from discpress.engine.system.held_folder import HeldFolder

IMAGE = mixed(100_000, seed=71)
OLD = mixed(60_000, seed=72)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Path]:
    """A real mount whose kind promises no lasting numbers."""
    with bindfs(tmp_path / "below", tmp_path / "share") as mount:
        yield mount


def only_entry(folder: Path) -> TrashEntry:
    (entry,) = entries_in(folder)
    assert isinstance(entry, TrashEntry)
    return entry


def remount(folder: Path) -> TrashEntry:
    """Make the description what it is after a mount that numbered all files anew; return its entry."""
    (path,) = folder.glob(f"{TRASH_NAME}/*/{ENTRY_NAME}")
    facts = json.loads(path.read_bytes())
    facts["folder_ino"] += 1000
    for each in (*facts["files"], *facts["replacement"]):
        each["ino"] += 1000
    path.write_text(json.dumps(facts))
    return only_entry(folder)


def convert(folder: Path, **request: Unpack[RequestFields]) -> None:
    faults.run_conversion(write_old(folder / "game.iso", IMAGE), **request)


def overwrite(folder: Path) -> bytes:
    """Convert over an older result; return its bytes."""
    old = write_old(folder / "game.zso", pack(folder / "game.zso", OLD).read_bytes()).read_bytes()
    (folder / "game.zso.source").unlink()
    convert(folder, on_conflict=OnConflict.OVERWRITE)
    return old


def test_an_undo_of_a_conversion_takes_the_result_along_by_its_digest(share: Path) -> None:
    convert(share, trash_source=True)
    done = undo(remount(share), 1, Control())
    assert done.replacement_entry is not None
    assert sorted(path.name for path in share.iterdir()) == [TRASH_NAME, "game.iso"]
    assert (share / "game.iso").read_bytes() == IMAGE


def forget_ctimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the ctime that a rename gave the result only once the entry that it moves to is described."""
    real, is_described = HeldFolder.lstat, threading.Event()

    def lstat(self: HeldFolder, name: str) -> os.stat_result:
        found = real(self, name)
        return changed_stat(found, ctime_ns=1) if is_described.is_set() and name == "game.zso" else found

    monkeypatch.setattr(HeldFolder, "lstat", lstat)
    faults.run_before(monkeypatch, trash, "write_entry", is_described.set)


def test_a_ctime_that_a_share_shows_late_is_no_change(share: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convert(share, trash_source=True)
    forget_ctimes(monkeypatch)
    assert undo(only_entry(share), 1, Control()).replacement_entry is not None


def test_a_ctime_counts_on_a_disk_that_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    convert(tmp_path, trash_source=True)
    forget_ctimes(monkeypatch)
    with pytest.raises(SourceChangedError, match="it was changed meanwhile"):
        undo(only_entry(tmp_path), 1, Control())


def test_an_overwritten_file_without_digests_comes_back_by_size_and_time(share: Path) -> None:
    old = overwrite(share)
    done = undo(remount(share), 1, Control())
    assert (share / "game.zso").read_bytes() == old
    assert done.replacement_entry is not None
    assert read_back(done.replacement_entry.file_path) == IMAGE


def test_another_file_in_its_place_is_left_there(share: Path) -> None:
    overwrite(share)
    (share / "game.zso").write_bytes(b"another")
    with pytest.raises(TrashError, match="a file of this name is in the way"):
        undo(remount(share), 1, Control())
    assert (share / "game.zso").read_bytes() == b"another"


def test_the_inode_counts_on_a_disk_that_keeps_it(tmp_path: Path) -> None:
    overwrite(tmp_path)
    with pytest.raises(TrashError, match="a file of this name is in the way"):
        undo(remount(tmp_path), 1, Control())
    assert read_back(tmp_path / "game.zso") == IMAGE


def test_a_stopped_undo_takes_the_result_along(share: Path) -> None:
    convert(share, trash_source=True)
    entry = remount(share)
    with hold(entry) as held:
        held.begin_undo()
        held.folder.rename_new("1.kept", held.home, "game.iso")
    assert finish_undo(entry, 1, Control()).replacement_entry is not None
    assert sorted(path.name for path in share.iterdir()) == [TRASH_NAME, "game.iso"]


def test_an_original_that_came_back_is_not_taken_for_its_replacement(share: Path) -> None:
    """A result packed again may have the size and, being the source's, the time of the one that it replaces."""
    old = overwrite(share)
    remount(share)
    (path,) = share.glob(f"{TRASH_NAME}/*/{ENTRY_NAME}")
    facts = json.loads(path.read_bytes())
    facts["replacement"][0] |= {key: facts["files"][0][key] for key in ("size_bytes", "mtime_ns")}
    path.write_text(json.dumps(facts))
    (share / "game.zso").unlink()
    entry = only_entry(share)
    with hold(entry) as held:
        held.begin_undo()
        held.folder.rename_new("1.kept", held.home, "game.zso")
    assert finish_undo(entry, 1, Control()).replacement_entry is None
    assert (share / "game.zso").read_bytes() == old


def test_a_killed_job_finds_that_it_had_finished(share: Path) -> None:
    convert(share, trash_source=True)
    entry = remount(share)
    assert find_trashed(share / "game.iso") == entry
    assert list_trash([share]).items[0].is_replacement_there


@pytest.fixture
def linked(share: Path, monkeypatch: pytest.MonkeyPatch) -> TrashEntry:
    """An undo that was killed between link and unlink, where each name has a number of its own."""
    convert(share, trash_source=True)
    entry = only_entry(share)
    with hold(entry) as held:
        held.begin_undo()
    os.link(entry.file_path, share / "game.iso")
    number_by_name(monkeypatch, ".kept")
    return entry


def test_two_names_of_one_file_are_known_by_their_bytes(linked: TrashEntry, share: Path) -> None:
    assert list_trash([share]).items[0].undo_problem == ""
    undo(linked, 1, Control())
    assert (share / "game.iso").read_bytes() == IMAGE
    assert not linked.folder.exists()


@pytest.mark.parametrize("byte", [0, 50_000, -1])
def test_another_file_of_the_same_size_and_time_is_in_the_way(byte: int, linked: TrashEntry, share: Path) -> None:
    facts = linked.file_path.stat()
    (share / "game.iso").unlink()
    other = bytearray(IMAGE)
    other[byte] ^= 1
    (share / "game.iso").write_bytes(other)
    os.utime(share / "game.iso", ns=(facts.st_mtime_ns, facts.st_mtime_ns))
    with pytest.raises(TrashError, match="a file of this name is in the way"):
        undo(linked, 1, Control())
    assert (share / "game.iso").read_bytes() == other
    assert linked.file_path.read_bytes() == IMAGE

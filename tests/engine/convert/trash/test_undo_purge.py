"""Undo and purge: nothing is clobbered, and nothing goes that the replacement does not prove (Safety rule 4)."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace as with_changes
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed, pack, read_back

from discpress.engine.convert.checksums import checksum_path, write_checksum
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.folder import TRASH_NAME
from discpress.engine.convert.trash.listing import entries_in, list_trash
from discpress.engine.convert.trash.undo import purge, undo
from discpress.engine.convert.trash.undone import Undone
from discpress.engine.errors import DiscpressError, StorageError, TrashError
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control
from discpress.engine.request import OnConflict
from discpress.engine.system.held_folder import HeldFolder

SOURCE = mixed(1024 * 1024, seed=12)
OTHER = mixed(1024 * 1024, seed=13)


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    return write_old(tmp_path / "game.iso", SOURCE)


@pytest.fixture
def entry(source_path: Path) -> TrashEntry:
    found = faults.run_conversion(source_path, trash_source=True).trashed
    assert found is not None
    return found


def undo_it(entry: TrashEntry, **options: Any) -> Undone:
    return undo(entry, 2, Control(), **options)


def purge_it(entry: TrashEntry, *, force: bool = False, **options: Any) -> None:
    purge(entry, 2, Control(), force=force, **options)


def with_digests(entry: TrashEntry, digests: Mapping[str, str]) -> TrashEntry:
    """The entry, described with other digests on the disk too."""
    path = entry.folder / ENTRY_NAME
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"digests": digests}))
    return with_changes(entry, digests=digests)


def only_entry(folder: Path) -> TrashEntry:
    (found,) = entries_in(folder)
    assert isinstance(found, TrashEntry)
    return found


def test_undo_brings_the_very_file_back(entry: TrashEntry, source_path: Path) -> None:
    before = entry.file_path.stat()
    undo_it(entry)
    after = source_path.stat()
    assert source_path.read_bytes() == SOURCE
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_undo_puts_the_replacement_into_the_trash(entry: TrashEntry, tmp_path: Path) -> None:
    packed = (tmp_path / "game.zso").read_bytes()
    undone = undo_it(entry)
    assert undone.replacement_entry is not None
    assert undone.replacement_entry.file_path.read_bytes() == packed
    assert not (tmp_path / "game.zso").exists()


def with_checksum(entry: TrashEntry) -> tuple[TrashEntry, Path]:
    """The entry of a conversion that wrote a checksum file, and that file."""
    output = entry.replacement_path
    digest = hashlib.sha256(SOURCE).hexdigest()
    write_checksum(output, "sha256", digest)
    return with_digests(entry, {**entry.digests, "sha256": digest}), checksum_path(output, "sha256")


def test_the_checksum_file_of_a_result_goes_with_it(entry: TrashEntry) -> None:
    entry, path = with_checksum(entry)
    assert undo_it(entry).checksums == (path,)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"0" * 64 + b"  game.iso\n", b"theirs\n"])
def test_a_checksum_file_that_is_not_as_it_was_written_stays(content: bytes, entry: TrashEntry) -> None:
    entry, path = with_checksum(entry)
    path.write_bytes(content)
    assert undo_it(entry).checksums == ()
    assert path.read_bytes() == content


def test_a_checksum_file_that_was_added_to_stays(entry: TrashEntry) -> None:
    entry, path = with_checksum(entry)
    path.write_bytes(path.read_bytes() + b"# a note\n")
    undo_it(entry)
    assert path.exists()


def test_a_checksum_file_stays_with_a_result_that_stays(entry: TrashEntry) -> None:
    entry, path = with_checksum(entry)
    become_another_disc(entry.replacement_path)
    undo_it(entry)
    assert entry.replacement_path.exists()
    assert path.exists()


def test_a_checksum_file_of_the_original_stays_when_an_undo_is_undone(entry: TrashEntry, tmp_path: Path) -> None:
    entry, _ = with_checksum(entry)
    undo_it(entry)
    write_checksum(tmp_path / "game.iso", "sha256", entry.digests["sha256"])  # as `sha256sum game.iso` writes it
    undo_it(only_entry(tmp_path))
    assert (tmp_path / "game.iso.sha256").exists()


def test_undo_journals_after_everything(entry: TrashEntry, source_path: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, bool, bool]] = []
    undo_it(
        entry,
        journal=lambda kind, facts: seen.append((kind, source_path.exists(), (tmp_path / "game.zso").exists())),
    )
    assert seen == [("undone", True, False)]


def test_undo_of_an_undo_brings_the_replacement_back(entry: TrashEntry, tmp_path: Path) -> None:
    undo_it(entry)
    undo_it(only_entry(tmp_path))
    assert read_back(tmp_path / "game.zso") == SOURCE
    assert only_entry(tmp_path).file_path.read_bytes() == SOURCE


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_undo_does_not_clobber(kind: str, entry: TrashEntry, source_path: Path, tmp_path: Path) -> None:
    makers: dict[str, Callable[[], object]] = {
        "file": lambda: source_path.write_bytes(b"in the way"),
        "folder": source_path.mkdir,
        "link": lambda: source_path.symlink_to("nowhere"),
    }
    makers[kind]()
    before = faults.names_in(tmp_path)
    with pytest.raises(TrashError, match=r"game\.iso: a file of this name is in the way; it stays in the trash"):
        undo_it(entry)
    assert faults.names_in(tmp_path) == before
    assert kind != "file" or source_path.read_bytes() == b"in the way"


def test_undo_goes_on_where_a_crash_left_both_names(entry: TrashEntry, source_path: Path, tmp_path: Path) -> None:
    """Between the link and the unlink that stand in for a rename."""
    os.link(entry.file_path, source_path)
    undo_it(entry)
    assert source_path.read_bytes() == SOURCE
    assert source_path.stat().st_nlink == 1
    assert only_entry(tmp_path).home_path.name == "game.zso"


def test_both_names_are_no_problem_to_the_list(entry: TrashEntry, source_path: Path, tmp_path: Path) -> None:
    os.link(entry.file_path, source_path)
    (item,) = list_trash([tmp_path]).items
    assert item.undo_problem == ""


def test_purge_keeps_the_description_until_the_file_is_gone_from_the_disk(
    entry: TrashEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []
    faults.run_before(
        monkeypatch,
        HeldFolder,
        "sync",
        lambda: seen.append((entry.is_there, (entry.folder / "entry.json").exists())),
    )
    purge_it(entry)
    assert seen == [(False, True)]


def test_undo_syncs_before_the_replacement_moves(entry: TrashEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    faults.run_before(monkeypatch, HeldFolder, "rename_new", lambda: steps.append("back"))
    faults.run_before(monkeypatch, HeldFolder, "sync", lambda: steps.append("sync"))
    faults.run_before(monkeypatch, HeldFolder, "move_new", lambda: steps.append("replacement"))
    undo_it(entry)
    assert steps[:4] == ["sync", "back", "sync", "sync"]
    assert steps.index("replacement") > 4


def test_a_failed_sync_keeps_the_replacement_where_it_is(
    entry: TrashEntry, source_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = HeldFolder.sync

    def sync(folder: HeldFolder) -> None:
        if folder.path == tmp_path:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(folder)

    monkeypatch.setattr(HeldFolder, "sync", sync)
    with pytest.raises(StorageError):
        undo_it(entry)
    assert source_path.read_bytes() == SOURCE
    assert read_back(tmp_path / "game.zso") == SOURCE


def test_undo_leaves_a_replacement_that_was_changed(entry: TrashEntry, source_path: Path, tmp_path: Path) -> None:
    write_old(tmp_path / "game.zso", b"edited by somebody")
    undone = undo_it(entry)
    assert (tmp_path / "game.zso").read_bytes() == b"edited by somebody"
    assert source_path.read_bytes() == SOURCE
    assert "left as it is" in undone.note


def test_undo_leaves_another_disc_under_the_replacements_name(entry: TrashEntry, tmp_path: Path) -> None:
    (tmp_path / "game.zso").unlink()
    pack(tmp_path / "game.zso", OTHER)
    undo_it(entry)
    assert read_back(tmp_path / "game.zso") == OTHER


def test_undo_works_when_the_replacement_is_gone(entry: TrashEntry, source_path: Path, tmp_path: Path) -> None:
    (tmp_path / "game.zso").unlink()
    assert undo_it(entry).replacement_entry is None
    assert source_path.read_bytes() == SOURCE


@pytest.mark.parametrize("move", ["rename", "copy to another mount"])
def test_undo_works_after_the_folder_moved(move: str, entry: TrashEntry, tmp_path: Path) -> None:
    moved = tmp_path.with_name(f"{tmp_path.name} elsewhere")
    tmp_path.rename(moved) if move == "rename" else shutil.copytree(tmp_path, moved)
    undo_it(only_entry(moved))
    assert (moved / "game.iso").read_bytes() == SOURCE
    assert not (moved / "game.zso").exists()


def test_undo_in_a_copy_leaves_the_first_folder_alone(entry: TrashEntry, tmp_path: Path) -> None:
    moved = tmp_path.with_name(f"{tmp_path.name} copy")
    shutil.copytree(tmp_path, moved)
    before = faults.names_in(tmp_path)
    undo_it(only_entry(moved))
    assert faults.names_in(tmp_path) == before


def test_the_last_undo_leaves_no_trash_folder_of_an_original(entry: TrashEntry, tmp_path: Path) -> None:
    (tmp_path / "game.zso").unlink()
    undo_it(entry)
    assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.fixture
def overwritten(source_path: Path, tmp_path: Path) -> TrashEntry:
    pack(tmp_path / "game.zso", OTHER)
    (tmp_path / "game.zso.source").unlink()
    found = faults.run_conversion(source_path, on_conflict=OnConflict.OVERWRITE).overwritten
    assert found is not None
    return found


def test_undo_of_an_overwrite_gives_the_old_file_its_name(overwritten: TrashEntry, tmp_path: Path) -> None:
    undo_it(overwritten)
    assert read_back(tmp_path / "game.zso") == OTHER


def test_undo_of_an_overwrite_keeps_the_new_file_in_the_trash(overwritten: TrashEntry, tmp_path: Path) -> None:
    undo_it(overwritten)
    assert read_back(only_entry(tmp_path).file_path) == SOURCE


def test_undo_of_an_overwrite_does_not_touch_a_changed_file(overwritten: TrashEntry, tmp_path: Path) -> None:
    write_old(tmp_path / "game.zso", b"edited")
    with pytest.raises(TrashError, match="it stays in the trash"):
        undo_it(overwritten)
    assert (tmp_path / "game.zso").read_bytes() == b"edited"
    assert read_back(overwritten.file_path) == OTHER


def test_undo_of_a_decompression_brings_the_packed_file_back(tmp_path: Path) -> None:
    packed_path = pack(tmp_path / "game.zso", SOURCE)
    os.utime(packed_path, (1, 1))
    (tmp_path / "game.zso.source").unlink()
    found = faults.run_conversion(packed_path, tmp_path / "game.iso", format=ImageFormat.ISO, trash_source=True)
    assert found.trashed is not None
    undo_it(found.trashed)
    assert read_back(packed_path) == SOURCE


def test_purge_removes_an_original_whose_replacement_proves_itself(entry: TrashEntry, tmp_path: Path) -> None:
    purge_it(entry)
    assert faults.names_in(tmp_path) == ["game.zso"]


def test_purge_journals(entry: TrashEntry) -> None:
    seen: list[str] = []
    purge_it(entry, journal=lambda kind, facts: seen.append(kind))
    assert seen == ["purged"]


def lose(path: Path) -> None:
    path.unlink()


def become_another_disc(path: Path) -> None:
    path.unlink()
    pack(path, OTHER)


def flip(path: Path) -> None:
    faults.flip_byte(path, 400_000)


def flip_and_hide(path: Path) -> None:
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def become_shorter(path: Path) -> None:
    os.truncate(path, 100_000)


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_a_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


LOSSES = {
    each.__name__: each
    for each in (lose, become_another_disc, flip, flip_and_hide, become_shorter, become_a_folder, become_a_fifo)
}


@pytest.mark.parametrize("loss", LOSSES)
def test_purge_refuses_when_the_replacement_does_not_prove_itself(loss: str, entry: TrashEntry, tmp_path: Path) -> None:
    LOSSES[loss](tmp_path / "game.zso")
    with pytest.raises(TrashError, match=r"game\.iso: kept in the trash:"):
        purge_it(entry)
    assert entry.file_path.read_bytes() == SOURCE


@pytest.mark.parametrize("loss", LOSSES)
def test_purge_by_force_removes_it_all_the_same(loss: str, entry: TrashEntry, tmp_path: Path) -> None:
    LOSSES[loss](tmp_path / "game.zso")
    purge_it(entry, force=True)
    assert not (tmp_path / TRASH_NAME).exists()


def test_purge_without_recorded_digests_asks_the_trashed_file_itself(entry: TrashEntry, tmp_path: Path) -> None:
    purge_it(with_digests(entry, {}))
    assert faults.names_in(tmp_path) == ["game.zso"]


def test_purge_without_recorded_digests_refuses_another_disc(entry: TrashEntry, tmp_path: Path) -> None:
    become_another_disc(tmp_path / "game.zso")
    with pytest.raises(TrashError):
        purge_it(with_digests(entry, {}))
    assert entry.is_there


def test_purge_refuses_when_a_recorded_digest_differs(entry: TrashEntry) -> None:
    with pytest.raises(TrashError):
        purge_it(with_digests(entry, {**entry.digests, "xxh3": "0" * 32}))
    assert entry.is_there


def test_a_stopped_purge_removes_nothing(entry: TrashEntry) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(DiscpressError):
        purge(entry, 2, control, force=False)
    assert entry.is_there


def test_purge_of_an_overwritten_file_of_another_disc_is_refused(overwritten: TrashEntry) -> None:
    """The new file proves the new disc; of the old one nothing is left but the trash."""
    with pytest.raises(TrashError):
        purge_it(overwritten)
    assert read_back(overwritten.file_path) == OTHER


@pytest.mark.parametrize("change", ["emptied", "another", "a link", "a folder"])
def test_of_an_original_that_was_changed_in_the_trash_the_proven_replacement_stays(
    change: str, entry: TrashEntry, source_path: Path
) -> None:
    packed = source_path.with_suffix(".zso")
    if change == "emptied":
        os.truncate(entry.file_path, 0)
    else:
        entry.file_path.unlink()
    if change == "another":
        write_old(entry.file_path, OTHER, age_s=7200)
    elif change == "a link":
        entry.file_path.symlink_to(packed)
    elif change == "a folder":
        entry.file_path.mkdir()
    undone = undo_it(entry)
    assert undone.replacement_entry is None
    assert undone.note == f"{source_path}: was changed since then, in the trash: {packed} is left as it is"
    assert read_back(packed) == SOURCE
    assert os.path.lexists(source_path)

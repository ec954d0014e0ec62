"""Undo and purge: what can be done with what the trash holds, without losing anything."""

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from engine.convert.checksums import drop_checksums
from engine.convert.digests import DigestSet
from engine.convert.progress import Control, Progress
from engine.convert.trash import (
    begin_undo,
    drop_entry,
    drop_undo,
    is_home_already,
    is_home_taken_by_replacement,
    is_recorded,
    move_to_trash,
    purge_entry,
)
from engine.convert.trash_entry import Replacement, TrashEntry
from engine.convert.verify import digest_image
from engine.errors import CancelledError, DiscpressError, TrashError, from_os_error
from engine.images.opening import open_image
from engine.names import display_name
from engine.system.files import FileIdentity, same_file
from engine.system.rename import rename_new, sync_folder

Journal: TypeAlias = Callable[[str, Mapping[str, object]], None]
"""Called with what has just become true (`published`, `trashed`, `undone`, `purged`) and the facts of it."""


def no_journal(kind: str, facts: Mapping[str, object]) -> None:
    """Keep no journal: the trash describes itself."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did."""

    entry: TrashEntry
    """The entry that is no more."""
    replacement_entry: TrashEntry | None
    """The replacement in the trash; None when it stayed where it is."""
    note: str
    """Why the replacement stayed; empty when it did not."""
    checksums: tuple[Path, ...] = ()
    """The checksum files of the replacement, removed with it."""


def undo(
    entry: TrashEntry, threads: int, control: Control, journal: Journal = no_journal, progress: Progress | None = None
) -> Undone:
    """Put a trashed file back and its replacement into the trash.

    The original is renamed back without clobbering and synced first; the replacement follows only when the original is
    what was moved, and the replacement the recorded file or decodes to the recorded digest. TrashError when the
    original's name is taken.
    """
    ours = not _change_of_original(entry) and (is_recorded(entry) or not find_loss(entry, threads, control, progress))
    replacement_entry = None
    if ours and is_home_taken_by_replacement(entry):
        # After an overwrite the replacement has the very name: it must leave first. Both are safe in the trash.
        replacement_entry = _trash_replacement(entry)
    try:
        begin_undo(entry)
        put_home(entry)
    except FileExistsError as error:
        drop_undo(entry)
        raise TrashError(
            f"{display_name(entry.home_path)}: a file of this name is in the way; it stays in the trash",
            hint="move it away, then undo again",
        ) from error
    except OSError as error:
        drop_undo(entry)
        raise from_os_error(error, entry.home_path, "put it back from the trash") from error
    return _conclude_undo(entry, replacement_entry, ours, journal)


def put_home(entry: TrashEntry) -> None:
    """Rename a trashed file back, on the disk when this returns; FileExistsError when another file has its name."""
    try:
        rename_new(entry.file_path, entry.home_path)
    except FileExistsError:
        if not is_home_already(entry):
            raise
        sync_folder(entry.home_path.parent)
        entry.file_path.unlink()
    sync_folder(entry.home_path.parent)
    sync_folder(entry.folder)


def finish_undo(entry: TrashEntry, journal: Journal = no_journal) -> Undone:
    """Finish an undo that was stopped after it had put the file back."""
    return _conclude_undo(entry, None, is_recorded(entry) and not _change_of_original(entry), journal)


def _conclude_undo(entry: TrashEntry, replacement_entry: TrashEntry | None, ours: bool, journal: Journal) -> Undone:
    replaced = entry.replacement_path
    note, change = "", _change_of_original(entry)
    if ours and replacement_entry is None:
        replacement_entry = _trash_replacement(entry)
    elif change:
        note = f"{change}, in the trash: {display_name(replaced)} is left as it is"
    elif not ours:
        note = f"{display_name(replaced)}: not the file that replaced it, or gone: left as it is"
    is_result_gone = entry.reason == "converted" and not os.path.lexists(replaced)
    checksums = drop_checksums(replaced, entry.digests) if is_result_gone else []
    drop_entry(entry)
    journal("undone", {"path": str(entry.home_path), "entry": entry.id})
    return Undone(entry, replacement_entry, note, tuple(checksums))


def _trash_replacement(entry: TrashEntry) -> TrashEntry:
    path = entry.replacement_path
    identity = FileIdentity.of(path.lstat())
    original = entry.file_path if entry.is_there else entry.home_path
    stand_in = Replacement.of(entry.home_path, FileIdentity.of(original.lstat()))
    return move_to_trash(path, identity, None, replacement=stand_in, digests=entry.digests, reason="undone")


def find_loss(entry: TrashEntry, threads: int, control: Control, progress: Progress | None = None) -> str:
    """Return what purging the entry would lose; empty when the replacement is there and proves itself.

    The replacement is decoded whole and must give the recorded digest; where none was recorded, what the trashed
    file itself decodes to.
    """
    path = entry.replacement_path
    expected = entry.digests
    counted = progress or Progress()
    try:
        facts = path.lstat()
        if not stat.S_ISREG(facts.st_mode) or (entry.is_there and same_file(facts, entry.file_path.lstat())):
            return f"{display_name(path)}: is no file of its own"
    except OSError:
        return f"{display_name(path)}: the replacement is gone"
    try:
        if not expected:
            expected = _decode(entry.file_path, (), threads, control, counted).values
        actual = _decode(path, tuple(expected), threads, control, counted)
    except CancelledError:
        raise
    except DiscpressError as error:
        return f"the replacement cannot be proven: {error}"
    wanted = {name: value for name, value in expected.items() if name in actual.values}
    if not wanted or any(actual.values[name] != value for name, value in wanted.items()):
        return f"{display_name(path)}: does not decode to what was recorded"
    return ""


def _find_change(entry: TrashEntry) -> str:
    """Return what is not as it was recorded; empty when all is."""
    replacement = entry.replacement
    change = _change_of(entry.replacement_path, replacement.size_bytes, replacement.mtime_ns)
    return change or _change_of(entry.file_path, entry.size_bytes, entry.mtime_ns)


def _change_of_original(entry: TrashEntry) -> str:
    """Return whether the trashed file, or the same one put back, is what was moved: why not, or nothing."""
    return _change_of(entry.file_path if entry.is_there else entry.home_path, entry.size_bytes, entry.mtime_ns)


def _change_of(path: Path, size_bytes: int, mtime_ns: int) -> str:
    """Compare by size and time: inodes change with mounts and on FAT."""
    try:
        facts = path.lstat()
    except OSError:
        return f"{display_name(path)}: is gone"
    is_same = stat.S_ISREG(facts.st_mode) and (facts.st_size, facts.st_mtime_ns) == (size_bytes, mtime_ns)
    return "" if is_same else f"{display_name(path)}: was changed since then"


def _decode(path: Path, wanted: tuple[str, ...], threads: int, control: Control, progress: Progress) -> DigestSet:
    with open_image(path) as image:
        return digest_image(image, threads, control, progress, wanted)


def purge(
    entry: TrashEntry,
    threads: int,
    control: Control,
    *,
    force: bool,
    journal: Journal = no_journal,
    progress: Progress | None = None,
) -> None:
    """Remove a trashed file for good; TrashError when that would lose something, unless forced."""
    loss = "" if force else _find_change(entry) or find_loss(entry, threads, control, progress)
    if loss:
        raise TrashError(
            f"{display_name(entry.home_path)}: kept in the trash: {loss}",
            hint=f"discpress undo brings it back; --force {display_name(entry.id)} removes it all the same",
        )
    purge_entry(entry)
    journal("purged", {"path": str(entry.home_path), "entry": entry.id})

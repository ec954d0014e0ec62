"""Undos that were stopped: after a move of files had begun, or between two moves."""

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.journal import UNDONE
from discpress.engine.convert.trash.listing import (
    TrashListing,
    entries_in,
    find_half_undone,
    is_half_undone,
    item_of,
    list_trash,
)
from discpress.engine.convert.trash.trash import finish_move
from discpress.engine.errors import DiscpressError


def finish_replacement_move(entry: TrashEntry) -> TrashEntry | None:
    """Move the rest of what replaced an entry, if an earlier undo of it was stopped meanwhile; return where it is.

    None if there is no such move, or a file of it was changed since.
    """
    if entry.is_duplicate:
        return None
    names = {entry.place_of(each).name for each in entry.replacements if entry.is_beside(each)}
    others = list(_undone_in(entry.home))
    for other in others:
        if not other.is_whole and not names.isdisjoint(file.name for file in other.files) and not is_half_undone(other):
            with contextlib.suppress(DiscpressError):
                finish_move(other)
                return other
    return next((other for other in others if other.is_whole and _is_exchanged(entry, other)), None)


def list_with_stopped(folders: Iterable[Path]) -> TrashListing:
    """Return what is in the trash of these folders as `list_trash`, and what an undo that was stopped left there."""
    homes = sorted(set(folders))
    listing, stopped = list_trash(homes), find_stopped_undos(homes, is_reading=True)
    known = {item.entry.folder for item in listing.items}
    added = [item_of(entry) for entry in stopped if entry.folder not in known]
    items = [replace(each, is_undo_stopped=each.entry in stopped) for each in (*added, *listing.items)]
    return replace(listing, items=tuple(items))


def find_stopped_undos(homes: Iterable[Path], *, is_reading: bool = False) -> list[TrashEntry]:
    """Return our entries in the trashes of some folders whose undo was stopped after its first move of a file.

    If original and replacement have one name, the replacement goes to the trash first. Stopped after that, both are
    there, and the newer entry is the result of the undo: not what the user means by the name. `is_reading` is that of
    `entries_in`.
    """
    homes = list(homes)
    found = find_half_undone(homes)
    for home in homes:
        undone = list(_undone_in(home, is_reading=is_reading))
        for entry in entries_in(home, is_reading=is_reading) if undone else ():
            if isinstance(entry, TrashEntry) and not entry.problem and entry not in found:
                found += [entry] if any(_is_exchanged(entry, other) for other in undone) else []
    return found


def _undone_in(home: Path, *, is_reading: bool = False) -> Iterable[TrashEntry]:
    """Yield what undos moved to the trashes of a folder, as far as it is ours."""
    for each in list(entries_in(home, is_reading=is_reading)):
        if isinstance(each, TrashEntry) and not each.problem and each.reason == UNDONE:
            yield each


def _is_exchanged(entry: TrashEntry, other: TrashEntry) -> bool:
    """Return whether an entry that is whole has its replacement in another one, for files that never came back.

    Once they are back, the entry is no more.
    """
    if entry.id == other.id or not entry.is_whole or not entry.is_beside(entry.replacement):
        return False
    names = {entry.place_of(each).name for each in entry.replacements}
    stand_ins = {(other.place_of(each).name, each.size_bytes, each.mtime_ns) for each in other.replacements}
    own = {(PurePosixPath(file.name).name, file.size_bytes, file.mtime_ns) for file in entry.files}
    return names == {file.name for file in other.files} and stand_ins == own

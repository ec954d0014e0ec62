"""Moves of a replacement into the trash that an undo began and did not finish: some of its files are still at home."""

import contextlib

from discpress.engine.convert.trash.entry import UNDONE, TrashEntry
from discpress.engine.convert.trash.listing import entries_in, is_half_undone
from discpress.engine.convert.trash.trash import finish_move
from discpress.engine.errors import DiscpressError


def finish_replacement_move(entry: TrashEntry) -> TrashEntry | None:
    """Move the rest of what replaced an entry, if an earlier undo of it was stopped meanwhile; return where it is.

    None if there is no such move, or a file of it was changed since.
    """
    if entry.is_duplicate:
        return None
    names = {entry.place_of(each).name for each in entry.replacements if entry.is_beside(each)}
    for other in list(entries_in(entry.home, is_reading=False)):
        if (
            isinstance(other, TrashEntry)
            and not other.problem
            and other.reason == UNDONE
            and not other.is_whole
            and not names.isdisjoint(file.name for file in other.files)
            and not is_half_undone(other)
        ):
            with contextlib.suppress(DiscpressError):
                finish_move(other)
                return other
    return None

"""What the trash holds, with what can be done about each file: for a screen that lists it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.convert.trash import (
    entries_in,
    freed_bytes,
    is_home_already,
    is_home_taken_by_replacement,
    is_recorded,
)
from engine.convert.trash_entry import TrashEntry
from engine.discs.file_titles import read_file_title
from engine.errors import TrashError
from engine.names import display_name


@dataclass(frozen=True, slots=True)
class TrashItem:
    """One file in the trash, as it stands now."""

    entry: TrashEntry
    """What it says of itself: original path, bytes, replacement, time, reason."""
    title: str
    """The game by the file's name."""
    freed_bytes: int
    """What removing it would free; 0 where the file has other names."""
    is_replacement_there: bool
    """Whether the replacement is the very file that was recorded; a purge decodes it whole all the same."""
    undo_problem: str
    """Why an undo would be refused, as half a sentence; empty where nothing is in its way."""


@dataclass(frozen=True, slots=True)
class TrashListing:
    """What some folders have in their trash."""

    items: tuple[TrashItem, ...]
    """Newest first."""
    broken: tuple[TrashError, ...]
    """Entries that cannot be read; their files are untouched."""


def list_trash(folders: Iterable[Path]) -> TrashListing:
    """Return what is in the trash of these folders themselves, not of those below; no image is read."""
    items: list[TrashItem] = []
    broken: list[TrashError] = []
    for folder in sorted(set(folders)):
        for entry in entries_in(folder):
            if isinstance(entry, TrashError):
                broken.append(entry)
            else:
                items.append(_item(entry))
    items.sort(key=lambda item: item.entry.id, reverse=True)
    return TrashListing(tuple(items), tuple(broken))


def _item(entry: TrashEntry) -> TrashItem:
    problem = ""
    is_free = is_home_taken_by_replacement(entry) or is_home_already(entry)
    if os.path.lexists(entry.home_path) and not is_free:
        problem = f"a file called {display_name(entry.home_path.name)} is in the way"
    title = read_file_title(entry.name).title
    return TrashItem(entry, title, freed_bytes(entry), is_recorded(entry), problem)

"""The contents of trashes: found below folders, and listed with what can be done about each title."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.folder import (
    Ownership,
    is_trash_name,
    not_ours,
    trash_names,
    user_id,
    why_not_opened,
)
from discpress.engine.convert.trash.held import EntryState, hold, remove_same_folder
from discpress.engine.convert.trash.leftovers import is_left, sweep
from discpress.engine.convert.trash.schema import read_held
from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.errors import DiscpressError, TrashError
from discpress.engine.names import display_name
from discpress.engine.system.files import facts_at, same_file
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.system.held_folder import HeldFolder, is_same_state


class OthersTrashError(TrashError):
    """A trash of another user that cannot be looked into: nothing is wrong, and nothing in it is ours."""


def entries_in(folder: Path, *, is_reading: bool = True) -> Iterator[TrashEntry | TrashError]:
    """Return the entries of one folder's trashes, oldest first; unreadable ones as their errors.

    Those of other users have a `problem`. With `is_reading` nothing is written to find that out: on a share or on FAT
    they may seem to be ours until something is done with them.
    """
    found: list[tuple[str, TrashEntry | TrashError]] = []
    with contextlib.suppress(OSError), HeldFolder.open(folder) as home:
        for name in trash_names():
            found += _found_in(home, name, is_reading=is_reading)
    found.sort(key=lambda each: each[0])
    yield from (each for _, each in found)


def _found_in(home: HeldFolder, trash_name: str, *, is_reading: bool) -> Iterator[tuple[str, TrashEntry | TrashError]]:
    try:
        trash = home.below(trash_name)
    except FileNotFoundError:
        return
    except OSError as error:
        with contextlib.suppress(OSError):
            yield "", _unopened(home, trash_name, error)
        return
    ownership = Ownership(home, is_reading=is_reading)
    with trash:
        for name in trash.names():
            try:
                entry, *facts = read_held(trash, name)
            except TrashError as error:
                with contextlib.suppress(OSError):
                    if not _is_nothing(trash, name):
                        problem = ownership.why_not(trash.stat(), trash.lstat(name))
                        yield name, _others(trash.path / name, problem) if problem else error
                continue
            if entry.is_there:
                problem = ownership.why_not(trash.stat(), *facts)
                yield name, replace(entry, problem=problem)


def _unopened(home: HeldFolder, name: str, error: OSError) -> TrashError:
    found = why_not_opened(home, name, error)
    is_of_others = user_id() not in {None, home.lstat(name).st_uid}
    return OthersTrashError(str(found), hint=found.hint) if is_of_others else found


def _others(path: Path, problem: str) -> TrashError:
    found = not_ours(path, problem)
    return OthersTrashError(str(found), hint=found.hint)


def _is_nothing(trash: HeldFolder, name: str) -> bool:
    """Return whether a name in a trash is no entry: one that was only begun, or a file of a file manager."""
    try:
        with trash.below(name) as folder:
            return is_left(folder)
    except NotADirectoryError:
        return name.startswith(".")
    except OSError:
        return False


def find_entries(folders: Iterable[Path], *, is_reading: bool = True) -> Iterator[TrashEntry | TrashError]:
    """Return the entries of every trash in and below some folders, following no symbolic links.

    A folder that cannot be searched is an error; one below it, as the lost+found of a disk, is passed by.
    """
    for folder in folders:
        unread: list[OSError] = []
        for root in _trash_roots(folder, unread.append):
            yield from entries_in(root, is_reading=is_reading)
        for error in unread:
            if error.filename == str(folder):
                yield TrashError(f"{display_name(folder)}: cannot be searched: {error.strerror}")


def find_homes(folders: Iterable[Path]) -> list[Path]:
    """Return the folders, in and below some folders, that a trash is in."""
    return [home for folder in folders for home in _trash_roots(folder)]


def _trash_roots(folder: Path, on_error: Callable[[OSError], None] = lambda error: None) -> Iterator[Path]:
    for root, names, _ in os.walk(folder, onerror=on_error):
        if any(is_trash_name(name) for name in names):
            yield Path(root)
        names[:] = sorted(name for name in names if not name.startswith("."))


def find_half_undone(homes: Iterable[Path]) -> list[TrashEntry]:
    """Return our entries in the trashes of some folders whose undo was stopped after it had begun to put files back."""
    return [entry for entry in _all_described(homes) if is_half_undone(entry)]


def _all_described(homes: Iterable[Path]) -> Iterator[TrashEntry]:
    for folder in homes:
        for trash_name in trash_names():
            with contextlib.suppress(OSError), HeldFolder.open(folder) as home, home.below(trash_name) as trash:
                for name in trash.names():
                    with contextlib.suppress(TrashError):
                        yield read_held(trash, name)[0]


def is_half_undone(entry: TrashEntry) -> bool:
    """Return whether an undo of an entry of ours was stopped after it had begun to put files back."""
    if not any(os.path.lexists(entry.folder / name) for name in entry.undo_markers):
        return False
    try:
        with hold(entry) as held:
            return held.state() is EntryState.UNDOING
    except (DiscpressError, OSError):
        return False


def sweep_trash_in(folder: Path) -> None:
    """Remove from our trashes in a folder what moves that were only begun left, and the trashes that are empty then."""
    for trash_name in trash_names():
        with contextlib.suppress(OSError), HeldFolder.open(folder) as home, home.below(trash_name) as trash:
            if not Ownership(home).why_not(trash.stat()):
                for name in trash.names():
                    sweep(home, trash, name)
                remove_same_folder(home, trash_name, trash)


def freed_bytes(entry: TrashEntry) -> int:
    """Return what removing the trashed files would free: nothing for those that have other names, or are gone."""
    total = 0
    for file in entry.files:
        with contextlib.suppress(OSError):
            facts = (entry.folder / file.stored).lstat()
            total += facts.st_size if facts.st_nlink == 1 else 0
    return total


def is_recorded(entry: TrashEntry) -> bool:
    """Return whether the replacement is there and is, by size, time and a stable inode, what was recorded."""
    found = [(each, facts_at(entry.place_of(each))) for each in entry.replacements]
    if all(each.is_recorded(facts) for each, facts in found):
        return True
    is_alike = all(each.is_recorded(facts, by_inode=False) for each, facts in found)
    return is_alike and not filesystem_of(entry.replacement_path).has_stable_inodes


@dataclass(frozen=True, slots=True)
class TrashItem:
    """One title in the trash, as it is now."""

    entry: TrashEntry
    """Its description: original path, bytes, replacement, time, reason."""
    title: str
    """The game by the file's name."""
    freed_bytes: int
    """The space that its removal would free; 0 if its files have other names."""
    is_replacement_there: bool
    """Whether the replacement is the very file that was recorded; a purge decodes it whole all the same."""
    undo_problem: str
    """The reason to refuse an undo, as a clause; empty if nothing is in its way."""
    is_undo_stopped: bool = False
    """Whether an undo of it was stopped, so that nothing else can be done about it."""


@dataclass(frozen=True, slots=True)
class TrashListing:
    """The trashed files of some folders."""

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
            if isinstance(entry, TrashEntry):
                items.append(item_of(entry))
            elif not isinstance(entry, OthersTrashError):
                broken.append(entry)
    items.sort(key=lambda item: item.entry.id, reverse=True)
    return TrashListing(tuple(items), tuple(broken))


def item_of(entry: TrashEntry) -> TrashItem:
    """Return an entry as it is now."""
    problem = entry.problem
    for file in entry.files:
        if not problem and _is_in_the_way(entry, entry.home / file.name, entry.folder / file.stored):
            problem = f"a file called {display_name(Path(file.name).name)} is in the way"
    title = read_file_title(entry.name).title
    return TrashItem(entry, title, freed_bytes(entry), is_recorded(entry), problem)


def _is_in_the_way(entry: TrashEntry, home_path: Path, stored_path: Path) -> bool:
    """Return whether a file has a stored one's name at home, and is neither that file itself nor its replacement."""
    at_home, stored = facts_at(home_path), facts_at(stored_path)
    if at_home is None or stored is None or same_file(at_home, stored):
        return False
    if is_same_state(at_home, stored) and not filesystem_of(stored_path).has_stable_inodes:
        return False  # maybe two names of one file, numbered apart: an undo compares their bytes
    replaced = (facts_at(entry.place_of(each)) for each in entry.replacements)
    return not any(facts is not None and same_file(at_home, facts) for facts in replaced)

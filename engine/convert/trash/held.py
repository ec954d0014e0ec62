"""One entry of the trash, held open and locked for work: where its files are, and what a crash left.

Each file of an entry is in one of these places:

    STORED   in the entry
    BOTH     in the entry and at home, one file: between the link and the unlink that stand in for a rename
    HOME     at home only, unchanged
    AWAY     neither: removed, moved on, or changed at home

and the entry, with its marker of a begun undo, in one of these states:

    marker  files               state    after                   what is done about it
    any     all STORED or BOTH  WHOLE    a move, a begun undo    undo; purge, unless some are STORED and some BOTH
    no      some STORED,        PARTLY   a move to the trash     the conversion's next run moves the rest
            the rest HOME                that was stopped        (finish_move); undo puts back what is stored;
                                                                 purge refuses
    no      some STORED,        PARTLY   a purge that was        purge proves the replacement again and goes on;
            the rest AWAY                stopped                 undo puts back what is left, nothing else moves
    yes     not all STORED      UNDOING  an undo that was        finish_undo puts the rest back, then moves the
                                         stopped                 replacement, then removes the description
    no      none STORED         LEFT     a move only begun, or   nothing is in the trash, nothing is listed; the
                                         the end of an undo or   next undo or emptying removes the description and,
                                         purge                   if all are HOME, takes back the playlists' change

The order of calls allows no other state: a description is on the disk before the first file comes; the main file is in
the trash, on the disk, before another file of its title follows; the marker is on the disk before the first file goes
home; files are on the disk at home, or their removal is, before the marker and then the description go. If a
description cannot be read, nothing in its folder is touched, and it is reported unless nothing else is there.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from enum import StrEnum
from pathlib import PurePosixPath

from discpress.engine.convert.playlists.rewrite import drop_draft, rewrite
from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashedFile, TrashEntry, is_met
from discpress.engine.convert.trash.folder import Ownership, not_ours
from discpress.engine.convert.trash.schema import read_held
from discpress.engine.errors import TrashError, from_os_error
from discpress.engine.names import display_name, shell_word
from discpress.engine.system.files import absolute, same_file
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.system.held_folder import HeldFolder, is_same_state
from discpress.engine.system.locks import Lock, try_lock

LOCK_NAME_1 = ".discpress-lock"
"""Versions before left a lock of this name in an entry, on file systems without links."""


class GoneError(TrashError):
    """An entry is not in the trash any more."""


class FilePlace(StrEnum):
    """The place of a file of an entry."""

    STORED = "stored"
    BOTH = "both"
    HOME = "home"
    AWAY = "away"


class EntryState(StrEnum):
    """The parts of an entry."""

    WHOLE = "whole"
    PARTLY = "partly"
    UNDOING = "undoing"
    LEFT = "left"


class HeldEntry:
    """An entry whose folders are open: all is done in them, whatever is put under their names meanwhile."""

    def __init__(self, entry: TrashEntry, home: HeldFolder, trash: HeldFolder, folder: HeldFolder) -> None:
        """Take over the open folders."""
        self.entry = entry
        self.home = home
        self.trash = trash
        self.folder = folder
        self._homes: dict[tuple[str, ...], HeldFolder] = {}
        self.has_stable_inodes = filesystem_of(folder.path).has_stable_inodes
        self.has_inodes = entry.folder_ino == folder.stat().st_ino and self.has_stable_inodes
        self._copies: dict[TrashedFile, tuple[os.stat_result, os.stat_result]] = {}

    def close(self) -> None:
        """Close the folders."""
        for each in (*self._homes.values(), self.folder, self.trash, self.home):
            each.close()

    def lock(self) -> None:
        """Keep other processes from this entry; TrashError if one is at it. Some file systems know no such locks."""
        if self.folder.fd is None:
            return
        with contextlib.suppress(OSError):
            if try_lock(self.folder.fd) is Lock.TAKEN:
                raise TrashError(
                    f"{display_name(self.entry.home_path)}: another discpress is working on this entry of the trash",
                    hint="wait until it has finished, then try again",
                )

    def home_of(self, file: TrashedFile, *, make: bool = False) -> HeldFolder:
        """Return the folder that a file comes from, made again if asked for. OSError: it is gone, or a link."""
        folder, parts = self.home, PurePosixPath(file.name).parts[:-1]
        for number, part in enumerate(parts, 1):
            known = self._homes.get(parts[:number])
            if known is None:
                if make and folder.find(part) is None:
                    folder.make_folder(part, 0o777)
                    folder.sync()
                known = self._homes[parts[:number]] = folder.below(part)
            folder = known
        return folder

    def stored(self, file: TrashedFile) -> os.stat_result | None:
        """Return the stat result of a file in the entry; None if it is not there. OSError."""
        return self.folder.find(file.stored)

    def at_home(self, file: TrashedFile) -> os.stat_result | None:
        """Return the stat result of whatever has a file's name at home; None if nothing has. OSError."""
        try:
            return self.home_of(file).find(PurePosixPath(file.name).name)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def is_as_recorded(self, file: TrashedFile, facts: os.stat_result | None) -> bool:
        """Return whether a stat result is that of the file as it was moved; inodes count only if they are stable."""
        return (
            facts is not None
            and stat.S_ISREG(facts.st_mode)
            and (facts.st_size, facts.st_mtime_ns) == (file.size_bytes, file.mtime_ns)
            and (not self.has_inodes or file.ino is None or facts.st_ino == file.ino)
        )

    def place_of(self, file: TrashedFile) -> FilePlace:
        """Return where a file is. OSError."""
        stored, at_home = self.stored(file), self.at_home(file)
        if stored is not None:
            is_both = at_home is not None and (same_file(stored, at_home) or self._is_copy(file, stored, at_home))
            return FilePlace.BOTH if is_both else FilePlace.STORED
        return FilePlace.HOME if self.is_as_recorded(file, at_home) else FilePlace.AWAY

    def _is_copy(self, file: TrashedFile, stored: os.stat_result, at_home: os.stat_result) -> bool:
        """Return whether the file at home has all bytes of the stored one: shares may number two names of a file apart.

        Both are read whole, because then the stored name goes. OSError.
        """
        if self.has_stable_inodes or not (self.is_as_recorded(file, stored) and self.is_as_recorded(file, at_home)):
            return False
        known = self._copies.get(file)
        if known is not None and all(map(is_same_state, known, (stored, at_home))):
            return True
        if not self.folder.is_same_content(file.stored, self.home_of(file), PurePosixPath(file.name).name):
            return False
        self._copies[file] = (stored, at_home)
        return True

    def places(self) -> dict[TrashedFile, FilePlace]:
        """Return where each file is. OSError."""
        return {file: self.place_of(file) for file in self.entry.files}

    def state(self) -> EntryState:
        """Return the state of the entry. OSError."""
        is_stored = [self.stored(file) is not None for file in self.entry.files]
        if all(is_stored):
            return EntryState.WHOLE
        if self.has_marker():
            return EntryState.UNDOING
        return EntryState.PARTLY if any(is_stored) else EntryState.LEFT

    def has_marker(self) -> bool:
        """Return whether an undo was begun: the marker is an empty file, and the name of no stored one. OSError."""
        return any(is_empty_file(self.folder.find(name)) for name in self._free_markers())

    def _free_markers(self) -> list[str]:
        stored = [file.stored for file in self.entry.files if self.stored(file) is not None]
        return [name for name in self.entry.undo_markers if not any(is_met(name, each) for each in stored)]

    def begin_undo(self) -> None:
        """Note, on the disk, that the files are about to be put back, for whoever finds them half put back. OSError."""
        if not self.has_marker():
            os.close(self.folder.make_file(self.entry.undo_marker))
        self.folder.sync()

    def rewrite_texts(self, *, restores: bool = False) -> dict[str, str]:
        """Make the edits of the entry's playlists or take them back; return by name why not, or nothing. OSError."""
        problems = {}
        for edit in self.entry.texts:
            with self.home.below("..") if edit.is_above else self.home.again(self.home.path) as folder:
                made = edit.reversed if restores else edit
                problems[edit.name] = rewrite(made, folder, self.folder, restores=restores)
        return problems

    def drop_marker(self) -> None:
        """Take the note of an undo back that did not happen; quietly: it does no harm while all files are stored."""
        with contextlib.suppress(OSError):
            for name in self._free_markers():
                self._drop_empty(name)

    def drop(self) -> None:
        """Remove what describes the entry, and the folders that are empty then; nothing while a file is stored."""
        with contextlib.suppress(OSError):
            if any(self.stored(file) is not None for file in self.entry.files):
                return
            drop_draft(self.folder)
            dropped = [self._drop_empty(name) for name in self.entry.undo_markers]
            if any(dropped):
                self.folder.sync()  # it must not be left without the description
            self._drop_empty(LOCK_NAME_1)
            described = self.folder.find(ENTRY_NAME)
            if described is not None and stat.S_ISREG(described.st_mode):
                self.folder.unlink_same(ENTRY_NAME, described)
            remove_same_folder(self.trash, self.entry.id, self.folder)
            remove_same_folder(self.home, self.trash.path.name, self.trash)  # only when it was the last one

    def _drop_empty(self, name: str) -> bool:
        facts = self.folder.find(name)
        return facts is not None and is_empty_file(facts) and self.folder.unlink_same(name, facts)


@contextlib.contextmanager
def hold(entry: TrashEntry) -> Iterator[HeldEntry]:
    """Open an entry for work and keep other processes from it.

    TrashError if it is gone, not ours, at work in another process, or not what was read; StorageError.
    """
    with contextlib.ExitStack() as stack:
        try:
            home = stack.enter_context(HeldFolder.open(entry.home))
            try:
                trash = stack.enter_context(home.below(entry.folder.parent.name))
                folder = stack.enter_context(trash.below(entry.id))
            except FileNotFoundError as error:
                raise gone(entry) from error
            held = HeldEntry(entry, home, trash, folder)
            stack.callback(held.close)
            held.lock()
            found, facts, described = read_held(trash, entry.id)
            if found != entry or not same_file(facts, folder.stat()):
                raise TrashError(
                    f"{display_name(entry.folder)}: this entry of the trash was changed meanwhile",
                    hint=f"look at it again: discpress trash list {shell_word(absolute(entry.home))}",
                )
            problem = Ownership(home).why_not(trash.stat(), facts, described)
        except OSError as error:
            raise from_os_error(error, entry.folder, "open it") from error
        if problem:
            raise not_ours(entry.folder, problem)
        yield held


def gone(entry: TrashEntry) -> GoneError:
    """Return the error about an entry that is no more."""
    return GoneError(f"{display_name(entry.home_path)}: it is not in the trash any more")


def remove_same_folder(parent: HeldFolder, name: str, held: HeldFolder) -> None:
    """Remove an empty folder if its name still leads to it. OSError."""
    if same_file(parent.lstat(name), held.stat()):
        parent.remove_folder(name)


def is_empty_file(facts: os.stat_result | None) -> bool:
    """Return whether a stat result is that of an empty regular file."""
    return facts is not None and stat.S_ISREG(facts.st_mode) and facts.st_size == 0

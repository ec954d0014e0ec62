"""The leftovers of moves into the trash that were only begun: found, taken back and removed."""

import contextlib
import stat
import time

from discpress.engine.convert.playlists.rewrite import DRAFT_NAME
from discpress.engine.convert.trash.entry import ENTRY_NAME
from discpress.engine.convert.trash.folder import is_like
from discpress.engine.convert.trash.held import LOCK_NAME_1, FilePlace, HeldEntry, is_empty_file, remove_same_folder
from discpress.engine.convert.trash.schema import read_held
from discpress.engine.errors import TrashError
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.locks import Lock, try_lock

_REMOTE_REST_S = 24 * 3600
"""Locks of folders do not keep other machines away: what such a machine is at is younger than this."""


def is_left(folder: HeldFolder) -> bool:
    """Return whether an entry's folder holds at most a description of nothing, or a lock. OSError."""
    names = set(folder.names())
    return names <= {ENTRY_NAME, DRAFT_NAME} or (names == {LOCK_NAME_1} and is_empty_file(folder.find(LOCK_NAME_1)))


def sweep(home: HeldFolder, trash: HeldFolder, name: str) -> None:
    """Remove what a move that was only begun left in a trash of ours, unless anything else, or anybody, is in there.

    The playlists that it had changed name the original again.
    """
    with contextlib.suppress(OSError), trash.below(name) as folder:
        facts = folder.stat()
        is_ours = folder.fd is not None and is_like(facts, trash.stat())
        if folder.fd is None or not is_ours or try_lock(folder.fd) is not Lock.HELD or not is_left(folder):
            return
        if time.time() - facts.st_mtime < _REMOTE_REST_S and filesystem_of(folder.path).is_remote:
            return
        _restore_texts(home, trash, folder)
        for each in folder.names():
            found = folder.lstat(each)
            if stat.S_ISREG(found.st_mode):
                folder.unlink_same(each, found)
        remove_same_folder(trash, name, folder)


def _restore_texts(home: HeldFolder, trash: HeldFolder, folder: HeldFolder) -> None:
    """Take back the edits of the playlists, if no file was moved: after a purge they name the result. OSError."""
    with contextlib.suppress(TrashError):
        entry = read_held(trash, folder.path.name)[0]
        with contextlib.closing(
            HeldEntry(entry, home.again(home.path), trash.again(trash.path), folder.again(folder.path))
        ) as held:
            if entry.texts and set(held.places().values()) == {FilePlace.HOME}:
                held.rewrite_texts(restores=True)

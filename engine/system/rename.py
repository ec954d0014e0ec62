"""Renames that never clobber, and the syncs that make them last."""

import contextlib
import ctypes
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from engine.system.files import same_file, sync_file
from engine.system.locks import Lock, try_lock

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1  # linux/fs.h
_RENAME_EXCL = 4  # sys/stdio.h of macOS
_NOT_HERE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
# FAT answers EPERM to link(2), file systems with one name a file EMLINK.
_NO_LINKS = _NOT_HERE | {errno.EPERM, errno.EMLINK}
LOCK_TIMEOUT_S = 30.0  # it is held for a moment, but by a process that may be stopped just then
_LOCK_POLL_S = 0.05
RENAMES_OPEN_FILES = sys.platform != "win32"
"""Whether an open file can be renamed and removed; on Windows it must be closed first."""


def rename_new(source: Path, target: Path) -> None:
    """Rename within one file system; FileExistsError where `target` exists, OSError otherwise.

    Tries renameat2(RENAME_NOREPLACE), then link + unlink, then lstat + rename under the lock of the folder.
    A crash between link and unlink leaves two names of one inode; the new one is on the disk before the old one goes.
    """
    if sys.platform == "win32":
        source.rename(target)  # MoveFile does not replace
        return
    try:
        _rename_exclusive(source, target)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        _rename_by_link(source, target)


def _rename_exclusive(source: Path, target: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = os.fsencode(source), os.fsencode(target)
    try:
        if sys.platform == "darwin":
            failed = libc.renamex_np(*arguments, _RENAME_EXCL)
        else:
            failed = libc.renameat2(_AT_FDCWD, arguments[0], _AT_FDCWD, arguments[1], _RENAME_NOREPLACE)
    except AttributeError as error:
        raise OSError(errno.ENOSYS, "no exclusive rename in this C library") from error
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source), None, str(target))


def _rename_by_link(source: Path, target: Path) -> None:
    facts = source.lstat()
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_under_lock(source, target)
        return
    # Some shares (sshfs) number each name of a file anew: each is known by its own number.
    linked = target.lstat()
    try:
        sync_folder(target.parent)
    except OSError:
        remove_same(target, linked)
        raise
    remove_same(source, facts)


def _rename_under_lock(source: Path, target: Path) -> None:
    with _locked(target.parent):
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        source.rename(target)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder; TimeoutError when another process has it for LOCK_TIMEOUT_S.

    The folder itself is locked (flock(2) takes any open file): a lock file would need a name, which a user's file or a
    link may have already. Without locks the rename goes on: the names that two runs may both want are kept apart by
    their parts, and other programs take no lock anyway.
    """
    fd = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while try_lock(fd) is Lock.TAKEN:
            if time.monotonic() >= deadline:
                raise TimeoutError("another process holds the lock of this folder")
            time.sleep(_LOCK_POLL_S)
        yield
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; a file system that cannot sync folders (EINVAL, ENOTSUP) is let pass."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    try:
        sync_file(fd)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}:
            raise
    finally:
        os.close(fd)


def remove_same(path: Path, facts: os.stat_result) -> bool:
    """Remove a name that leads to the very file that a stat result is of; return whether it did. OSError."""
    try:
        if not same_file(facts, path.lstat()):
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def remove_open(path: Path, fd: int) -> bool:
    """Close a file and remove its name, as `remove_same` does, in the order that the system wants."""
    try:
        facts = os.fstat(fd)
        if RENAMES_OPEN_FILES:
            return remove_same(path, facts)
    finally:
        os.close(fd)
    return remove_same(path, facts)

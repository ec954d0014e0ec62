"""Renames that never clobber, and the syncs that make them last."""

import contextlib
import ctypes
import errno
import os
import sys
from pathlib import Path

from filelock import FileLock

from engine.system.files import sync_file

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1  # linux/fs.h
_RENAME_EXCL = 4  # sys/stdio.h of macOS
_NOT_HERE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
# FAT answers EPERM to link(2), file systems with one name a file EMLINK.
_NO_LINKS = _NOT_HERE | {errno.EPERM, errno.EMLINK}
LOCK_NAME = ".discpress-lock"
LOCK_TIMEOUT_S = 30.0  # it is held for a moment, but by a process that may be stopped just then
RENAMES_OPEN_FILES = sys.platform != "win32"
"""Whether an open file can be renamed and removed; on Windows it must be closed first."""


def rename_new(source: Path, target: Path) -> None:
    """Rename within one file system; FileExistsError where `target` exists, OSError otherwise.

    Tries renameat2(RENAME_NOREPLACE), then link + unlink, then lstat + rename under a lock in the folder.
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
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_under_lock(source, target)
        return
    try:
        sync_folder(target.parent)
    except OSError:
        target.unlink()
        raise
    source.unlink()


def _rename_under_lock(source: Path, target: Path) -> None:
    with FileLock(target.parent / LOCK_NAME, timeout=LOCK_TIMEOUT_S):
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        source.rename(target)


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


def remove_open(path: Path, fd: int) -> None:
    """Remove the name of a file that this process has open, and close it, in the order that the system wants."""
    if not RENAMES_OPEN_FILES:
        os.close(fd)
        path.unlink()
        return
    try:
        path.unlink()
    finally:
        os.close(fd)


def remove_quietly(path: Path) -> None:
    """Unlink a file of ours that may be gone already."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()

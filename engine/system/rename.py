"""Renames that never replace a file, and the syncs that make them durable."""

import contextlib
import errno
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from discpress.engine.system.files import same_file, sync_file
from discpress.engine.system.locks import Lock, try_lock

_AT_FDCWD = -100
_AT_FDCWD_OF_MACOS = -2
_RENAME_NOREPLACE = 1  # linux/fs.h
_RENAME_EXCL = 4  # sys/stdio.h of macOS
_NOT_HERE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
# FAT returns EPERM for link(2), file systems with one name per file EMLINK.
_NO_LINKS = _NOT_HERE | {errno.EPERM, errno.EMLINK}
LOCK_TIMEOUT_S = 30.0  # held only briefly, but its process may be stopped just then
_LOCK_POLL_S = 0.05
_DRAFT_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
RENAMES_OPEN_FILES = sys.platform != "win32"
"""Whether an open file can be renamed and removed; on Windows it must be closed first."""


def draft_of(path: Path) -> Path:
    """Return a hidden name next to a file that is written under it, until it is whole."""
    import secrets  # noqa: PLC0415 - 3 ms with its digests, which a command that writes nothing does without

    return path.with_name(f".discpress-{secrets.token_hex(6)}")


def write_draft(
    draft: Path, data: bytes, mode: int, prepare: Callable[[int], object] = lambda fd: None
) -> os.stat_result:
    """Write a new file with the bits of `mode`, as far as the umask allows, and sync it; return its stat.

    `prepare` gets the open file before the sync. An OSError leaves no file.
    """
    fd = os.open(draft, _DRAFT_FLAGS, mode)
    facts = os.fstat(fd)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            prepare(fd)
            sync_file(fd)
            return os.fstat(fd)
    except BaseException:
        remove_same(draft, facts)
        raise


def rename_new(source: Path, target: Path, source_fd: int | None = None, target_fd: int | None = None) -> None:
    """Rename within one file system; FileExistsError if `target` exists, OSError otherwise.

    Tries renameat2(RENAME_NOREPLACE), then link + unlink, then lstat + rename under the lock of the folder.
    A crash between link and unlink leaves two names of one inode; the new one is on the disk before the old one is
    removed.
    With a descriptor of its folder, only the last part of a path is used, below that folder; the rest is for messages.
    """
    names = _Names(source, target, source_fd, target_fd)
    if sys.platform == "win32":
        names.rename()  # MoveFile does not replace
        return
    try:
        _rename_exclusive(source, target, source_fd, target_fd)
    except OSError as error:
        if error.errno not in _NOT_HERE:
            raise
        _rename_by_link(names)


def move_new(source: Path, target: Path, source_fd: int | None = None, target_fd: int | None = None) -> None:
    """Do the same in a target folder that only this process writes to: without links and locks, but exclusive if
    possible."""
    if sys.platform != "win32":
        try:
            _rename_exclusive(source, target, source_fd, target_fd)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
        else:
            return
    names = _Names(source, target, source_fd, target_fd)
    names.check_free()
    names.rename()


class _Names(NamedTuple):
    """Source and target of a rename, each below a held folder or by its path."""

    source: Path
    target: Path
    source_fd: int | None
    target_fd: int | None

    @property
    def source_name(self) -> str | Path:
        return self.source if self.source_fd is None else self.source.name

    @property
    def target_name(self) -> str | Path:
        return self.target if self.target_fd is None else self.target.name

    def rename(self) -> None:
        os.rename(self.source_name, self.target_name, src_dir_fd=self.source_fd, dst_dir_fd=self.target_fd)

    def link(self) -> None:
        os.link(
            self.source_name,
            self.target_name,
            src_dir_fd=self.source_fd,
            dst_dir_fd=self.target_fd,
            follow_symlinks=False,
        )

    def check_free(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.stat(self.target_name, dir_fd=self.target_fd, follow_symlinks=False)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.target))

    def sync_target(self) -> None:
        if self.target_fd is None:
            sync_folder(self.target.parent)
        else:
            sync_folder_fd(self.target_fd)


def _rename_exclusive(source: Path, target: Path, source_fd: int | None, target_fd: int | None) -> None:
    import ctypes  # noqa: PLC0415 - 4 ms, as above

    libc = ctypes.CDLL(None, use_errno=True)
    names = _Names(source, target, source_fd, target_fd)
    here = _AT_FDCWD_OF_MACOS if sys.platform == "darwin" else _AT_FDCWD
    arguments = (
        here if source_fd is None else source_fd,
        os.fsencode(names.source_name),
        here if target_fd is None else target_fd,
        os.fsencode(names.target_name),
    )
    try:
        if sys.platform == "darwin":
            failed = libc.renameatx_np(*arguments, _RENAME_EXCL)
        else:
            failed = libc.renameat2(*arguments, _RENAME_NOREPLACE)
    except AttributeError as error:
        raise OSError(errno.ENOSYS, "no exclusive rename in this C library") from error
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source), None, str(target))


def _rename_by_link(names: _Names) -> None:
    facts = os.stat(names.source_name, dir_fd=names.source_fd, follow_symlinks=False)
    try:
        names.link()
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename_under_lock(names)
        return
    # Some shares (sshfs) give each name of a file its own number.
    linked = os.stat(names.target_name, dir_fd=names.target_fd, follow_symlinks=False)
    try:
        names.sync_target()
    except OSError:
        remove_same(names.target, linked, names.target_fd)
        raise
    remove_same(names.source, facts, names.source_fd)


def _rename_under_lock(names: _Names) -> None:
    with locked_folder(names.target.parent, names.target_fd):
        names.check_free()
        names.rename()


@contextlib.contextmanager
def locked_folder(folder: Path, folder_fd: int | None) -> Iterator[None]:
    """Hold the lock of a folder. Raises TimeoutError if another process has it for LOCK_TIMEOUT_S.

    The folder itself is locked (flock(2) takes any open file), because a lock file needs a name, which a user's file or
    a link may have. Without locks the rename continues: parts separate the names of two runs, and other programs take
    no lock anyway.
    """
    if sys.platform == "win32":  # no folder can be opened
        yield
        return
    fd = os.open("." if folder_fd is not None else folder, _FOLDER_FLAGS, dir_fd=folder_fd)
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
    """Sync the names in a folder; file systems that cannot sync folders (EINVAL, ENOTSUP) are tolerated."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, _FOLDER_FLAGS)
    try:
        sync_folder_fd(fd)
    finally:
        os.close(fd)


def sync_folder_fd(fd: int) -> None:
    """Do the same for an open folder."""
    try:
        sync_file(fd)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}:
            raise


def remove_same(path: Path, facts: os.stat_result, folder_fd: int | None = None) -> bool:
    """Remove a name if it leads to the file of a stat result; return whether it did. OSError.

    With a descriptor of its folder, only the last part of the path is used, below that folder.
    """
    name = path if folder_fd is None else path.name
    try:
        if not same_file(facts, os.stat(name, dir_fd=folder_fd, follow_symlinks=False)):
            return False
        os.unlink(name, dir_fd=folder_fd)
    except FileNotFoundError:
        return False
    return True


def remove_open(path: Path, fd: int) -> bool:
    """Close a file and remove its name, as `remove_same` does, in the order that the system requires."""
    try:
        facts = os.fstat(fd)
        if RENAMES_OPEN_FILES:
            return remove_same(path, facts)
    finally:
        os.close(fd)
    return remove_same(path, facts)

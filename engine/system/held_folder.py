"""Folders held open, so that work stays in that very folder even if its path is replaced meanwhile.

On systems without calls relative to a folder (Windows), paths are used; a link in the folder's place is refused too.
"""

import contextlib
import errno
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from discpress.engine.system.files import same_file
from discpress.engine.system.rename import move_new, rename_new, sync_folder, sync_folder_fd

_HAS_DIR_FD = os.supports_dir_fd >= {os.open, os.mkdir, os.rename, os.stat, os.unlink, os.rmdir} and hasattr(
    os, "O_DIRECTORY"
)
_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FILE_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | _NO_LINK
# Without it, opening a FIFO would block forever.
_READ_FLAGS = os.O_RDONLY | _FILE_FLAGS | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
_PART_BYTES = 1024 * 1024
_LINK_TAGS = {0xA000000C, 0xA0000003}  # symbolic links and junctions of Windows (IO_REPARSE_TAG_*, winnt.h)


class HeldFolder:
    """An open folder. `path` names it in messages, and on systems without calls relative to a folder."""

    def __init__(self, path: Path, fd: int | None) -> None:
        """Take over an open descriptor; use `open` and `below` instead."""
        self.path = path
        self.fd = fd

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a folder by its path, through links as the user wrote it. OSError."""
        if not _HAS_DIR_FD:
            _check_folder(path.stat(), path)
            return cls(path, None)
        return cls(path, os.open(path, _FOLDER_FLAGS))

    def again(self, path: Path) -> "HeldFolder":
        """Open the same folder once more, under another path of it. OSError."""
        return HeldFolder(path, None if self.fd is None else os.open(".", _FOLDER_FLAGS, dir_fd=self.fd))

    def below(self, name: str) -> "HeldFolder":
        """Open a folder in this one; OSError (ENOTDIR, ELOOP) for a link or a file of that name."""
        path = self.path / name
        if self.fd is None:
            _check_folder(path.lstat(), path)
            return HeldFolder(path, None)
        return HeldFolder(path, os.open(name, _FOLDER_FLAGS | _NO_LINK, dir_fd=self.fd))

    def stat(self) -> os.stat_result:
        """Return the stat result of the folder itself. OSError."""
        return self.path.lstat() if self.fd is None else os.fstat(self.fd)

    def names(self) -> list[str]:
        """Return the names in the folder, sorted. OSError."""
        return sorted(os.listdir(self.path if self.fd is None else self.fd))  # noqa: PTH208 - no Path method

    def lstat(self, name: str) -> os.stat_result:
        """Return the stat result of a name in the folder, of a link itself. OSError."""
        if self.fd is None:
            return (self.path / name).lstat()
        return os.stat(name, dir_fd=self.fd, follow_symlinks=False)

    def find(self, name: str) -> os.stat_result | None:
        """Return the same as `lstat`; None if there is no such name. OSError if that is unknown."""
        try:
            return self.lstat(name)
        except FileNotFoundError:
            return None

    def make_folder(self, name: str, mode: int = _PRIVATE_FOLDER) -> None:
        """Create a folder in this one, private by default. OSError."""
        if self.fd is None:
            os.mkdir(self.path / name, mode)  # noqa: PTH102
        else:
            os.mkdir(name, mode, dir_fd=self.fd)

    def make_file(self, name: str) -> int:
        """Create a new private file; return its descriptor, open for writing. OSError."""
        return self._open_file(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE_FLAGS)

    def open_file(self, name: str) -> tuple[int, os.stat_result]:
        """Open a regular file for reading; return descriptor and stat result. OSError for links and all else."""
        fd = self._open_file(name, _READ_FLAGS)
        try:
            facts = os.fstat(fd)
            if not stat.S_ISREG(facts.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", str(self.path / name))
        except BaseException:
            os.close(fd)
            raise
        return fd, facts

    def is_same_content(self, name: str, other: "HeldFolder", other_name: str) -> bool:
        """Return whether two files, one in this folder and one in another, have the same bytes. OSError."""
        with os.fdopen(self.open_file(name)[0], "rb") as one, os.fdopen(other.open_file(other_name)[0], "rb") as two:
            while part := one.read(_PART_BYTES):
                if two.read(_PART_BYTES) != part:
                    return False
            return not two.read(1)

    def _open_file(self, name: str, flags: int) -> int:
        if self.fd is None:
            return os.open(self.path / name, flags, _PRIVATE_FILE)
        return os.open(name, flags, _PRIVATE_FILE, dir_fd=self.fd)

    def unlink(self, name: str) -> None:
        """Remove a name that is not a folder. OSError."""
        if self.fd is None:
            (self.path / name).unlink()
        else:
            os.unlink(name, dir_fd=self.fd)

    def unlink_same(self, name: str, facts: os.stat_result) -> bool:
        """Remove a name if it still leads to the file with this stat result; return whether it did. OSError."""
        now = self.find(name)
        if now is None or not same_file(now, facts) or not is_same_state(now, facts):
            return False
        self.unlink(name)
        return True

    def remove_folder(self, name: str) -> None:
        """Remove an empty folder. OSError."""
        if self.fd is None:
            (self.path / name).rmdir()
        else:
            os.rmdir(name, dir_fd=self.fd)

    def rename_new(self, name: str, target: "HeldFolder", target_name: str) -> None:
        """Rename a file into a held folder; FileExistsError if the name exists there. OSError."""
        rename_new(self.path / name, target.path / target_name, self.fd, target.fd)

    def move_new(self, name: str, target: "HeldFolder", target_name: str) -> None:
        """Rename a file into a folder that only this process writes to: needs neither links nor locks. OSError."""
        move_new(self.path / name, target.path / target_name, self.fd, target.fd)

    def replace(self, name: str, target: "HeldFolder", target_name: str) -> None:
        """Rename a file over one in a held folder: the only call here that replaces a file. OSError."""
        if self.fd is None or target.fd is None:
            (self.path / name).replace(target.path / target_name)
        else:
            os.rename(name, target_name, src_dir_fd=self.fd, dst_dir_fd=target.fd)

    def sync(self) -> None:
        """Sync the names in the folder. OSError, final as that of a file."""
        if self.fd is None:
            sync_folder(self.path)
        else:
            sync_folder_fd(self.fd)

    def close(self) -> None:
        """Close the folder; safe to call again."""
        if self.fd is not None:
            held, self.fd = self.fd, None
            with contextlib.suppress(OSError):
                os.close(held)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_same_state(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether two stat results show the same kind, size and time of change: a file that was not written to."""
    return (stat.S_IFMT(one.st_mode), one.st_size, one.st_mtime_ns) == (
        stat.S_IFMT(other.st_mode),
        other.st_size,
        other.st_mtime_ns,
    )


def _check_folder(facts: os.stat_result, path: Path) -> None:
    if not stat.S_ISDIR(facts.st_mode) or getattr(facts, "st_reparse_tag", 0) in _LINK_TAGS:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

"""Positional reads and writes for many threads at once, and the identity of files.

POSIX has preadv and pwrite; elsewhere seek under one lock for the process replaces them.
"""

import contextlib
import errno
import os
import stat
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from discpress.engine.errors import StorageError, from_os_error
from discpress.engine.names import display_name

if sys.platform != "win32":
    import fcntl

Writable: TypeAlias = bytearray | memoryview
Readable: TypeAlias = bytes | bytearray | memoryview

# For paths below a file, Windows reports ENOENT, others ENOTDIR; a name in an archive may be too long.
_NOT_SUCH = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_REFUSALS = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_MOST_BYTES = 2**63 - 1
"""Largest size of a file: the operating system takes no larger offset."""
_SEEK_LOCK = threading.Lock()
_HAS_POSITIONAL = hasattr(os, "preadv") and hasattr(os, "pwrite")
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# Without it, opening a FIFO would block forever before fstat can identify it.
_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Identity and state of a file: equal identities mean that nothing was written in between."""

    dev: int
    """st_dev, the file system's number."""
    ino: int
    """st_ino, the file's number within it."""
    size_bytes: int
    """st_size."""
    mtime_ns: int
    """Time of the last change of the content, ns since the epoch."""
    ctime_ns: int
    """Time of the last change of content or attributes, ns since the epoch."""

    @classmethod
    def of(cls, facts: os.stat_result) -> "FileIdentity":
        """Return the identity that a stat result describes."""
        return cls(facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def is_refused(error: OSError) -> bool:
    """Return whether a file system does not support or not allow a call, as opposed to a failure (EIO, ENOSPC).

    Shares refuse to change files of another owner (EPERM; SMB also EACCES), and many support only some calls.
    """
    return error.errno in _REFUSALS


def identity_at(path: Path) -> FileIdentity:
    """Return the identity of a file from a fresh open.

    Network file systems ask the server when a file is opened, but may answer a plain stat from memory. A file that
    cannot be opened is read by lstat. Raises OSError.
    """
    try:
        fd = os.open(path, _READ_FLAGS | _NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return FileIdentity.of(path.lstat())
    try:
        return FileIdentity.of(os.fstat(fd))
    finally:
        os.close(fd)


def absolute(path: Path) -> Path:
    """Return the absolute path without following links (`resolve` would follow the last one)."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def holder_of(path: Path) -> Path:
    """Return the file of a path: for `games.zip/Okami.iso` the archive, else the path itself.

    A path that continues below a file names a member of that file.
    """
    for each in (path, *path.parents):
        try:
            facts = each.stat()
        except OSError as error:
            if error.errno in _NOT_SUCH:
                continue
            return path
        except ValueError:  # a NUL in the path
            return path
        return each if stat.S_ISREG(facts.st_mode) else path
    return path


def is_there(path: Path) -> bool:
    """Return whether a path exists; a dead mount (ENOTCONN, EIO, ESTALE) counts as missing."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def facts_at(path: Path) -> os.stat_result | None:
    """Return the stat result of a path, not of what a link there leads to; None if nothing can be seen there."""
    try:
        return path.lstat()
    except OSError:
        return None


def device_below(path: Path) -> int:
    """Return the device of a path, or of its nearest existing folder."""
    for folder in (path, *path.parents):
        try:
            return folder.stat().st_dev
        except OSError:
            continue
    return 0


def is_file(path: Path) -> bool:
    """Return whether a path leads to a regular file, as far as this user can tell. It never raises."""
    return os.path.isfile(path)  # noqa: PTH113 - `Path.is_file` raises where a link leads to a forbidden place


def is_folder(path: Path) -> bool:
    """Return whether a path leads to a folder, as far as this user can tell. It never raises."""
    return os.path.isdir(path)  # noqa: PTH112 - as above


def is_file_entry(entry: "os.DirEntry[str]") -> bool:
    """Return whether an entry of a folder leads to a regular file. OSError if that is unknown.

    A link to itself does not, and neither does one to a place where this user may not look or that does not answer.
    """
    try:
        return entry.is_file()
    except OSError:
        if not entry.is_symlink():
            raise
        return False


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether two stat results belong to one inode, under any names."""
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


NO_FOLDER = "no such folder"


def folder_problem(path: Path) -> str:
    """Return the reason why a path is not a readable folder, in a few words; empty if it is one."""
    try:
        facts = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return NO_FOLDER
    except (OSError, ValueError) as error:  # a name may be too long, or contain a zero byte
        return getattr(error, "strerror", None) or str(error)
    return "" if stat.S_ISDIR(facts.st_mode) else NO_FOLDER


def open_regular(path: Path) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; return its descriptor and stat result. Raises StorageError for anything else."""
    try:
        fd = os.open(path, _READ_FLAGS | _NONBLOCK)
    except OSError as error:
        raise from_os_error(error, path, "open it") from error
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise StorageError(
                f"{display_name(path)}: not a regular file",
                hint="give the path of a disc image, or a folder together with -r",
            )
    except OSError as error:
        os.close(fd)
        raise from_os_error(error, path, "read it") from error
    except BaseException:
        os.close(fd)
        raise
    return fd, facts


def read_into(fd: int, buffer: Writable, offset: int) -> int:
    """Fill `buffer` from byte `offset` on and return the number of bytes: fewer only at the file's end.

    An offset that no file reaches is beyond the end, whatever size it has: it may be read from a damaged header.
    """
    view = memoryview(buffer)
    done = 0
    while done < len(view) and offset + len(view) <= _MOST_BYTES:
        if _HAS_POSITIONAL:
            count = os.preadv(fd, [view[done:]], offset + done)
        else:
            with _SEEK_LOCK:
                os.lseek(fd, offset + done, os.SEEK_SET)
                piece = os.read(fd, len(view) - done)
            count = len(piece)
            view[done : done + count] = piece
        if count == 0:
            break
        done += count
    return done


def read_at(fd: int, offset: int, length: int) -> bytes:
    """Return the bytes from `offset` on: fewer than `length` only at the file's end."""
    if _HAS_POSITIONAL and offset + length <= _MOST_BYTES:
        data = os.pread(fd, length, offset)  # without a buffer of zeros that is copied again
        if len(data) == length:
            return data
    buffer = bytearray(length)
    return bytes(memoryview(buffer)[: read_into(fd, buffer, offset)])


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return the first bytes of a regular file. Raises OSError for anything else: a pipe is not waited for."""
    fd = os.open(path, _READ_FLAGS | _NONBLOCK)
    try:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError("it is not a regular file")
        return read_at(fd, 0, min(most_bytes, facts.st_size))
    finally:
        os.close(fd)


def sync_file(fd: int) -> None:
    """Sync a file to the disk; an OSError is final.

    On a Mac fsync alone leaves the data in the disk's own memory (fsync(2)).
    """
    os.fsync(fd)
    if sys.platform == "darwin":
        with contextlib.suppress(OSError):  # shares and file systems other than Apple's may not support it
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)


def set_size(fd: int, size_bytes: int) -> None:
    """Cut or extend a file to a size. Raises OSError.

    FAT in user space (fusefat) refuses the size that the file has already, which is no failure.
    """
    try:
        os.ftruncate(fd, size_bytes)
    except OSError:
        if os.fstat(fd).st_size != size_bytes:
            raise


def write_all(fd: int, data: Readable, offset: int) -> None:
    """Write all of `data` at byte `offset`. Raises OSError if the disk accepts less."""
    view = memoryview(data)
    done = 0
    while done < len(view):
        if _HAS_POSITIONAL:
            count = os.pwrite(fd, view[done:], offset + done)
            if count == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += count
        else:
            with _SEEK_LOCK:
                os.lseek(fd, offset + done, os.SEEK_SET)
                done += os.write(fd, view[done:])

"""Positional reads and writes that many threads may do at once, and who a file is.

POSIX has preadv and pwrite; elsewhere one lock a process and seek stand in for them.
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

# Windows says ENOENT of what is below a file, others ENOTDIR; a long name may lie in an archive.
_NOT_SUCH = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_REFUSALS = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_SEEK_LOCK = threading.Lock()
_HAS_POSITIONAL = hasattr(os, "preadv") and hasattr(os, "pwrite")
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# A FIFO opened without it would block for ever before fstat can tell what it is.
_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """Which file it was, and in which state: equal identities mean that nothing was written in between."""

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
    """Return whether a file system does not know or not allow a call, as opposed to failing at it (EIO, ENOSPC).

    Shares refuse to change files of another owner (EPERM; SMB also EACCES), and many know only some of the calls.
    """
    return error.errno in _REFUSALS


def identity_at(path: Path) -> FileIdentity:
    """Return the identity of a file as a fresh open sees it; OSError.

    Network file systems ask the server when a file is opened and may answer a plain stat from memory. A file that may
    not be opened is looked at by lstat.
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
    """Return the path from the root, links left as the user wrote them (`resolve` would follow the last one)."""
    return Path(os.path.abspath(path))  # noqa: PTH100


def holder_of(path: Path) -> Path:
    """Return the file that a path leads to or into: of `games.zip/Okami.iso` the archive, else the path itself.

    Nothing can lie below a file, so that a path that goes on below one names what is in it.
    """
    for each in (path, *path.parents):
        try:
            facts = each.stat()
        except OSError as error:
            if error.errno in _NOT_SUCH:
                continue
            return path
        except ValueError:  # a NUL in it
            return path
        return each if stat.S_ISREG(facts.st_mode) else path
    return path


def is_there(path: Path) -> bool:
    """Return whether a path can be looked at; a dead mount (ENOTCONN, EIO, ESTALE) counts as gone."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def device_below(path: Path) -> int:
    """Return the device that holds a path, or would: that of its nearest folder that exists."""
    for folder in (path, *path.parents):
        try:
            return folder.stat().st_dev
        except OSError:
            continue
    return 0


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Return whether two stat results are of one inode, whatever name led there."""
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


NO_FOLDER = "no such folder"


def folder_problem(path: Path) -> str:
    """Return why a path is no folder that can be looked into, in a few words; empty where it is one."""
    try:
        facts = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return NO_FOLDER
    except (OSError, ValueError) as error:  # a name may be too long, or hold a zero byte
        return getattr(error, "strerror", None) or str(error)
    return "" if stat.S_ISDIR(facts.st_mode) else NO_FOLDER


def open_regular(path: Path) -> tuple[int, os.stat_result]:
    """Open a regular file for reading; return its descriptor and facts, StorageError for anything else."""
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
        raise from_os_error(error, path, "look at it") from error
    except BaseException:
        os.close(fd)
        raise
    return fd, facts


def read_into(fd: int, buffer: Writable, offset: int) -> int:
    """Fill `buffer` from byte `offset` on and return how many bytes there were: fewer only at the file's end."""
    view = memoryview(buffer)
    done = 0
    while done < len(view):
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


def sync_file(fd: int) -> None:
    """Make what was written to a file last; OSError is final.

    On a Mac fsync alone leaves it in the disk's own memory (fsync(2)).
    """
    os.fsync(fd)
    if sys.platform == "darwin":
        with contextlib.suppress(OSError):  # a share, or another file system than Apple's, may not know it
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)


def write_all(fd: int, data: Readable, offset: int) -> None:
    """Write all of `data` at byte `offset`; OSError when the disk takes less."""
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

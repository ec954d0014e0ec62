"""Locks on open files, and detection of other processes that have them open for writing.

Linux has two kinds of locks, which do not see each other on a local disk: flock(2) and byte ranges. Servers of network
shares take those of their clients as byte ranges, whatever kind a client has asked for. So on a local disk both kinds
are taken. A client takes one: the server would refuse the second one because of the first.
"""

import contextlib
import errno
import os
import signal
import stat
import struct
import sys
from enum import Enum
from pathlib import Path

from discpress.engine.system.files import is_refused
from discpress.engine.system.filesystems import filesystem_of_file

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_RANGE = struct.Struct("hhqqi0q")
"""struct flock: kind, whence, start, length (0: to the end of the file, wherever that is), process."""


class Lock(Enum):
    """The answer to an attempt to lock a file."""

    HELD = "held"
    """This process has the lock."""
    TAKEN = "taken"
    """Another open file description has the lock: another process, or another open in this one."""
    UNKNOWN = "unknown"
    """The file system has no locks, so other users of the file are unknown."""


def try_lock(fd: int) -> Lock:
    """Take the exclusive lock of an open file or folder without waiting. Raises OSError if the disk fails.

    The lock belongs to the descriptor: closing it, or the end of its process, releases the lock.
    """
    try:
        _lock(fd)
    except OSError as error:
        if error.errno in _TAKEN:
            return Lock.TAKEN
        if _has_no_lock(error):
            return Lock.UNKNOWN
        raise
    return Lock.TAKEN if _is_taken_by_client(fd) else Lock.HELD


def _has_no_lock(error: OSError) -> bool:
    return is_refused(error) or error.errno == errno.ENOLCK  # an NFS server without a lock service


def _is_taken_by_client(fd: int) -> bool:
    """Lock the bytes of a locked file on a local disk too; return whether a client of a share has them: then neither
    lock is kept."""
    if not sys.platform.startswith("linux") or not _may_be_shared(fd):
        return False
    try:
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_WRLCK))
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            # A file that is open for reading only; a shared lock conflicts with every exclusive one.
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _whole_file(fcntl.F_RDLCK))
    except OSError as error:
        if error.errno == errno.EAGAIN:
            fcntl.flock(fd, fcntl.LOCK_UN)
            return True
        if error.errno != errno.EACCES and not _has_no_lock(error):  # a security module may forbid it
            raise
    return False


def _may_be_shared(fd: int) -> bool:
    """Return whether a file is on a local disk, which a server may share."""
    facts = os.fstat(fd)
    if not stat.S_ISREG(facts.st_mode):
        return False
    # Network file systems have no device. Neither have btrfs and ZFS: reading the list of mounts takes 0.1 ms.
    return os.major(facts.st_dev) != 0 or filesystem_of_file(fd).has_owners


def _whole_file(kind: int) -> bytes:
    return _RANGE.pack(kind, os.SEEK_SET, 0, 0, 0)


def _lock(fd: int) -> None:
    if sys.platform == "win32":
        # The byte is beyond any image, so that the lock does not block readers.
        os.lseek(fd, 1 << 62, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        # NFS allows an exclusive lock only on files open for writing; a shared one conflicts with every exclusive one.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)


def is_lock_held(path: Path) -> bool | None:
    """Return whether a process holds the exclusive lock of a file; None if only taking the lock would show it.

    The check takes a shared lock. Any number of checking processes can have one together, so that none is mistaken for
    the holder. False for a missing file.
    """
    if sys.platform == "win32":
        return None
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return _has_client(fd)
    except OSError as error:
        return True if error.errno in _TAKEN else None
    finally:
        os.close(fd)


def _has_client(fd: int) -> bool:
    """Return whether a client of a share holds the exclusive lock of a file on a local disk."""
    if not sys.platform.startswith("linux") or not _may_be_shared(fd):
        return False
    try:
        found = fcntl.fcntl(fd, fcntl.F_OFD_GETLK, _whole_file(fcntl.F_RDLCK))
    except OSError as error:
        if _has_no_lock(error):
            return False
        raise
    return bool(_RANGE.unpack(found)[0] != fcntl.F_UNLCK)


def has_writer(fd: int) -> bool:
    """Return whether a process has the file open for writing, by requesting a read lease (Linux).

    False also if that is unknown: another owner's file, a network share, another system.
    """
    return _lease_error(fd) == errno.EAGAIN and not _may_refuse_leases(fd)


def lease_problem(fd: int) -> str:
    """Return the system's reason why `has_writer` is unreliable for a file; empty if it is reliable, or on other
    systems."""
    number = _lease_error(fd)
    if number == errno.EAGAIN:
        return "the server granted no lease" if _may_refuse_leases(fd) else ""
    return os.strerror(number) if number else ""


def _may_refuse_leases(fd: int) -> bool:
    return filesystem_of_file(fd).may_refuse_leases


def _lease_error(fd: int) -> int:
    """Return the errno of a request for a read lease; 0 for a lease, which is released at once."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        # The signal that the lease is broken: SIGIO would end this process if a program opens the file just now.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno or errno.EIO
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return 0

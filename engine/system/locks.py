"""Locks on an open file, and the question whether another process has it open for writing."""

import contextlib
import errno
import os
import sys
from enum import Enum
from pathlib import Path

from discpress.engine.system.files import is_refused

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


class Lock(Enum):
    """The answer to an attempt to lock a file."""

    HELD = "held"
    """The lock is ours."""
    TAKEN = "taken"
    """Another open file description has it: another process, or another open in this one."""
    UNKNOWN = "unknown"
    """The file system has no locks: nobody knows who else uses the file."""


def try_lock(fd: int) -> Lock:
    """Take the exclusive lock of an open file or folder without waiting; OSError when the disk fails.

    The lock goes with the descriptor: when it is closed, or its process is dead, it is free.
    """
    try:
        _lock(fd)
    except OSError as error:
        if error.errno in _TAKEN:
            return Lock.TAKEN
        if is_refused(error) or error.errno == errno.ENOLCK:  # an NFS server without a lock service
            return Lock.UNKNOWN
        raise
    return Lock.HELD


def _lock(fd: int) -> None:
    if sys.platform == "win32":
        # The byte lies beyond any image, so that the lock does not keep others from reading.
        os.lseek(fd, 1 << 62, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        # NFS gives an exclusive lock only to files that are open for writing; a shared one meets every exclusive one.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)


def is_lock_held(path: Path) -> bool | None:
    """Return whether a process holds the exclusive lock of a file; None if only taking the lock would tell.

    It is asked for by a shared lock. Any number of processes that ask hold one together, so that none of them is taken
    for the holder. False for a file that does not exist.
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
    except OSError as error:
        return True if error.errno in _TAKEN else None
    finally:
        os.close(fd)
    return False


def has_writer(fd: int) -> bool:
    """Return whether some process has the file open for writing, by asking for a read lease (Linux).

    False also where the system cannot tell: another owner's file, a network share, another system.
    """
    return _lease_error(fd) == errno.EAGAIN


def lease_problem(fd: int) -> str:
    """Return why `has_writer` cannot know about a file, in the system's words; empty if it can, or on other systems."""
    number = _lease_error(fd)
    return "" if number in {0, errno.EAGAIN} else os.strerror(number)


def _lease_error(fd: int) -> int:
    """Return the errno that asking for a read lease gives; 0 for a lease, which is given back at once."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno or errno.EIO
    # A lease that is broken later would send SIGIO, which kills.
    with contextlib.suppress(OSError):
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return 0

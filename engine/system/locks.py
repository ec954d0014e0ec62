"""Locks on an open file, and the question whether somebody else is writing it."""

import errno
import os
import sys

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


def try_lock(fd: int) -> bool:
    """Take the exclusive lock of an open file without waiting; False when another process holds it.

    The lock goes with the descriptor: closed, or its process dead, it is free. OSError where the file
    system knows no locks.
    """
    try:
        if sys.platform == "win32":
            # The byte lies beyond any image, so that the lock does not keep others from reading.
            os.lseek(fd, 1 << 62, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def has_writer(fd: int) -> bool:
    """Return whether some process has the file open for writing, by asking for a read lease (Linux).

    False also where the system cannot tell: another owner's file, a network share, another system.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    # Given back at once: a lease that is broken later would send SIGIO, which kills.
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False

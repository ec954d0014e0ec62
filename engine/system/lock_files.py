"""Lock files between the processes of one machine.

filelock takes 20 ms of processor time to import, which every start of a command would pay for the moment in which it
opens the state file: on a file system with flock(2) that lock is taken by hand, as filelock takes it.
"""

import contextlib
import os
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.system.locks import Lock, is_lock_held, try_lock

if TYPE_CHECKING:
    from filelock import FileLock

_MODE = 0o600
_POLL_S = 0.05
_OTHER_LOOK_S = 0.06
"""A caller of `is_lock_file_held` may hold the lock for a moment, so that one refusal shows nothing."""


def lock_file(path: Path, timeout_s: float) -> "FileLock":
    """Return a lock that is a file, not taken yet; `timeout_s` bounds the wait for it, which ends with TimeoutError.

    On a file system without flock(2) the file's presence is the lock, and filelock detects that its process has ended.
    That works as well here, so filelock's warning about it would only disturb.
    """
    from filelock import FileLock  # noqa: PLC0415 - see above

    warnings.filterwarnings("ignore", "flock not supported", UserWarning)
    return FileLock(path, timeout=timeout_s, mode=_MODE)


@contextlib.contextmanager
def held_lock_file(path: Path, timeout_s: float) -> Iterator[None]:
    """Hold the lock of `lock_file` in this block. Raises TimeoutError if it was not free in time, and OSError."""
    fd = _flocked(path, time.monotonic() + timeout_s)
    if fd is None:
        with lock_file(path, timeout_s):
            yield
        return
    try:
        yield
    finally:
        os.close(fd)


def is_lock_file_held(path: Path) -> bool:
    """Return whether a process holds the lock of `lock_file`. Raises OSError."""
    is_held = is_lock_held(path)
    if is_held is not None:
        return is_held
    if not path.exists():
        return False
    try:  # only taking the lock shows it
        with held_lock_file(path, _OTHER_LOOK_S):
            return False
    except TimeoutError:
        return True


def _flocked(path: Path, deadline: float) -> int | None:
    """Return the open file whose lock was taken; None if the file system has no flock(2)."""
    while sys.platform != "win32":
        fd, is_new = _opened(path)
        try:
            answer = try_lock(fd)
            is_kept = answer is Lock.HELD and os.fstat(fd).st_nlink > 0  # another process may have removed it meanwhile
            if answer is Lock.UNKNOWN and is_new:
                path.unlink()  # its presence would be a lock
        except BaseException:
            os.close(fd)
            raise
        if is_kept:
            return fd
        os.close(fd)
        if answer is Lock.UNKNOWN:
            return None
        if answer is Lock.TAKEN:
            if time.monotonic() >= deadline:
                raise TimeoutError
            time.sleep(_POLL_S)
    return None


def _opened(path: Path) -> tuple[int, bool]:
    """Return the open lock file, and whether it was not there before."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, flags), False
        with contextlib.suppress(FileExistsError):
            return os.open(path, flags | os.O_CREAT | os.O_EXCL, _MODE), True

"""The worker's lock: its holder is the worker of a state folder, and it is released when that process ends.

The store checks it too: a file is migrated only while no worker of another version uses it.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.system.lock_files import is_lock_file_held, lock_file

if TYPE_CHECKING:
    from filelock import FileLock

LOCK_NAME = "worker.lock"
STOP_NAME = "worker.stop"
STOP_TIMEOUT_S = 10.0
"""A worker stops at a chunk border and syncs its part, which takes a while on a slow disk."""
_POLL_S = 0.02
_TICK_S = 0.02
"""The clock of file times lags behind the system's by a tick of the kernel, 10 ms at most."""


def worker_lock(state_folder: Path, timeout_s: float = 0) -> "FileLock":
    """Return the lock that makes a process the worker, not taken yet; `timeout_s` bounds the wait for it."""
    return lock_file(state_folder / LOCK_NAME, timeout_s)


def is_worker_alive(state_folder: Path) -> bool:
    """Return whether some process is the worker of this state folder."""
    return is_lock_file_held(state_folder / LOCK_NAME)


def stop_worker(state_folder: Path, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Ask the worker to stop at a chunk border, with checkpoints; return whether it has ended.

    A worker that does not respond in time, for example a suspended process, stops after it resumes.
    """
    if not is_worker_alive(state_folder):
        return True
    (state_folder / STOP_NAME).touch(mode=0o600)
    if not wait_for(lambda: not is_worker_alive(state_folder), timeout_s):
        return False
    forget_stop(state_folder)
    return True


def is_stop_wanted(state_folder: Path) -> bool:
    """Return whether the worker has been asked to stop."""
    return (state_folder / STOP_NAME).exists()


def forget_stop(state_folder: Path, *, older_than: float | None = None) -> None:
    """Remove a stop request that was left over; `older_than`, seconds since the epoch, spares a later one."""
    path = state_folder / STOP_NAME
    with contextlib.suppress(FileNotFoundError):
        if older_than is None or path.stat().st_mtime < older_than - _TICK_S:
            path.unlink()


def wait_for(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Return whether a condition on another process comes true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_S)
    return True

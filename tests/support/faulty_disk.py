"""A disk that answers short, fails somewhere, fills up, and a clock that jumps: under the real engine, in any process.

As a program, `faulty_disk.py '{"fault": ..., ...}' WORKER-ARGUMENTS`, it is the worker with such a disk.
"""

import ctypes
import errno
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from unittest import mock

_EIO = OSError(errno.EIO, os.strerror(errno.EIO))
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong, all of it at once."""

    seed: int = 0
    """Repeats it."""
    is_short: bool = False
    """Reads and writes do a random part of what they are asked for."""
    read_error_at: int = -1
    """Reads that touch this byte of a file named `read_error_in` fail."""
    read_error_in: str = ".iso"
    """How that file's name ends."""
    write_error_at: int = -1
    """Writes that touch this byte of a part fail."""
    room_bytes: int = -1
    """Bytes that parts may take before the disk is full; -1 where it never is."""
    has_jumping_clock: bool = False
    """The wall clock goes up to a day back or ahead at each look."""
    signals_a_second: int = 0
    """Signals that interrupt whatever the main thread does (EINTR)."""


def _name_of(fd: int) -> str:
    try:
        return Path(f"/proc/self/fd/{fd}").readlink().name
    except OSError:
        return ""


@contextmanager
def faulty_disk(faults: Faults) -> Iterator[None]:
    """Have all that is wrong while the context lasts."""
    chance, lock = random.Random(faults.seed), threading.Lock()
    real_read, real_read_at, real_write = os.preadv, os.pread, os.pwrite
    used = {"bytes": 0}

    def some(count: int) -> int:
        with lock:
            return chance.randint(1, count) if faults.is_short and count else count

    def check_read(fd: int, offset: int, length: int) -> None:
        is_there = offset <= faults.read_error_at < offset + length
        if is_there and _name_of(fd).endswith(faults.read_error_in):
            raise _EIO

    def pread(fd: int, length: int, offset: int) -> bytes:
        check_read(fd, offset, length)
        return real_read_at(fd, some(length), offset)

    def preadv(fd: int, buffers: Any, offset: int, *flags: Any) -> int:
        view = memoryview(buffers[0])
        check_read(fd, offset, len(view))
        return real_read(fd, [view[: some(len(view))]], offset, *flags)

    def pwrite(fd: int, data: Any, offset: int) -> int:
        view = memoryview(data)
        view = view[: some(len(view))]
        if _name_of(fd).endswith("-part"):
            if offset <= faults.write_error_at < offset + len(view):
                raise _EIO
            if faults.room_bytes >= 0:
                with lock:
                    left = faults.room_bytes - used["bytes"]
                    if left <= 0 and len(view):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    view = view[:left]
                    used["bytes"] += len(view)
        return real_write(fd, view, offset)

    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(os, "preadv", preadv))
        stack.enter_context(mock.patch.object(os, "pread", pread))
        stack.enter_context(mock.patch.object(os, "pwrite", pwrite))
        if faults.has_jumping_clock:
            real_time, real_ns = time.time, time.time_ns
            stack.enter_context(mock.patch("time.time", lambda: real_time() + chance.uniform(-DAY_S, DAY_S)))
            stack.enter_context(mock.patch("time.time_ns", lambda: real_ns() + chance.randint(-DAY_S, DAY_S) * 10**9))
        if faults.signals_a_second:
            libc = ctypes.CDLL(None)
            # Any function of C that does nothing: a handler of Python's would wake the event loop as well.
            libc.signal(signal.SIGALRM, libc.abs)
            libc.siginterrupt(signal.SIGALRM, 1)
            signal.setitimer(signal.ITIMER_REAL, 1 / faults.signals_a_second, 1 / faults.signals_a_second)
            stack.callback(signal.setitimer, signal.ITIMER_REAL, 0)
        yield


def command_of(faults: Faults, state_folder: Path) -> list[str]:
    """Return what starts a worker with such a disk, which ends when there is nothing to do."""
    spec = json.dumps({each.name: getattr(faults, each.name) for each in fields(faults)})
    return [sys.executable, __file__, spec, "--state", str(state_folder), "--idle", "0"]


def main() -> int:
    """Be the worker."""
    from discpress.engine.worker.process import main as work

    faults = Faults(**json.loads(sys.argv.pop(1)))
    with faulty_disk(faults):
        return work()


if __name__ == "__main__":
    sys.exit(main())

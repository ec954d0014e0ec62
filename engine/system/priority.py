"""Lowest priorities for the calling thread: nice and the idle I/O class (Linux)."""

import contextlib
import ctypes
import os
import platform
import sys
import threading

_LEAST_NICE = 19
# ioprio_set(2) has no wrapper in the C library; these are its system call numbers.
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_WHO_PROCESS = 1
_IDLE_CLASS = 3 << 13


def be_idle() -> None:
    """Give the calling thread, and those it starts, the lowest priorities; does nothing on other systems."""
    if not sys.platform.startswith("linux"):
        return
    thread = threading.get_native_id()
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, thread, _LEAST_NICE)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(number, _WHO_PROCESS, thread, _IDLE_CLASS)

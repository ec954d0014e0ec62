"""Waiting in the tests: for a condition, and never for time to pass."""

import threading
import time
from collections.abc import Callable

HANG_S = 300.0
"""Seconds after which a wait is given up, so that a hang ends. It is no claim on speed: a machine may be as slow as it
likes, and what must not happen is never shown by time that passes."""
_POLL_S = 0.001
_PAUSE = threading.Event()  # never set: waiting for it is one step of a poll


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = HANG_S) -> None:
    """Poll until the condition holds; TimeoutError that names what was waited for."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s for {what}")
        _PAUSE.wait(_POLL_S)

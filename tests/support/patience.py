"""Waiting in the tests: for a condition, and never for time to pass."""

import threading
import time
from collections.abc import Callable

HANG_S = 300.0
"""Seconds after which a wait is given up, so that a hang ends. It is no claim on speed: a machine may be as slow as it
likes, and what must not happen is never shown by time that passes."""
POLL_S = 0.001
_LONGEST_POLL_S = 0.005
_SHARE = 1 / 16
"""Of what was waited so far, until the next look: what takes a second is not looked at a thousand times."""
_PAUSE = threading.Event()  # never set: waiting for it is one step of a poll


def wait_for(
    condition: Callable[[], bool], what: str, timeout_s: float = HANG_S, longest_poll_s: float = _LONGEST_POLL_S
) -> None:
    """Poll until the condition holds; TimeoutError that names what was waited for."""
    began = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - began
        if waited_s > timeout_s:
            raise TimeoutError(f"waited {timeout_s} s for {what}")
        _PAUSE.wait(min(max(POLL_S, waited_s * _SHARE), longest_poll_s))

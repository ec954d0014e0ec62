"""A wait for the end of all jobs."""

import time

from discpress.engine.queue.queue import JobQueue

_POLL_S = 0.05


def wait_idle(queue: JobQueue, timeout_s: float) -> bool:
    """Wait until nothing is queued or running; return False if that takes longer than the timeout."""
    until = time.monotonic() + timeout_s
    while not queue.is_idle():
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_S)
    return True

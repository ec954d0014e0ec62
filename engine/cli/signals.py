"""Turns signals into a request to stop; the conversion ends at the next chunk and cleans up."""

import contextlib
import signal
from collections import Counter
from collections.abc import Iterator

from discpress.engine.progress import Control

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_PATIENCE = 2


@contextlib.contextmanager
def cancelling(control: Control) -> Iterator[None]:
    """Send SIGINT, SIGTERM and SIGHUP to `control` while the block runs; a third one kills as usual.

    Impatient users press Ctrl-C twice, and the part file must still be removed; a third signal is the way out if a disk
    hangs.

    A signal that was ignored at the start stays ignored, as nohup expects.
    """
    previous = {}
    counts: Counter[int] = Counter()
    for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
        handler = signal.getsignal(number)
        if handler is not signal.SIG_IGN:
            previous[number] = handler
            signal.signal(number, lambda number, _: _stop(control, counts, number))
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _stop(control: Control, counts: Counter[int], number: int) -> None:
    counts[number] += 1
    if counts[number] == _PATIENCE:
        signal.signal(number, signal.SIG_DFL)
    control.cancel(number)

"""Signals become a wish to stop: the conversion ends at the next chunk and cleans up after itself."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from engine.convert.progress import Control

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def cancelling(control: Control) -> Iterator[None]:
    """Send SIGINT, SIGTERM and SIGHUP to `control` while the block runs; a second one kills as usual.

    A signal that was ignored at the start stays ignored, as nohup expects.
    """
    previous = {}
    for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
        handler = signal.getsignal(number)
        if handler is not signal.SIG_IGN:
            previous[number] = handler
            signal.signal(number, lambda number, frame: _stop(control, number, frame))
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _stop(control: Control, number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    control.cancel(number)

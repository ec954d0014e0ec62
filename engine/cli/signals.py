"""Signals become a wish to stop: the conversion ends at the next chunk and cleans up after itself."""

import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from types import FrameType

from engine.convert.progress import Control
from engine.errors import CancelledError

_NUMBERS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_PATIENCE = 2


@contextlib.contextmanager
def cancelling(control: Control) -> Iterator[None]:
    """Send SIGINT, SIGTERM and SIGHUP to `control` while the block runs; a third one kills as usual.

    Impatient people press Ctrl-C twice, and the part must go all the same; a stalled disk needs a way out.

    A signal that was ignored at the start stays ignored, as nohup expects.
    """
    counts: Counter[int] = Counter()
    with _handling(lambda number, _: _stop(control, counts, number)):
        yield


@contextlib.contextmanager
def raising() -> Iterator[None]:
    """Let the same signals raise CancelledError where the block waits for a person; an ignored one stays ignored."""

    def stop(number: int, _: object) -> None:
        raise CancelledError(signal_number=number)

    with _handling(stop):
        yield


@contextlib.contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in _NUMBERS}
    changed = [number for number in _NUMBERS if before[number] is not signal.SIG_IGN]
    for number in changed:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before[number])


def _stop(control: Control, counts: Counter[int], number: int) -> None:
    counts[number] += 1
    if counts[number] == _PATIENCE:
        signal.signal(number, signal.SIG_DFL)
    control.cancel(number)

"""Progress counters of a running conversion, and the control that pauses and stops it."""

import contextlib
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from queue import Empty, SimpleQueue

from discpress.engine.errors import CancelledError, SuspendedError

_RATE_WINDOW_S = 120.0
"""Throughput is the mean of the last two minutes: long enough to be calm, short enough to be true."""
_RATE_QUIET_S = 3.0
"""No throughput or ETA is given before three seconds of data: it would jump."""
_MARK_S = 1.0
"""One mark a second holds two minutes in 120."""
_LOOK_S = 0.5
"""A wake-up reaches one thread; if several are paused, the others poll at this interval."""


class Stage(StrEnum):
    """What a conversion is doing, as a word for people."""

    PREPARING = "preparing"
    PACKING = "packing"
    UNPACKING = "unpacking"
    COPYING = "copying"
    COMPARING = "comparing"
    SYNCING = "syncing"
    RESUMING = "resuming"
    VERIFYING = "verifying"
    REPLACING = "replacing"
    MEASURING = "measuring"
    DONE = "done"


@dataclass(slots=True)
class Progress:
    """Counters that the engine raises and clients poll at their own pace; in bytes of the decoded image."""

    stage: Stage = Stage.PREPARING
    """The current stage."""
    total_bytes: int = 0
    """Bytes that this stage goes through."""
    done_bytes: int = 0
    """Bytes that this stage has gone through."""
    packed_bytes: int = 0
    """Bytes of output so far."""
    read_bytes: int = 0
    """Bytes of the image that `packed_bytes` encode."""
    resumed_bytes: int = 0
    """Bytes of the image that an earlier run had packed; they do not count for the throughput."""
    resumed_packed_bytes: int = 0
    """Bytes of output that an earlier run had written."""
    before_bytes: int = 0
    """Bytes of the images that a job of several is done with."""
    after_bytes: int = 0
    """Bytes of the images that a job of several has not begun."""
    limit: str = ""
    """A sentence on why fewer threads work than were requested; empty if they do not."""

    def begin(self, stage: Stage, total_bytes: int) -> None:
        """Start a stage at zero, or at the images before this one."""
        self.done_bytes = self.before_bytes
        self.total_bytes = self.before_bytes + total_bytes + self.after_bytes
        self.stage = stage

    @property
    def ratio(self) -> float | None:
        """Packed over original so far; None before the first byte."""
        return self.packed_bytes / self.read_bytes if self.read_bytes else None

    @property
    def counts(self) -> tuple[object, ...]:
        """The counters that change whenever the work progresses."""
        return self.stage, self.done_bytes, self.total_bytes, self.packed_bytes, self.read_bytes


class Control:
    """Pauses or stops a conversion from a signal handler or another thread; polled between chunks.

    No Python lock is taken: a signal handler interrupts the main thread, and would wait forever for a lock that the
    main thread holds. Only `SimpleQueue.put` is reentrant.
    """

    def __init__(self) -> None:
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._is_paused = False
        self._is_stopped = False
        self._signal_number = 2
        self._is_suspending = False

    def cancel(self, signal_number: int = 2) -> None:
        """Request a stop at the next chunk border; nothing is kept."""
        self._signal_number = signal_number
        self._is_suspending = False
        self._stop()

    def suspend(self) -> None:
        """Request a stop at the next chunk border; the finished part is kept if there is a checkpoint store."""
        self._is_suspending = True
        self._stop()

    def pause(self) -> None:
        """Pause the work at the next chunk border until `resume`."""
        self._is_paused = True

    def resume(self) -> None:
        """Let paused work go on."""
        self._is_paused = False
        self._wakes.put(None)

    @property
    def is_paused(self) -> bool:
        """Whether the work is paused, or will be at the next chunk border."""
        return self._is_paused and not self._is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether a stop was requested."""
        return self._is_stopped

    def raise_if_stopped(self) -> None:
        """Raise CancelledError or SuspendedError if a stop was requested."""
        if self._is_stopped:
            kind = SuspendedError if self._is_suspending else CancelledError
            raise kind(signal_number=self._signal_number)

    def check(self) -> None:
        """Block while paused; raise CancelledError or SuspendedError if a stop was requested."""
        while self.is_paused:
            self._sleep(_LOOK_S)
        self.raise_if_stopped()

    def wait(self, seconds: float) -> None:
        """Wait until the time is up or a stop is requested; raise CancelledError or SuspendedError after a stop."""
        ends = time.monotonic() + seconds
        while not self._is_stopped and (left := ends - time.monotonic()) > 0:
            self._sleep(min(left, _LOOK_S))
        self.check()

    def _stop(self) -> None:
        self._is_stopped = True
        self._wakes.put(None)

    def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(Empty):
            self._wakes.get(timeout=seconds)


@dataclass(slots=True)
class RateWindow:
    """Counts of the last two minutes; it begins anew when one decreases."""

    _marks: deque[tuple[float, tuple[int, ...]]] = field(default_factory=deque)

    def rates(self, now: float, *counts: int) -> tuple[float, ...] | None:
        """Record counts at `now` (seconds of any clock) and return each per second; None before three seconds."""
        if self._marks and any(count < last for count, last in zip(counts, self._marks[-1][1], strict=True)):
            self._marks.clear()
        if not self._marks or now - self._marks[-1][0] >= _MARK_S:
            self._marks.append((now, counts))
        while now - self._marks[0][0] > _RATE_WINDOW_S:
            self._marks.popleft()
        since, before = self._marks[0]
        span_s = now - since
        if span_s < _RATE_QUIET_S:
            return None
        return tuple((count - first) / span_s for count, first in zip(counts, before, strict=True))

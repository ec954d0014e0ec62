"""The steps of an app's event loop: processor time of each long one, and the function that took it.

A busy machine lets a loop wait for a processor; the processor time of a step has no such share.
"""

import asyncio
import gc
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

LONG_S = 0.02
"""Processor time from which a step is noted."""
TICK_S = 0.01
_LOOK_S = 0.01
_MOST_FUNCTIONS = 4


class Step(NamedTuple):
    """One long step."""

    at: float
    """When it ended, on the monotonic clock."""
    seconds: float
    """Its processor time."""
    place: str
    """The functions that it was in most of the time, the innermost last."""


class Delay(NamedTuple):
    """A timer that came late."""

    seconds: float = 0.0
    own_s: float = 0.0
    """Processor time of the loop's thread meanwhile."""
    others_s: float = 0.0
    """Processor time of the other threads of the process meanwhile."""
    queued_s: float = 0.0
    """Time that the loop's thread could have run meanwhile and had no processor."""

    @property
    def with_processor_s(self) -> float:
        """The delay without that time."""
        return self.seconds - self.queued_s


class LoopDelay:
    """The latest of timers that are set one after the other."""

    def __init__(self) -> None:
        self.worst = Delay()
        self.worst_own = Delay()
        """The latest, when the time without a processor does not count."""
        self._due = self._own_s = self._all_s = self._queued_s = 0.0

    def wait(self, set_timer: Callable[[float, Callable[[], None]], object]) -> None:
        """Set one timer after the other; `set_timer` calls back after some seconds."""
        self._due, self._own_s, self._all_s = time.monotonic() + TICK_S, time.thread_time(), time.process_time()
        self._queued_s = queued_s()

        def come() -> None:
            late_s = time.monotonic() - self._due
            own_s = time.thread_time() - self._own_s
            if late_s > min(self.worst.seconds, self.worst_own.with_processor_s):
                others_s = time.process_time() - self._all_s - own_s
                delay = Delay(late_s, own_s, others_s, queued_s() - self._queued_s)
                self.worst = max(self.worst, delay)
                self.worst_own = max(self.worst_own, delay, key=lambda each: each.with_processor_s)
            self.wait(set_timer)

        set_timer(TICK_S, come)


def queued_s() -> float:
    """Return how long this thread was ready to run so far and had no processor, as Linux counts it."""
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


class LoopSteps:
    """Follows the steps of the event loop of this thread from `begin` on."""

    def __init__(self) -> None:
        self.longest = Step(0.0, 0.0, "")
        self._note: Callable[[Step], None] = lambda step: None
        self._thread_id = threading.get_ident()
        self._number = 0
        self._is_in_step = False
        self._places: Counter[str] = Counter()
        self._collecting_s = 0.0

    def begin(self, note: Callable[[Step], None] = lambda step: None) -> None:
        """Measure each step of the loop from now on; `note` is called with each long one."""
        self._note = note
        handles: Any = asyncio.Handle
        run = handles._run

        def run_measured(handle: asyncio.Handle) -> None:
            before = time.thread_time()
            self._number += 1
            self._is_in_step = True
            run(handle)
            self._is_in_step = False
            self._end(time.thread_time() - before)

        handles._run = run_measured
        gc.callbacks.append(self._note_collection)
        threading.Thread(target=self._look, daemon=True).start()

    def _note_collection(self, phase: str, _: object) -> None:
        if threading.get_ident() == self._thread_id:
            self._collecting_s += time.thread_time() * (1 if phase == "stop" else -1)

    def _end(self, seconds: float) -> None:
        collecting_s, self._collecting_s = self._collecting_s, 0.0
        if seconds >= LONG_S:
            place = next(iter(self._places.most_common(1)), ("", 0))[0]
            if collecting_s > seconds / 2:
                place = f"the garbage collector, in {place}"
            step = Step(time.monotonic(), seconds, place)
            self._note(step)
            self.longest = max(self.longest, step, key=lambda each: each.seconds)

    def _look(self) -> None:
        number = 0
        while True:
            time.sleep(_LOOK_S)
            if number != self._number:
                number = self._number
                self._places.clear()
            if self._is_in_step:
                self._places[place_of(sys._current_frames()[self._thread_id])] += 1


def place_of(frame: FrameType | None) -> str:
    """Return the innermost functions of discpress and Textual in a stack."""
    found: list[str] = []
    while frame is not None and len(found) < _MOST_FUNCTIONS:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(("discpress.", "textual.")):
            found.insert(0, f"{name.rpartition('.')[2]}.{frame.f_code.co_qualname}")
        frame = frame.f_back
    return " > ".join(found)


def measure_bare_loop(connection: Connection) -> None:
    """Send how late a timer of a loop without anything else was, once asked: what the machine adds to each delay."""

    async def wait() -> None:
        delay, loop = LoopDelay(), asyncio.get_running_loop()
        delay.wait(loop.call_later)
        await asyncio.to_thread(connection.recv)
        connection.send(delay.worst.seconds)

    asyncio.run(wait())

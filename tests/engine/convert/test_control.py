"""The wish to stop or to hold: it gets through from a signal handler, whatever the handler interrupts."""

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from patience import HANG_S, wait_for

from discpress.engine.errors import CancelledError, SuspendedError
from discpress.engine.progress import Control

POINTS = range(1, 14)
"""Lines of Python after which the handler runs: more than one look has, also below it in the standard library."""


def interrupted_at(point: int, work: Callable[[], object], handler: Callable[[], object]) -> BaseException | None:
    """Run `work` in a thread, and `handler` in the same one after so many lines, as a signal would; return its error.

    AssertionError where it does not end.
    """
    left, errors = point, []

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left == 0:
                sys.settrace(None)
                handler()
        return trace

    def run() -> None:
        sys.settrace(trace)
        try:
            work()
        except (CancelledError, SuspendedError) as error:
            errors.append(error)
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(HANG_S)
    assert not thread.is_alive(), f"interrupted at line {point}, it waits for ever"
    assert left <= 0, "it has fewer lines"
    return errors[0] if errors else None


@pytest.mark.parametrize("point", POINTS)
def test_a_look_that_is_interrupted_by_a_cancel_ends(point: int) -> None:
    control = Control()

    def look_on() -> None:
        for _ in range(10):
            control.check()

    assert isinstance(interrupted_at(point, look_on, control.cancel), CancelledError)


@pytest.mark.parametrize("point", POINTS)
def test_a_cancel_reaches_work_that_begins_to_hold(point: int) -> None:
    control = Control()
    control.pause()
    assert isinstance(interrupted_at(point, control.check, control.cancel), CancelledError)


@pytest.mark.parametrize("point", POINTS)
def test_a_suspension_reaches_work_that_begins_to_wait(point: int) -> None:
    control = Control()
    error = interrupted_at(point, lambda: control.wait(HANG_S * 2), control.suspend)
    assert isinstance(error, SuspendedError)


@pytest.mark.parametrize("point", POINTS)
def test_a_resume_reaches_work_that_begins_to_hold(point: int) -> None:
    control = Control()
    control.pause()
    assert interrupted_at(point, control.check, control.resume) is None


def test_every_thread_that_holds_goes_on_after_a_resume() -> None:
    class Waking:
        """Wake-ups, of which is known how many threads wait for one."""

        def __init__(self) -> None:
            self.waiting = 0
            self.put = wakes.put

        def get(self, timeout: float) -> None:
            self.waiting += 1
            wakes.get(timeout=timeout)

    control = Control()
    wakes = control._wakes
    control._wakes = waking = Waking()  # type: ignore[assignment]
    control.pause()
    threads = [threading.Thread(target=control.check, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: waking.waiting >= 3, "three threads that hold")
    control.resume()
    for thread in threads:
        thread.join(HANG_S)
    assert not any(thread.is_alive() for thread in threads)


def test_nothing_holds_once_a_stop_was_asked_for() -> None:
    control = Control()
    control.cancel()
    control.pause()
    assert not control.is_paused
    with pytest.raises(CancelledError):
        control.check()

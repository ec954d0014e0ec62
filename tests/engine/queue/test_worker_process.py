"""How long a worker that was started is waited for: by what it does, not by how fast the machine is."""

import os
from collections.abc import Iterator
from itertools import count

import pytest

from discpress.engine.queue.worker_process import START_SILENT_S, ComingUp
from discpress.engine.system.processors import processor_time_s


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_process_that_does_something_is_waited_for(clock: Clock) -> None:
    used: Iterator[int] = count()
    coming_up = ComingUp(lambda: next(used), clock)
    for _ in range(10):
        clock.now += START_SILENT_S
        assert not coming_up.has_stalled()


def test_a_process_that_does_nothing_is_given_up(clock: Clock) -> None:
    coming_up = ComingUp(lambda: 0.5, clock)
    clock.now += START_SILENT_S - 0.1
    assert not coming_up.has_stalled()
    clock.now += 0.1
    assert coming_up.has_stalled()


def test_what_is_not_known_gives_nothing_up(clock: Clock) -> None:
    coming_up = ComingUp(lambda: None, clock)
    clock.now += 10 * START_SILENT_S
    assert not coming_up.has_stalled()


def test_the_processor_time_of_a_process_grows_with_what_it_does() -> None:
    before = processor_time_s(os.getpid())
    assert before is not None
    while processor_time_s(os.getpid()) == before:
        sum(range(10_000))


def test_of_a_process_that_does_not_exist_nothing_is_known() -> None:
    assert processor_time_s(2**22 + 1) is None

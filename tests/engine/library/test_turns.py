import threading
from collections.abc import Callable, Iterator

import pytest

from discpress.engine.library.scan import turns as turns_module
from discpress.engine.library.scan.turns import Turns


class Clock:
    """The time that passes, and the processor time that a thread uses meanwhile, s."""

    def __init__(self) -> None:
        self.now_s = self.used_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def thread_time(self) -> float:
        return self.used_s

    def work(self, seconds: float) -> None:
        self.now_s += seconds
        self.used_s += seconds


class Others:
    """Other threads, which take a turn, note it and end it."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._threads: list[threading.Thread] = []
        self.came: list[str] = []

    def start(self, name: str) -> None:
        """Start a thread, and return when it waits for its turn or has had it."""

        def take() -> None:
            self._turns.take()
            self.came.append(name)
            self._turns.end()

        thread = threading.Thread(target=take)
        self._threads.append(thread)
        thread.start()
        while thread.is_alive() and thread.ident not in self._turns._waiting:
            thread.join(0.001)

    def join(self) -> None:
        """Wait for the end of all threads."""
        for thread in self._threads:
            thread.join()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(turns_module, "time", clock)
    monkeypatch.setattr(turns_module, "_PATIENCE_S", 60.0)
    return clock


@pytest.fixture
def turns() -> Turns:
    return Turns()


@pytest.fixture
def others(turns: Turns) -> Iterator[Others]:
    others = Others(turns)
    yield others
    turns.end()
    others.join()


def test_threads_work_one_after_another_in_the_order_in_which_they_came(
    clock: Clock, turns: Turns, others: Others
) -> None:
    turns.take()
    for name in ("first", "second", "third"):
        others.start(name)
    clock.work(0.001)
    others.came.append("me")
    turns.end()
    others.join()
    assert others.came == ["me", "first", "second", "third"]


@pytest.mark.parametrize(("seconds", "expected"), [(0.001, []), (1.0, ["other"])])
def test_a_thread_keeps_its_turn_for_a_while_only(
    clock: Clock, turns: Turns, others: Others, seconds: float, expected: list[str]
) -> None:
    turns.take()
    others.start("other")
    clock.work(seconds)
    turns.take()
    assert others.came == expected


def test_a_thread_that_nobody_waits_for_keeps_its_turn(clock: Clock, turns: Turns, others: Others) -> None:
    turns.take()
    clock.work(1.0)
    turns.take()
    others.start("other")
    assert others.came == []


@pytest.mark.parametrize("give", [Turns.take, Turns.end], ids=["at its next step", "before it waits"])
def test_threads_do_not_wait_for_each_other_after_a_turn_spent_waiting(
    clock: Clock, turns: Turns, others: Others, give: Callable[[Turns], None]
) -> None:
    turns.take()
    others.start("waits already")
    clock.now_s += 1.0
    give(turns)
    others.join()
    turns.take()
    others.start("comes now")
    assert others.came == ["waits already", "comes now"]


def is_resting_after(clock: Clock, turns: Turns, others: Others, seconds: float) -> bool:
    """Return whether other threads still do not wait for this one's turn."""
    clock.work(seconds)
    turns.take()
    before = len(others.came)
    others.start("other")
    is_resting = len(others.came) > before
    turns.end()
    others.join()
    return is_resting


def wait_for_the_disk(clock: Clock, turns: Turns) -> None:
    turns.take()
    clock.now_s += 1.0
    turns.end()


def test_there_are_turns_again_after_a_rest(clock: Clock, turns: Turns, others: Others) -> None:
    wait_for_the_disk(clock, turns)
    assert [is_resting_after(clock, turns, others, seconds) for seconds in (0.24, 0.02)] == [True, False]


def test_each_turn_spent_waiting_doubles_the_rest(clock: Clock, turns: Turns, others: Others) -> None:
    for _ in range(3):
        wait_for_the_disk(clock, turns)
        clock.now_s += 4.0
    wait_for_the_disk(clock, turns)
    assert [is_resting_after(clock, turns, others, seconds) for seconds in (1.9, 0.2)] == [True, False]


def test_a_turn_that_is_used_makes_the_next_rest_short(clock: Clock, turns: Turns, others: Others) -> None:
    wait_for_the_disk(clock, turns)
    clock.work(4.0)
    turns.take()
    clock.work(1.0)
    turns.end()
    wait_for_the_disk(clock, turns)
    assert [is_resting_after(clock, turns, others, seconds) for seconds in (0.24, 0.02)] == [True, False]


def test_a_thread_that_hangs_in_its_turn_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, turns: Turns, others: Others
) -> None:
    monkeypatch.setattr(turns_module, "_PATIENCE_S", 0.01)
    turns.take()
    others.start("first")
    others.join()
    others.start("second")
    others.join()
    assert others.came == ["first", "second"]


def test_a_thread_without_a_turn_ends_none(clock: Clock, turns: Turns, others: Others) -> None:
    others.start("had one")
    turns.end()
    turns.take()
    others.start("other")
    assert others.came == ["had one"]

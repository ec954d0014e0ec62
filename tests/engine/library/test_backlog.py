from pathlib import Path

import pytest

from discpress.engine.library.scan.backlog import Backlog
from discpress.engine.library.scan.turns import Turns

LOOKS = 3


class Reader:
    """Takes some files between two looks, each after the same time; the last look finds the backlog closed."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, each_s: float, taken: int = 4, *, is_working: bool = False
    ) -> None:
        self.backlog = Backlog(100, Turns())
        for number in range(2 + LOOKS * taken):
            self.backlog.put(Path(f"{number}.iso"), 0)
        self.looks = 0
        self._now_s = 0.0
        self._each_s = each_s
        self._taken = taken
        monkeypatch.setattr("discpress.engine.library.scan.backlog.time.monotonic", self._monotonic)
        now_s = self._monotonic if is_working else lambda: 0.0
        monkeypatch.setattr("discpress.engine.library.scan.backlog.time.thread_time", now_s)
        monkeypatch.setattr(self.backlog._is_closed, "wait", self._read)

    def _monotonic(self) -> float:
        self._now_s += self._each_s
        return self._now_s

    def _read(self, timeout_s: float) -> None:
        self.looks += 1
        for _ in range(self._taken):
            self.backlog.get()
        if self.looks == LOOKS:
            self.backlog.close()


def test_a_reader_of_files_in_memory_needs_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(monkeypatch, 0.0001)
    assert (reader.backlog.is_worth_help(), reader.looks) == (False, LOOKS)


def test_a_reader_on_a_slow_machine_needs_no_help(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(monkeypatch, 0.01, is_working=True)
    assert (reader.backlog.is_worth_help(), reader.looks) == (False, LOOKS)


def test_a_reader_that_waits_for_its_disk_needs_help(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(monkeypatch, 0.01)
    assert (reader.backlog.is_worth_help(), reader.looks) == (True, 1)


def test_a_reader_that_hangs_needs_help(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Reader(monkeypatch, 0.0001, taken=0)
    assert (reader.backlog.is_worth_help(), reader.looks) == (True, 1)

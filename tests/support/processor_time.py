"""The processor time of each test and of the processes that it has waited for, and how the mark `slow` fits it."""

import os
from collections.abc import Iterator

import pytest

SLOW_S = 0.15
"""What takes longer is marked `slow`."""
QUICK_S = SLOW_S / 5
"""What takes less is not; in between both are right, because no two machines and no two runs are the same."""
LISTED = 40


class ProcessorTime:
    """A plugin that measures every test of this process and reports at the end."""

    def __init__(self) -> None:
        self._taken: list[tuple[float, pytest.Item]] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Measure a test with its fixtures."""
        began = _processor_s()
        try:
            return (yield)
        finally:
            self._taken.append((_processor_s() - began, item))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the longest tests, and those whose mark does not fit."""
        marked = [(taken_s, item.get_closest_marker("slow") is not None, item.nodeid) for taken_s, item in self._taken]
        longest = sorted(marked, reverse=True)[:LISTED]
        total_s = sum(taken_s for taken_s, _, _ in marked)
        _list(terminalreporter, f"{total_s:.1f} s of processor time, the longest", longest)
        _list(terminalreporter, "should be marked slow", [each for each in marked if each[0] > SLOW_S and not each[1]])
        _list(terminalreporter, "need not be marked slow", [each for each in marked if each[0] < QUICK_S and each[1]])


def _list(reporter: pytest.TerminalReporter, heading: str, marked: list[tuple[float, bool, str]]) -> None:
    if marked:
        reporter.section(heading)
    for taken_s, _, name in marked:
        reporter.line(f"{taken_s:8.2f} s  {name}")


def _processor_s() -> float:
    return sum(os.times()[:4])

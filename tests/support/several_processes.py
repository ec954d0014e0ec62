"""Cheaper runs in several processes: with many a test, pytest-xdist takes as long as the test, but for these two."""

from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController


class ShortReports:
    """A plugin of a process that runs tests: it sends no report of a setup or a teardown that has passed.

    Each report is packed, sent, unpacked and counted, and of these nothing is shown.
    """

    @pytest.hookimpl
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test as pytest does, and pass on what the main process counts or shows."""
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            if report.when == "call" or not report.passed:
                item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True


class ShortSchedules:
    """A plugin of the main process, for `--dist loadfile`."""

    @pytest.hookimpl
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> LoadFileScheduling | None:
        """Return a schedule by files."""
        return _ShortSchedule(config, log) if config.getvalue("dist") == "loadfile" else None


class _ShortSchedule(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """A schedule by files that forgets those that are done: after each test it counts what is left of all others."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        files = self.assigned_work.get(node, {})
        for name in [name for name, tests in files.items() if all(tests.values())]:
            del files[name]
        super()._assign_work_unit(node)

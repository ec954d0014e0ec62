"""Reports of tests that say something: each report of a process of pytest-xdist is packed, sent, unpacked and counted.

Those of the setup and the teardown of a test that passes say nothing, and cost as much as many a test does.
"""

import pytest
from _pytest.runner import runtestprotocol


class ShortReports:
    """A plugin for the processes that run tests for another one."""

    @pytest.hookimpl
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test as pytest does, and pass on what its main process counts or shows."""
        for report in runtestprotocol(item, log=False, nextitem=nextitem):
            if report.when == "call" or not report.passed:
                item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

"""Marks that decide where commands run."""

from collections.abc import Iterator

import pytest
from command_line import Processes


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let only the tests that are marked `e2e` start the real programs."""
    Processes.are_real = item.get_closest_marker("e2e") is not None
    return (yield)

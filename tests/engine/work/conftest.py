"""What several tests of the worker's rooms begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from manager_house import House

from engine.work import manager as managers


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A manager in this process that looks around all the time; whatever runs ends with the test."""
    monkeypatch.setattr(managers, "POLL_S", 0.005)
    house = House(tmp_path)
    yield house
    house.stop.set()
    house.stage.end_all()
    house.wait_end()
    house.store.close()

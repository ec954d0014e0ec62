"""What several tests of the worker's rooms begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from manager_house import House
from patience import HANG_S

from discpress.engine.system import disk_probe as disks
from discpress.engine.worker import scheduler as managers


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A manager in this process that looks around all the time; whatever runs ends with the test.

    A disk that answers does so while the manager waits for it, however slow the machine is.
    """
    monkeypatch.setattr(managers, "POLL_S", 0.005)
    monkeypatch.setattr(disks, "PATIENCE_S", HANG_S)
    house = House(tmp_path)
    yield house
    house.stop.set()
    house.stage.end_all()
    house.wait_end()
    house.store.close()

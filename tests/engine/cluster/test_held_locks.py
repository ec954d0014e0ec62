"""A machine holds a lock for a test, and not for ever."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from discpress.engine.cluster import machine
from discpress.engine.cluster.machine import Requests
from discpress.engine.cluster.runs import Runs
from discpress.engine.shares.locks import TEST_START, new_token
from discpress.engine.shares.rows import LocalShare

SHARE = "ab" * 16


@pytest.fixture
def requests(tmp_path: Path) -> Requests:
    share = cast(LocalShare, _Share(tmp_path))
    return Requests(cast(Runs, None), lambda: [share])


class _Share:
    """A share that this machine knows."""

    def __init__(self, path: Path) -> None:
        self.share_id = SHARE
        self.path = path


def locks(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(TEST_START)]


async def hold(requests: Requests) -> Any:
    answer = await requests.hold_lock(SHARE, new_token())
    assert answer == {"problem": ""}


async def test_a_forgotten_lock_is_freed(requests: Requests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "HELD_S", 0.0)
    await hold(requests)
    while locks(tmp_path):
        await asyncio.sleep(0)


async def test_a_machine_that_leaves_frees_its_locks(requests: Requests, tmp_path: Path) -> None:
    await hold(requests)
    assert locks(tmp_path)
    await requests.close()
    assert not locks(tmp_path)

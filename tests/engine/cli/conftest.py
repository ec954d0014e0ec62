"""A desk with a queue on it, and nobody real behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from queue_desk import Desk, FakeWorker

from discpress.engine.store.store import Store


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> FakeWorker:
    fake = FakeWorker()
    monkeypatch.setattr("discpress.engine.cli.queue.access.ensure_worker", fake.ensure)
    monkeypatch.setattr("discpress.engine.cli.queue.access.is_worker_alive", fake.look)
    monkeypatch.setattr("discpress.engine.cli.queue.access.stop_worker", fake.stop)
    for name, value in {"POLL_S": 0.001, "REDRAW_S": 0.001, "REVIVE_S": 0.0, "STALL_S": 0.05}.items():
        monkeypatch.setattr(f"discpress.engine.cli.queue.follow.{name}", value)
    return fake


@pytest.fixture
def desk(
    tmp_path: Path, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    monkeypatch.setenv("DISCPRESS_CONFIG", str(tmp_path / "config.toml"))
    folder = tmp_path / "games"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with Store(tmp_path / "state") as store:
        yield Desk(folder, store, capsys)

"""The bench on a real terminal, with a real worker that measures: bytes while it runs, results when it is done."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_pty import AppPty
from command_line import write_old
from patience import HANG_S
from queue_waiting import wait_idle
from sample_images import mixed

from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
MOST_BYTES_A_SECOND = 5_000
MEASURED_S = 6


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A working folder with one title, without a worker left behind."""
    write_old(tmp_path / "games" / "Game 1.iso", mixed(4 * MIB, seed=8))
    yield tmp_path
    stop_worker(tmp_path / "state", HANG_S)


def open_bench(app: AppPty) -> None:
    app.wait_for("saves ")
    app.send("b")
    app.wait_for("SEEK LATENCY")
    app.wait_rest()


@pytest.mark.parametrize(("width", "height"), [(120, 36), (80, 24)])
def test_a_running_test_sends_at_most_5_kb_a_second(folder: Path, width: int, height: int) -> None:
    with AppPty([folder / "games"], folder, width=width, height=height) as app:
        open_bench(app)
        app.send("D", "down", "down", "enter")
        app.wait_for("duration 30 s")
        app.send("m")
        app.wait_for("median, live")
        before, began = app.received, time.monotonic()
        app.measure(MEASURED_S)
        app.wait_until(lambda: app.received > before)
        assert app.received - before <= MOST_BYTES_A_SECOND * (time.monotonic() - began)
        app.wait_for("reads, p50")  # it runs still


def test_a_title_is_measured_and_its_block_size_used_by_keys(folder: Path) -> None:
    with AppPty([folder / "games"], folder, width=120, height=36) as app:
        open_bench(app)
        app.send("D", *["down"] * 3, "enter")
        app.wait_for("duration 1 s")
        app.send("m", "M")
        app.wait_for("16K          9")
        app.wait_until(lambda: any(stage in app.text for stage in ("packing", "reading", "writing")))
        app.wait_until(lambda: "to measure" not in app.text and " of 4" not in app.text and " of 6" not in app.text)
        app.wait_quiet()
        app.send("down", "down", "enter")
        app.wait_for("block 16K")
        app.send("escape")
        app.wait_for("This choice is not saved")
        app.send("right", "enter")
        app.wait_for("SEEK LATENCY")
        app.send("escape")
        app.wait_for("queue: empty")
        app.send("q")
        assert app.wait_end() == 0
    assert sorted(path.name for path in (folder / "games").iterdir()) == ["Game 1.iso"]
    with Store(folder / "state") as store:
        assert len(store.measurements()) == 4 + 6
        assert {each.facts["beside"] for each in store.measurements()} == {0}


def test_a_bench_at_rest_sends_nothing(folder: Path) -> None:
    with AppPty([folder / "games"], folder) as app:
        open_bench(app)
        assert app.measure(3.0) == 0


def test_a_test_goes_on_without_the_app(folder: Path) -> None:
    with AppPty([folder / "games"], folder) as app:
        open_bench(app)
        app.send("D", *["down"] * 3, "enter", "m")
        app.wait_for(" of 4")
        app.process.kill()
        app.wait_end()
    with Store(folder / "state") as store:
        assert wait_idle(JobQueue(store), HANG_S)
        assert len(store.measurements()) == 4

"""A worker of an older release that still runs beside a newer discpress, and the worker in the foreground."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import CommandLine, write_old
from patience import HANG_S, wait_for
from sample_images import mixed

from discpress.engine import VERSION
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker

pytestmark = pytest.mark.e2e

OLD_WORKER = """
import os, socket, sys, time
from pathlib import Path
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState, WorkerStatus
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_stop_wanted, worker_lock

folder = Path(sys.argv[1])
with worker_lock(folder), Store(folder) as store:
    JobQueue(store).set_worker(WorkerStatus(os.getpid(), socket.gethostname(), WorkerState.WORKING, time.time()))
    while not is_stop_wanted(folder):
        time.sleep(0.01)
"""
"""What release 0.1.0 does as far as others see: it holds the lock, writes no version, and stops when it is asked to."""


@pytest.fixture
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("DISCPRESS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.delenv("XDG_SESSION_ID", raising=False)
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    yield folder
    assert stop_worker(folder, HANG_S)


@pytest.fixture
def old_worker(state_folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen([sys.executable, "-P", "-c", OLD_WORKER, state_folder])
    wait_for(lambda: is_worker_alive(state_folder), "the old worker")
    with Store(state_folder) as store:
        wait_for(lambda: JobQueue(store).worker() is not None, "its status")
    yield process
    process.kill()
    process.wait()


def test_a_worker_of_another_release_is_stopped_cleanly_and_replaced(
    state_folder: Path, old_worker: "subprocess.Popen[bytes]"
) -> None:
    with Store(state_folder) as store:
        queue = JobQueue(store)
        assert ensure_worker(state_folder, queue.worker) == ""
        status = queue.worker()
    assert old_worker.wait(HANG_S) == 0
    assert status is not None
    assert (status.version, is_worker_alive(state_folder)) == (VERSION, True)


def test_a_worker_of_this_release_stays(state_folder: Path) -> None:
    with Store(state_folder) as store:
        queue = JobQueue(store)
        ensure_worker(state_folder, queue.worker)
        first = queue.worker()
        ensure_worker(state_folder, queue.worker)
        second = queue.worker()
    assert first is not None
    assert second is not None
    assert first.pid == second.pid


def test_a_job_of_the_old_worker_is_done_by_the_new_one(
    state_folder: Path, old_worker: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    game = write_old(tmp_path / "game.iso", mixed(1024 * 1024, seed=7))
    with Store(state_folder) as store:
        queue = JobQueue(store)
        queue.add([JobRequest(ConvertTask(ConversionRequest()), game)])
        ensure_worker(state_folder, queue.worker)
        wait_for(lambda: [job.state for job in queue.jobs()] == [JobState.DONE], "the conversion")
    assert game.with_suffix(".zso").exists()


def test_queue_run_does_the_queue_in_the_foreground(cli: CommandLine, game: Path) -> None:
    cli.run("queue", "add", game)
    cli.run("queue", "stop")
    assert cli.run("queue", "run", "--idle", "0").exit_code == 0
    assert game.with_suffix(".zso").exists()


def test_queue_run_ends_in_order_at_sigterm(cli: CommandLine) -> None:
    process = cli.start("queue", "run", "--idle", "3600")
    wait_for(lambda: is_worker_alive(cli.home / "state" / "discpress"), "the worker")
    process.process.send_signal(signal.SIGTERM)
    assert process.finish().exit_code == 0

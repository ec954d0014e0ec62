"""Errands and a real worker: started for them, killed in the middle of them, ended after them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import MIB, CommandLine, slow_to_pack, write_old
from gates import ESTIMATING, PACKING
from patience import HANG_S, wait_for
from queue_waiting import wait_idle
from sample_images import as_disc

from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.measure.estimate import grid_block_sizes, grid_levels
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.crash_count import MOST_DEATHS
from discpress.engine.queue.jobs import Action, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import EstimateTask, GridTask, ScanTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker

pytestmark = pytest.mark.e2e

SLOW = ConversionRequest(ImageFormat.ZSO, 2048, 12, target="any")
FAST = ConversionRequest(ImageFormat.ZSO, 2048, 1, target="any")


class Home:
    """A home whose worker is asked for errands."""

    def __init__(self, cli: CommandLine) -> None:
        self.cli = cli
        self.folder = cli.folder
        self.state_folder = cli.home / "state" / "discpress"
        self.state_folder.mkdir(parents=True, mode=0o700)
        self.store = Store(self.state_folder)
        self.background_tasks = BackgroundTasks(self.store)
        self.queue = JobQueue(self.store)
        self.children: list[subprocess.Popen[bytes]] = []

    def start_worker(self, idle_s: float = 3600.0) -> "subprocess.Popen[bytes]":
        """Start a worker as a child of this process, so that its end can be waited for."""
        command = [
            sys.executable,
            "-P",
            "-m",
            "discpress.engine.worker",
            "--state",
            str(self.state_folder),
            "--idle",
            str(idle_s),
        ]
        worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self.cli.environment, cwd="/")
        self.children.append(worker)
        return worker

    def wait_done(self) -> None:
        wait_for(lambda: not self.background_tasks.pending(), "the end of all errands")

    def hold(self, kind: TaskKind, path: Path, request: ConversionRequest) -> "subprocess.Popen[bytes]":
        """Ask for an errand, and let a worker hold amid it; return its process."""
        gate = self.cli.close_gate(ESTIMATING, 2)
        work = EstimateTask(request) if kind is TaskKind.ESTIMATE else GridTask(request)
        self.background_tasks.ask([(path, work)], 0)
        worker = self.start_worker()
        gate.wait_reached()
        return worker

    def open_gate(self) -> None:
        assert self.cli.gate is not None
        self.cli.gate.open()

    def worker_state(self) -> WorkerState | None:
        worker = self.queue.worker()
        return None if worker is None else worker.state

    def worker_pid(self) -> int:
        worker = self.queue.worker()
        return 0 if worker is None else worker.pid

    def close(self) -> None:
        assert stop_worker(self.state_folder, HANG_S)
        for child in self.children:
            child.wait(HANG_S)
        self.store.close()


@pytest.fixture
def home(cli: CommandLine) -> Iterator[Home]:
    home = Home(cli)
    yield home
    home.close()


@pytest.fixture
def slow(home: Home) -> Path:
    return write_old(home.folder / "slow.iso", slow_to_pack(4 * MIB, seed=78))


@pytest.fixture
def long(home: Home) -> Path:
    """An image of four slices, as fast as can be: a gate holds after the second."""
    return write_old(home.folder / "long.iso", as_disc(bytes(4 * MIB)))


def test_a_worker_is_started_for_background_tasks_alone(
    home: Home, game: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in home.cli.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XDG_SESSION_ID", raising=False)
    home.background_tasks.ask([(home.folder, ScanTask())], 0)
    assert ensure_worker(home.state_folder) == ""
    home.wait_done()
    assert [title.path for title in home.store.titles()] == [game]


def test_a_living_worker_sees_background_tasks(home: Home, game: Path) -> None:
    home.start_worker()
    wait_for(lambda: home.worker_state() is WorkerState.IDLE, "an idle worker")
    home.background_tasks.ask([(game, EstimateTask(FAST))], 0)
    home.background_tasks.ask([(game, GridTask(FAST))], 0)
    home.wait_done()
    found = home.store.estimates_of(FileIdentity.at(game))
    assert len(found) == len(grid_block_sizes(ImageFormat.ZSO)) * len(grid_levels(ImageFormat.ZSO))


def test_a_worker_that_is_killed_leaves_its_background_task_to_the_next(home: Home, long: Path) -> None:
    worker = home.hold(TaskKind.ESTIMATE, long, SLOW)
    worker.send_signal(signal.SIGKILL)
    worker.wait(HANG_S)
    assert (home.background_tasks.pending(), home.store.estimates_of(FileIdentity.at(long))) == (1, [])
    home.open_gate()
    home.start_worker()
    home.wait_done()
    (found,) = home.store.estimates_of(FileIdentity.at(long))
    assert found.settings == Settings(ImageFormat.ZSO, 2048, 12, target="any")


def test_an_background_task_that_kills_worker_after_worker_is_given_up(home: Home, long: Path) -> None:
    for _ in range(MOST_DEATHS):
        worker = home.hold(TaskKind.ESTIMATE, long, SLOW)
        worker.send_signal(signal.SIGKILL)
        worker.wait(HANG_S)
    home.open_gate()
    home.start_worker(idle_s=0).wait(HANG_S)
    said = home.background_tasks.failed(TaskKind.ESTIMATE)[long]
    assert said.startswith(f"{long}: the worker ended 3 times while it did this")


def test_a_worker_does_not_end_before_its_background_tasks(home: Home, slow: Path) -> None:
    home.background_tasks.ask([(slow, EstimateTask(SLOW))], 0)
    assert home.start_worker(idle_s=0).wait(HANG_S) == 0
    assert (home.background_tasks.pending(), is_worker_alive(home.state_folder)) == (0, False)


def test_withdrawn_background_tasks_are_stopped_and_not_kept(home: Home, long: Path) -> None:
    home.hold(TaskKind.GRID, long, SLOW)
    home.background_tasks.withdraw([TaskKind.GRID])
    wait_for(lambda: home.worker_state() is WorkerState.IDLE, "an idle worker")
    home.open_gate()
    assert home.store.estimates_of(FileIdentity.at(long)) == []


def test_a_worker_that_stops_leaves_its_background_task_to_the_next(home: Home, long: Path) -> None:
    worker = home.hold(TaskKind.GRID, long, SLOW)
    assert stop_worker(home.state_folder, HANG_S)
    assert worker.wait(HANG_S) == 0
    assert home.background_tasks.pending(TaskKind.GRID) == 1


def test_an_background_task_is_done_beside_a_conversion(home: Home, slow: Path, game: Path) -> None:
    gate = home.cli.close_gate(PACKING, 2)
    done = home.cli.run("queue", "add", "-l", "12", "--target", "any", "--even-useless", slow)
    assert done.exit_code == 0, done.text
    gate.wait_reached()
    home.background_tasks.ask([(game, EstimateTask(FAST))], 0)
    home.wait_done()
    assert home.store.estimates_of(FileIdentity.at(game)) != []
    assert home.queue.job(1).state is JobState.RUNNING
    home.queue.ask([1], Action.CANCEL)
    assert wait_idle(home.queue, HANG_S)


def test_what_cannot_be_read_says_why(home: Home) -> None:
    bad = write_old(home.folder / "bad.iso", b"ZISO" + bytes(40))
    home.background_tasks.ask([(bad, EstimateTask(FAST))], 0)
    home.start_worker()
    home.wait_done()
    assert home.background_tasks.failed(TaskKind.ESTIMATE)[bad].startswith(f"{bad}: block size 0 ")


def test_a_worker_that_could_not_hear_it_stops_when_it_goes_on(home: Home, long: Path) -> None:
    worker = home.hold(TaskKind.GRID, long, SLOW)
    worker.send_signal(signal.SIGSTOP)
    assert not stop_worker(home.state_folder, timeout_s=0.1)
    worker.send_signal(signal.SIGCONT)
    assert worker.wait(HANG_S) == 0
    assert home.background_tasks.pending() == 1


def test_what_was_asked_of_one_worker_is_not_asked_of_the_next(home: Home, long: Path) -> None:
    worker = home.hold(TaskKind.ESTIMATE, long, FAST)
    worker.send_signal(signal.SIGSTOP)
    assert not stop_worker(home.state_folder, timeout_s=0.1)
    worker.send_signal(signal.SIGKILL)
    worker.wait(HANG_S)
    home.open_gate()
    home.start_worker(idle_s=0)
    home.wait_done()

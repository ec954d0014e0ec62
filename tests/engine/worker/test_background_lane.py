"""Which errand runs when, beside which jobs: a manager in this process, what it runs in our hand."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patience import HANG_S, wait_for
from queued_jobs import job_request

from discpress.engine.errors import SuspendedError, UsageError
from discpress.engine.progress import Control
from discpress.engine.queue.background import BackgroundTask, BackgroundTasks
from discpress.engine.queue.crash_count import MOST_DEATHS
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import EstimateTask, GridTask, ScanTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.worker import scheduler as managers
from discpress.engine.worker.scheduler import Manager
from discpress.engine.worker.turn import Outcome, Turn

STEP_S = 0.002
SCAN, ESTIMATE = TaskKind.SCAN, TaskKind.ESTIMATE
WISH, OTHER = ConversionRequest(level=9), ConversionRequest(level=3)
SEEN, LATER = 0, 10


class House:
    """A store, and a manager over it whose jobs and errands last until they are told to end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "state")
        self.background_tasks = BackgroundTasks(self.store)
        self.queue = JobQueue(self.store)
        self.stop = threading.Event()
        self.may_end: dict[Path, threading.Event] = {}
        self.errors: dict[Path, BaseException] = {}
        self.begun: list[Path] = []
        self.ended: list[Path] = []
        self.threads: list[int] = []
        self.looks = 0
        self.idle_s = 1e9
        self._thread = threading.Thread(target=self._work)

    def path(self, name: str) -> Path:
        """A file that is there; its job or errand lasts."""
        path = self.folder / name
        path.write_bytes(bytes(2048))
        self.may_end.setdefault(path, threading.Event())
        return path

    def ask(self, *names: str, rank: int = SEEN, request: ConversionRequest = WISH) -> list[Path]:
        paths = [self.path(name) for name in names]
        self.background_tasks.ask([(path, EstimateTask(request)) for path in paths], rank)
        return paths

    def add(self, name: str, kind: TaskKind) -> Path:
        path = self.path(name)
        self.queue.add([job_request(kind, path, WISH)])
        return path

    def begin(self) -> None:
        self._thread.start()

    def _work(self) -> None:
        manager = Manager(
            self.queue,
            self.store,
            8,
            self._should_stop,
            self.idle_s,
            run=self._run_job,
            run_background_task=self._run_background_task,
        )
        asyncio.run(manager.work())

    def _should_stop(self) -> bool:
        self.looks += 1
        return self.stop.is_set()

    def _run_job(self, turn: Turn) -> Outcome:
        self._run(turn.job.path, turn.control)
        return Outcome()

    def _run_background_task(
        self, background_task: BackgroundTask, store: Store, threads: int, control: Control
    ) -> None:
        self.threads.append(threads)
        self._run(background_task.path, control)

    def _run(self, path: Path, control: Control) -> None:
        self.begun.append(path)
        try:
            while not self.may_end[path].wait(STEP_S):
                control.check()
        finally:
            self.ended.append(path)
        if path in self.errors:
            raise self.errors[path]

    def end(self, path: Path, error: BaseException | None = None) -> None:
        """Let a job or errand end."""
        if error is not None:
            self.errors[path] = error
        self.may_end[path].set()

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        wait_for(condition, what)

    def wait_begun(self, *paths: Path) -> None:
        self.wait(lambda: set(paths) <= set(self.begun), f"beginning of {paths}")

    def let_look(self) -> None:
        """Let the manager look around at least twice."""
        looks = self.looks
        self.wait(lambda: self.looks >= looks + 3, "looks around")

    @property
    def is_working(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self.stop.set()
        if self._thread.ident is not None:
            self._thread.join(HANG_S)
            assert not self.is_working
        self.store.close()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(managers, "POLL_S", 0.005)
    house = House(tmp_path)
    yield house
    house.close()


def test_an_background_task_is_done_and_gone(house: House) -> None:
    house.begin()
    (path,) = house.ask("one")
    house.wait_begun(path)
    house.end(path)
    house.wait(lambda: not house.background_tasks.pending(), "its end")


def test_few_background_tasks_run_at_once(house: House) -> None:
    paths = house.ask("one", "two", "three")
    house.begin()
    house.wait_begun(*paths[:2])
    house.let_look()
    assert set(house.begun) == set(paths[:2])


def test_the_next_one_follows(house: House) -> None:
    paths = house.ask("one", "two", "three")
    house.begin()
    house.wait_begun(*paths[:2])
    house.end(paths[0])
    house.wait_begun(paths[2])


def test_a_single_background_task_runs_beside_a_conversion_with_a_single_thread(house: House) -> None:
    game = house.add("game", TaskKind.CONVERT)
    house.begin()
    house.wait_begun(game)
    one, _ = house.ask("one", "two")
    house.wait_begun(one)
    house.let_look()
    assert (house.begun, house.threads) == ([game, one], [1])


def test_background_tasks_share_their_places_with_the_probes(house: House) -> None:
    probe = house.add("folder", TaskKind.SCAN)
    house.begin()
    house.wait_begun(probe)
    one, _ = house.ask("one", "two")
    house.wait_begun(one)
    house.let_look()
    assert house.begun == [probe, one]


def test_jobs_come_before_background_tasks(house: House) -> None:
    house.ask("one", "two")
    probes = [house.add(name, TaskKind.SCAN) for name in ("a", "b")]
    house.begin()
    house.wait_begun(*probes)
    house.let_look()
    assert set(house.begun) == set(probes)


def test_a_better_rank_overtakes(house: House) -> None:
    first, second, _ = house.ask("1", "2", "3", rank=LATER)
    house.begin()
    house.wait_begun(first, second)
    (seen,) = house.ask("seen")
    house.end(first)
    house.wait_begun(seen)
    assert house.begun[2:] == [seen]


def test_an_error_is_kept_as_a_text(house: House) -> None:
    (path,) = house.ask("one")
    house.end(path, UsageError("its target does not load it"))
    house.begin()
    house.wait(lambda: bool(house.background_tasks.failed(ESTIMATE)), "its failure")
    assert house.background_tasks.failed(ESTIMATE) == {path: "its target does not load it"}


def test_a_fault_of_ours_fails_the_background_task_alone(house: House) -> None:
    one, two = house.ask("one", "two")
    house.end(one, ZeroDivisionError("oops"))
    house.begin()
    house.wait(lambda: bool(house.background_tasks.failed(ESTIMATE)), "its failure")
    house.end(two)
    house.wait(lambda: not house.background_tasks.pending(), "the other's end")
    assert house.background_tasks.failed(ESTIMATE) == {one: "internal error: ZeroDivisionError('oops')"}


def test_an_background_task_whose_file_is_gone_is_dropped(house: House) -> None:
    (path,) = house.ask("one")
    path.unlink()
    house.end(path, UsageError("no such file"))
    house.begin()
    house.wait(lambda: not house.background_tasks.pending(), "its end")
    assert house.background_tasks.failed(ESTIMATE) == {}


def test_a_grid_of_a_file_that_is_gone_says_so(house: House) -> None:
    path = house.path("one")
    path.unlink()
    house.background_tasks.ask([(path, GridTask(WISH))], SEEN)
    house.end(path, UsageError("no such file"))
    house.begin()
    house.wait(lambda: not house.background_tasks.pending(), "its end")
    assert house.background_tasks.failed(TaskKind.GRID) == {path: "no such file"}


def test_a_scan_of_a_folder_that_is_gone_says_so(house: House) -> None:
    path = house.path("away")
    path.unlink()
    house.background_tasks.ask([(path, ScanTask())], SEEN)
    house.end(path, UsageError("it cannot be searched"))
    house.begin()
    house.wait(lambda: not house.background_tasks.pending(), "its end")
    assert house.background_tasks.failed(SCAN) == {path: "it cannot be searched"}


def test_a_withdrawn_background_task_stops(house: House) -> None:
    (path,) = house.ask("one")
    house.begin()
    house.wait_begun(path)
    house.background_tasks.withdraw([ESTIMATE])
    house.wait(lambda: path in house.ended, "its end")
    house.let_look()
    assert house.begun == [path]


def test_an_background_task_wanted_otherwise_begins_anew(house: House) -> None:
    (path,) = house.ask("one")
    house.begin()
    house.wait_begun(path)
    house.ask("one", request=OTHER)
    house.wait(lambda: house.begun == [path, path], "its second beginning")
    assert house.ended == [path]


def test_a_manager_that_stops_leaves_its_background_tasks_to_the_next(house: House) -> None:
    (path,) = house.ask("one")
    house.begin()
    house.wait_begun(path)
    house.stop.set()
    house.wait(lambda: not house.is_working, "its end")
    assert (house.ended, house.background_tasks.pending()) == ([path], 1)


def test_background_tasks_are_work(house: House) -> None:
    house.idle_s = 0.0
    (path,) = house.ask("one")
    house.begin()
    house.wait_begun(path)
    house.let_look()
    worker = house.queue.worker()
    assert worker is not None
    assert (house.is_working, worker.state) == (True, WorkerState.WORKING)
    house.end(path)
    house.wait(lambda: not house.is_working, "its end")


def test_background_tasks_leave_no_history(house: House) -> None:
    (path,) = house.ask("one")
    house.end(path)
    house.begin()
    house.wait(lambda: not house.background_tasks.pending(), "its end")
    assert house.queue.jobs() == []


def test_a_suspended_background_task_is_no_failure(house: House) -> None:
    (path,) = house.ask("one")
    house.errors[path] = SuspendedError()
    house.begin()
    house.wait_begun(path)
    house.stop.set()
    house.end(path)
    house.wait(lambda: not house.is_working, "its end")
    assert (house.background_tasks.failed(ESTIMATE), house.background_tasks.pending()) == ({}, 1)


# One at which workers died.


def make_suspect(house: House, path: Path) -> None:
    """Let workers die at an errand until the next one is to be alone with it."""
    for _ in range(MOST_DEATHS - 1):
        house.background_tasks.begin(BackgroundTask(EstimateTask(WISH), path, SEEN, 0.0))
        house.background_tasks.recover()


def test_an_background_task_at_which_workers_died_runs_alone(house: House) -> None:
    one, two, three = house.ask("one", "two", "three")
    make_suspect(house, one)
    house.begin()
    house.wait_begun(one)
    house.let_look()
    assert house.begun == [one]
    house.end(one)
    house.wait_begun(two, three)


def test_no_job_is_begun_beside_it(house: House) -> None:
    (one,) = house.ask("one")
    make_suspect(house, one)
    house.begin()
    house.wait_begun(one)
    game = house.add("game", TaskKind.CONVERT)
    house.let_look()
    assert house.begun == [one]
    house.end(one)
    house.wait_begun(game)


def test_it_waits_for_those_that_were_begun_before_it(house: House) -> None:
    (one,) = house.ask("one")
    two, three = house.ask("two", "three", rank=LATER)
    make_suspect(house, two)
    house.begin()
    house.wait_begun(one)
    house.let_look()
    assert house.begun == [one]
    house.end(one)
    house.wait_begun(two)
    house.end(two)
    house.wait_begun(three)


def test_a_conversion_does_not_wait_for_it_and_other_background_tasks_overtake_it(house: House) -> None:
    game = house.add("game", TaskKind.CONVERT)
    one, two = house.ask("one", "two")
    make_suspect(house, one)
    house.begin()
    house.wait_begun(game, two)
    house.end(two)
    house.let_look()
    assert one not in house.begun
    house.end(game)
    house.wait_begun(one)


def test_an_orderly_end_of_the_worker_is_no_death(house: House) -> None:
    (path,) = house.ask("one")
    house.begin()
    house.wait_begun(path)
    house.stop.set()
    house.wait(lambda: not house.is_working, "its end")
    house.background_tasks.recover()
    background_task = house.background_tasks.next()
    assert background_task is not None
    assert background_task.worker_deaths == 0

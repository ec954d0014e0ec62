"""A manager in this process, its jobs and its clock in our hand."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patience import HANG_S, wait_for
from queued_jobs import job_request

from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.worker.scheduler import Manager
from discpress.engine.worker.turn import Outcome, Turn

THREADS = 8


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Play:
    """How one job behaves in place of a real one."""

    turn: Turn
    may_end: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    outcome: Outcome = field(default_factory=Outcome)
    is_deaf: bool = False

    def run(self) -> Outcome:
        """Run until told to end, looking for wishes all the while, unless deaf."""
        while not self.may_end.wait(0.002):
            if not self.is_deaf:
                self.turn.control.check()
        if self.error is not None:
            raise self.error
        return self.outcome


class Stage:
    """Takes the place of `run_job`: every job that is started waits here."""

    def __init__(self) -> None:
        self.plays: dict[int, Play] = {}
        self.started: list[int] = []
        self.before: Callable[[Turn], object] = lambda turn: None

    def run(self, turn: Turn) -> Outcome:
        play = self.plays[turn.job.id] = Play(turn)
        self.before(turn)
        self.started.append(turn.job.id)
        return play.run()

    def end(self, job_id: int, error: BaseException | None = None, outcome: Outcome | None = None) -> None:
        """Let a job end."""
        play = self.plays[job_id]
        play.error, play.outcome = error, outcome or Outcome()
        play.may_end.set()

    def end_all(self) -> None:
        for play in self.plays.values():
            play.may_end.set()


class House:
    """A store, its queue, a manager over it in a thread of its own, and files on disks of our choice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)
        self.clock = Clock()
        self.stage = Stage()
        self.stop = threading.Event()
        self.idle_s = 1e9
        self.failure: BaseException | None = None
        self._thread: threading.Thread | None = None
        self.manager: Manager | None = None

    def add(self, *names: str, kind: TaskKind = TaskKind.CONVERT, **facts: Any) -> list[int]:
        """Queue jobs on files that are there."""
        for name in names:
            (self.folder / name).parent.mkdir(exist_ok=True)
            (self.folder / name).write_bytes(bytes(2048))
        return self.queue.add([job_request(kind, self.folder / name, ConversionRequest(), **facts) for name in names])

    def begin(self, **facts: Any) -> None:
        """Let a manager work; the facts are further ones of it."""
        self.stop.clear()
        self.manager = Manager(
            JobQueue(self.store),
            self.store,
            THREADS,
            self.stop.is_set,
            self.idle_s,
            self.clock,
            self.stage.run,
            **facts,
        )
        self._thread = threading.Thread(target=self._work, args=(self.manager,))
        self._thread.start()

    def _work(self, manager: Manager) -> None:
        try:
            asyncio.run(manager.work())
        except BaseException as error:  # noqa: BLE001 - it is raised again by `end`
            self.failure = error

    @property
    def is_working(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def end(self) -> None:
        """Stop the manager, and raise what it raised."""
        self.stop.set()
        self.join()

    def wait_end(self) -> None:
        if self._thread is not None:
            self._thread.join(HANG_S)
            assert not self._thread.is_alive()
        if self.manager is not None:
            for each in self.manager._running.values():  # left by a crash: asyncio would report them at any moment
                if each.task.done():
                    each.task.exception()

    def join(self) -> None:
        self.wait_end()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def state(self, job_id: int) -> JobState:
        return self.queue.job(job_id).state

    def wait(self, condition: Callable[[], bool], what: str = "a condition") -> None:
        """Poll until something holds; the manager must not die meanwhile."""

        def holds() -> bool:
            if condition():
                return True
            assert self.failure is None, repr(self.failure)
            return False

        wait_for(holds, what)

    def wait_started(self, *job_ids: int) -> None:
        self.wait(lambda: all(job_id in self.stage.started for job_id in job_ids), f"start of {job_ids}")

    def wait_state(self, job_id: int, state: JobState) -> None:
        self.wait(lambda: self.state(job_id) is state, f"{job_id} {state}, not {self.state(job_id)}")

    def let_look(self) -> None:
        """Let the manager look around at least twice, whatever it finds."""
        manager = self.manager
        assert manager is not None
        seen = [0]
        real = manager.should_stop

        def should_stop() -> bool:
            seen[0] += 1
            return real()

        manager.should_stop = should_stop
        self.wait(lambda: seen[0] >= 3, "looks around")
        manager.should_stop = real

    def run_all(self, *names: str, **facts: Any) -> list[int]:
        """Queue jobs, let a manager begin, wait for the first one's start."""
        ids = self.add(*names, **facts)
        self.begin()
        self.wait_started(ids[0])
        return ids

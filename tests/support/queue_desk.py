"""The queue's commands inside this process: one state folder, and a stand-in for its worker."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from queued_jobs import job_request
from sample_images import mixed, write_image

from discpress.engine.cli.main import run
from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import JobProgress, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState, WorkerStatus
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import JsonValue
from discpress.engine.store.store import Store


def one_after_the_other(*steps: Callable[[], object]) -> Callable[[], object]:
    """Return what takes one step a call, then does nothing."""
    left = iter(steps)

    def step() -> object:
        return next(left, lambda: None)()

    return step


class FakeWorker:
    """Stands for the worker process: alive or not, and what it does at its start or when somebody looks."""

    def __init__(self) -> None:
        self.is_alive = False
        self.starts = 0
        self.on_start: Callable[[], object] = lambda: None
        self.on_look: Callable[[], object] = lambda: None
        self.notice = ""

    def ensure(self, state_folder: Path, said: Callable[[], WorkerStatus | None]) -> str:
        if not self.is_alive:
            self.is_alive = True
            self.starts += 1
            self.on_start()
        return self.notice

    def look(self, state_folder: Path) -> bool:
        self.on_look()
        return self.is_alive

    def stop(self, state_folder: Path) -> bool:
        self.is_alive = False
        return True


class Desk:
    """One state folder, its queue, and the command line over it."""

    def __init__(self, folder: Path, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.store = store
        self.queue = JobQueue(store)
        self._capsys = capsys

    def say(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr of a command."""
        self._capsys.readouterr()
        code = run([*map(str, arguments), "--state", str(self.store.path.parent)])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def ask(self, *arguments: str | Path) -> tuple[int, list[dict[str, Any]]]:
        """Return exit code and JSON events of a command, notices left out."""
        code, out, _ = self.say(*arguments, "--json")
        events = [json.loads(line) for line in out.splitlines()]
        return code, [event for event in events if event["event"] != "notice"]

    def image(self, name: str = "game.iso", data: bytes | None = None) -> Path:
        """Write an image."""
        return write_image(self.folder / name, mixed(100_000) if data is None else data)

    def queued(self, *names: str, kind: TaskKind = TaskKind.CONVERT) -> list[int]:
        """Put jobs straight into the queue, one batch."""
        return self.queue.add(job_request(kind, self.folder / name, ConversionRequest()) for name in names)

    def finished(self, name: str = "game.iso", source_bytes: int = 1000, trashed: str | None = None) -> int:
        """Put a job straight into the queue and do it."""
        (number,) = self.queued(name)
        self.queue.start(number)
        self.queue.save_progress([JobProgress(number, "packing", 1000, 1000, 1000, 300)])
        result: dict[str, JsonValue] = {
            "output": f"{name}.zso", "source_bytes": source_bytes, "packed_bytes": 300, "trashed": trashed,
        }  # fmt: skip
        self.queue.finish(number, result)
        return number

    def failed(self, name: str = "game.iso", message: str = "the disk is full") -> int:
        """Put a job straight into the queue and let it fail."""
        (number,) = self.queued(name)
        self.queue.start(number)
        self.queue.fail(number, SpaceError(message, hint="free some"))
        return number

    def finish_all(self) -> None:
        """Do all that is queued."""
        for job in self.queue.jobs([JobState.QUEUED]):
            self.queue.start(job.id)
            self.queue.finish(job.id, {})

    def worker_says(self, state: WorkerState) -> None:
        """Leave a worker's last word."""
        self.queue.set_worker(WorkerStatus(4711, "here", state, 1.0))

    def be_killed_once(self, worker: FakeWorker) -> None:
        """Be a worker that is killed at once, or the next one, which does all."""
        self.worker_says(WorkerState.WORKING)
        if worker.starts == 1:
            worker.is_alive = False
        else:
            self.finish_all()

    def state(self, number: int) -> JobState:
        """Return the state of a job."""
        return self.queue.job(number).state

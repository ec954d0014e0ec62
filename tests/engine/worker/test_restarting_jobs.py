"""Jobs that cannot continue after an interruption: their record tells so, and each client can read it there."""

from collections.abc import Iterator
from pathlib import Path

import nintendo_discs as discs
import pytest
from command_line import write_old
from queued_jobs import job_request
from sample_images import mixed

from discpress.engine.errors import SuspendedError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Turn
from discpress.tui.views.jobs import describe_job

ANY = ConversionRequest(target="any", level=1)
WAITS = "was interrupted; it starts again from the beginning"
RUNS = "was interrupted; it has started again from the beginning"


class Room:
    """A queue with one job, and the folder of its image."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)
        self.seen: list[Job] = []

    def add(self, data: bytes) -> int:
        path = write_old(self.folder / "Okami [red].iso", data)
        (job_id,) = self.queue.add([job_request(TaskKind.CONVERT, path, ANY)])
        return job_id

    def run(self, job_id: int, control: Control | None = None) -> None:
        """Begin a job, once more if it was begun before, and note its record before it ends."""
        assert self.queue.start(job_id)
        turn = Turn(self.queue.job(job_id), self.queue, self.store, 2, control or Control(), Progress())
        try:
            outcome = run_job(turn)
        except SuspendedError:
            self.seen.append(self.queue.job(job_id))
            self.queue.suspend(job_id)
            return
        self.seen.append(self.queue.job(job_id))
        self.queue.finish(job_id, outcome.result)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.store.close()


def interrupt(room: Room, data: bytes) -> int:
    """Add a job that is interrupted at once; return its number."""
    job_id = room.add(data)
    control = Control()
    control.suspend()
    room.run(job_id, control)
    return job_id


def test_a_job_of_nod_that_was_interrupted_tells_that_it_starts_again(room: Room) -> None:
    pytest.importorskip("nod_rs")
    job_id = interrupt(room, discs.small_disc())
    job = room.queue.job(job_id)
    assert (job.state, job.restart_note, note_of(job)) == (JobState.QUEUED, WAITS, WAITS)
    assert describe_job(job)[1] == [(WAITS, "warn")]
    room.run(job_id)
    assert [each.restart_note for each in room.seen] == ["", RUNS]
    assert any("it starts again from the beginning" in line for line in room.queue.log(job_id))
    assert room.queue.job(job_id).restart_note == ""


def test_a_reason_to_wait_comes_first(room: Room) -> None:
    pytest.importorskip("nod_rs")
    job = room.queue.job(interrupt(room, discs.small_disc()))
    waiting = job._replace(waiting="its disk is away")
    assert note_of(waiting) == "its disk is away"


def test_a_cancelled_job_tells_nothing(room: Room) -> None:
    pytest.importorskip("nod_rs")
    job_id = interrupt(room, discs.small_disc())
    room.queue.start(job_id)
    room.queue.cancelled(job_id)
    assert room.queue.job(job_id).restart_note == ""


def test_a_job_that_continues_tells_nothing(room: Room) -> None:
    job = room.queue.job(interrupt(room, mixed(300_000)))
    assert (job.state, job.attempts, job.restart_note) == (JobState.QUEUED, 1, "")

"""Jobs in a queue, and led to any state."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import Action, Job, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import NO_PARAMETERS, Cells
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import TASKS, ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import JsonValue

T = TypeVar("T")


def requests(number: int, *, gain_bytes: int | None = None, priority: int = 0) -> list[JobRequest]:
    return [
        JobRequest(ConvertTask(), Path(f"/games/{index}.iso"), gain_bytes=gain_bytes, priority=priority)
        for index in range(number)
    ]


def job_request(
    kind: TaskKind,
    path: Path,
    request: ConversionRequest | None = None,
    output_path: Path | None = None,
    output_folder: Path | None = None,
    parameters: Mapping[str, JsonValue] = NO_PARAMETERS,
    **facts: Any,
) -> JobRequest:
    """A request for a job of any kind, from what its row would hold."""
    return JobRequest(TASKS[kind].from_cells(Cells(parameters, request, output_path, output_folder)), path, **facts)


def task_as(kind: type[T], job: Job | JobRequest) -> T:
    """The task of a job that is of one kind."""
    assert isinstance(job.task, kind)
    return job.task


def order(queue: JobQueue) -> list[int]:
    return [job.id for job in queue.runnable()]


def state(queue: JobQueue, job_id: int) -> JobState:
    return queue.job(job_id).state


def bring_to(queue: JobQueue, wanted: JobState) -> int:
    """Add a job and lead it to a state."""
    (job_id,) = queue.add(requests(1))
    if wanted in {JobState.RUNNING, JobState.DONE, JobState.FAILED}:
        assert queue.start(job_id)
    if wanted is JobState.DONE:
        queue.finish(job_id, {})
    if wanted is JobState.FAILED:
        queue.fail(job_id, SpaceError("full"))
    if wanted is JobState.SKIPPED:
        queue.skip(job_id, "it would not shrink")
    if wanted in {JobState.PAUSED, JobState.CANCELLED}:
        queue.ask([job_id], Action.PAUSE if wanted is JobState.PAUSED else Action.CANCEL)
    return job_id

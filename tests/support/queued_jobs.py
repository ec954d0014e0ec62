"""Jobs in a queue, and led to any state."""

from pathlib import Path

from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import Action, JobKind, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue


def requests(number: int, *, gain_bytes: int | None = None, priority: int = 0) -> list[JobRequest]:
    return [
        JobRequest(JobKind.CONVERT, Path(f"/games/{index}.iso"), gain_bytes=gain_bytes, priority=priority)
        for index in range(number)
    ]


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

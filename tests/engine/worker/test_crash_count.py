"""Workers that died at a job: after three in a row it fails, and progress, a retry or an orderly stop is no death."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from queued_jobs import requests, state

from discpress.engine.queue.crash_count import MOST_DEATHS
from discpress.engine.queue.jobs import Action, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    with Store(tmp_path / "state") as store:
        yield JobQueue(store)


@pytest.fixture
def job_id(queue: JobQueue) -> int:
    (job_id,) = queue.add(requests(1))
    return job_id


def die(queue: JobQueue, job_id: int, times: int) -> None:
    """Let so many workers begin a job, each killed in the middle of it, and one more begin."""
    for _ in range(times):
        assert queue.start(job_id)
        queue.recover()


def save(queue: JobQueue, job_id: int, done_bytes: int) -> None:
    queue.save_checkpoint(job_id, {"done_bytes": done_bytes}, b"")


def test_two_deaths_leave_it_in_the_queue(queue: JobQueue, job_id: int) -> None:
    die(queue, job_id, MOST_DEATHS - 1)
    assert (state(queue, job_id), queue.job(job_id).worker_deaths) == (JobState.QUEUED, 2)


def test_the_third_fails_it_and_says_what_to_do(queue: JobQueue, job_id: int, tmp_path: Path) -> None:
    die(queue, job_id, MOST_DEATHS)
    job = queue.job(job_id)
    log_path = tmp_path / "state" / "worker.log"
    assert (job.state, job.error_code, job.exit_code) == (JobState.FAILED, "worker-ended", 1)
    assert job.error_message == f"/games/0.iso: the worker ended 3 times while it did this; its log is {log_path}"
    assert job.error_hint.startswith("retry it if the power failed")


def test_its_log_counts(queue: JobQueue, job_id: int) -> None:
    die(queue, job_id, MOST_DEATHS)
    again = "its worker was killed; the job resumes from its checkpoint"
    error = queue.job(job_id).error_message
    assert queue.log(job_id) == [again, f"{again} (2 times in a row; it fails after 3)", error]


def test_its_part_is_left_to_the_worker(queue: JobQueue, job_id: int) -> None:
    save(queue, job_id, 0)
    die(queue, job_id, MOST_DEATHS)
    assert queue.abandoned() == [job_id]


def test_a_later_checkpoint_starts_the_count_again(queue: JobQueue, job_id: int) -> None:
    die(queue, job_id, MOST_DEATHS - 1)
    for done_bytes in (100, 200, 300):
        save(queue, job_id, done_bytes)
        die(queue, job_id, 1)
        assert queue.job(job_id).worker_deaths == 1
    die(queue, job_id, MOST_DEATHS - 1)
    assert state(queue, job_id) is JobState.FAILED


def test_a_checkpoint_that_is_no_later_does_not(queue: JobQueue, job_id: int) -> None:
    for done_bytes in (200, 100, 200):
        save(queue, job_id, done_bytes)
        die(queue, job_id, 1)
    assert state(queue, job_id) is JobState.FAILED


def test_a_proven_result_is_later_than_any_byte(queue: JobQueue, job_id: int) -> None:
    save(queue, job_id, 2**40)
    die(queue, job_id, MOST_DEATHS - 1)
    queue.save_checkpoint(job_id, {"output": "/games/0.zso", "sealed": [1, 2, 3]}, b"")
    die(queue, job_id, 1)
    assert queue.job(job_id).worker_deaths == 1


def test_a_retry_starts_the_count_again(queue: JobQueue, job_id: int) -> None:
    save(queue, job_id, 500)
    die(queue, job_id, MOST_DEATHS)
    queue.drop_checkpoint(job_id)
    assert queue.ask([job_id], Action.RETRY) == [job_id]
    die(queue, job_id, MOST_DEATHS - 1)
    assert queue.job(job_id).worker_deaths == 2


@pytest.mark.parametrize("leave", ["suspend", "pause"])
def test_an_orderly_end_is_no_death(queue: JobQueue, job_id: int, leave: str) -> None:
    for _ in range(MOST_DEATHS + 1):
        queue.start(job_id)
        getattr(queue, leave)(job_id)
        queue.recover()
        queue.ask([job_id], Action.RESUME)
    assert (state(queue, job_id), queue.job(job_id).worker_deaths) == (JobState.QUEUED, 0)


@pytest.mark.parametrize(("asked", "after"), [(Action.PAUSE, JobState.PAUSED), (Action.CANCEL, JobState.CANCELLED)])
def test_what_was_wanted_of_it_comes_first(queue: JobQueue, job_id: int, asked: Action, after: JobState) -> None:
    die(queue, job_id, MOST_DEATHS - 1)
    queue.start(job_id)
    queue.ask([job_id], asked)
    queue.recover()
    assert (state(queue, job_id), queue.job(job_id).error_message) == (after, "")


def test_the_others_stay_in_the_queue(queue: JobQueue) -> None:
    first, second = queue.add(requests(2))
    die(queue, first, MOST_DEATHS)
    assert [job.id for job in queue.runnable()] == [second]

"""What the worker takes out of the queue, and what it writes down there."""

from itertools import count

import pytest
from queued_jobs import bring_to, requests, state

from discpress.engine.errors import CancelledError, SpaceError, UsageError
from discpress.engine.queue.jobs import TRANSITIONS, Action, JobProgress, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(store: Store, clock: Clock) -> JobQueue:
    return JobQueue(store, now=count(1000.0).__next__, clock=clock)


WORKER_CALLS = {
    Action.PAUSE: lambda queue, job_id: queue.pause(job_id),
    Action.RESUME: lambda queue, job_id: queue.resume(job_id),
    Action.SUSPEND: lambda queue, job_id: queue.suspend(job_id),
    Action.FINISH: lambda queue, job_id: queue.finish(job_id, {}),
    Action.FAIL: lambda queue, job_id: queue.fail(job_id, SpaceError("full")),
    Action.SKIP: lambda queue, job_id: queue.skip(job_id, "no gain"),
    Action.CANCEL: lambda queue, job_id: queue.cancelled(job_id),
}
EVERY_CALL = [(each, action) for each in JobState for action in WORKER_CALLS]
AGAIN = (JobState.CANCELLED, Action.CANCEL)
"""Cancelled at once while the worker held it paused: saying so is no mistake."""


@pytest.mark.parametrize(("before", "action"), [pair for pair in EVERY_CALL if pair in TRANSITIONS])
def test_the_worker_moves_a_job_by_the_table(queue: JobQueue, before: JobState, action: Action) -> None:
    job_id = bring_to(queue, before)
    WORKER_CALLS[action](queue, job_id)
    assert state(queue, job_id) is TRANSITIONS[before, action]


@pytest.mark.parametrize(
    ("before", "action"), [pair for pair in EVERY_CALL if pair not in TRANSITIONS and pair != AGAIN]
)
def test_the_worker_cannot_move_it_otherwise(queue: JobQueue, before: JobState, action: Action) -> None:
    job_id = bring_to(queue, before)
    job = queue.job(job_id)
    with pytest.raises(UsageError, match=f"job {job_id}: a job that is {before} cannot {action}"):
        WORKER_CALLS[action](queue, job_id)
    assert queue.job(job_id) == job


def test_a_cancelled_job_may_be_said_to_be(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.CANCELLED)
    queue.cancelled(job_id)
    assert state(queue, job_id) is JobState.CANCELLED


def test_an_unknown_job_is_an_error(queue: JobQueue) -> None:
    with pytest.raises(UsageError, match="there is no job 7"):
        queue.pause(7)


@pytest.mark.parametrize("before", JobState)
def test_only_a_queued_job_is_taken_up(queue: JobQueue, before: JobState) -> None:
    job_id = bring_to(queue, before)
    assert queue.start(job_id) == (before is JobState.QUEUED)
    assert (state(queue, job_id) is JobState.RUNNING) == (before in {JobState.QUEUED, JobState.RUNNING})


def test_a_job_that_does_not_exist_is_not_taken_up(queue: JobQueue) -> None:
    assert not queue.start(7)


def test_attempts_count_every_start_and_the_first_one_dates_it(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    first = queue.job(job_id).started_at
    queue.suspend(job_id)
    queue.start(job_id)
    assert (queue.job(job_id).attempts, queue.job(job_id).started_at) == (2, first)


def test_a_finished_job_has_its_result(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.save_progress([JobProgress(job_id, "verifying", 10, 20)])
    queue.finish(job_id, {"output": "/games/a.zso"})
    job = queue.job(job_id)
    assert (job.result, job.exit_code, job.stage, job.percent) == ({"output": "/games/a.zso"}, 0, "done", 100.0)
    assert job.ended_at is not None


def test_a_failed_job_has_its_error(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.fail(job_id, SpaceError("a\udcff: the disk is full", hint="free some"))
    job = queue.job(job_id)
    assert (job.error_code, job.error_message, job.error_hint, job.exit_code) == (
        "space", "a\\udcff: the disk is full", "free some", 4,
    )  # fmt: skip


def test_a_skipped_job_has_its_reason(queue: JobQueue) -> None:
    job = queue.job(bring_to(queue, JobState.SKIPPED))
    assert (job.error_code, job.error_message, job.exit_code) == ("skipped", "it would not shrink", 0)


def test_a_cancelled_job_says_so(queue: JobQueue) -> None:
    job = queue.job(bring_to(queue, JobState.CANCELLED))
    assert (job.error_code, job.exit_code) == (CancelledError.code, 130)


@pytest.mark.parametrize(
    ("actions", "after"),
    [
        ([Action.PAUSE], JobState.PAUSED),
        ([Action.PAUSE, Action.RESUME], JobState.QUEUED),
        ([Action.PAUSE, Action.CANCEL], JobState.CANCELLED),
    ],
)
def test_a_request_that_changes_while_it_is_obeyed_counts(
    queue: JobQueue, actions: list[Action], after: JobState
) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    for action in actions:
        queue.ask([job_id], action)
    assert (queue.pause(job_id), queue.job(job_id).wanted) == (after, None)


def test_a_pause_taken_back_in_time_leaves_it_running(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.ask([job_id], Action.PAUSE)
    queue.ask([job_id], Action.RESUME)
    assert (queue.resume(job_id), queue.wanted()) == (JobState.RUNNING, {})


@pytest.mark.parametrize("call", ["suspend", "recover"])
@pytest.mark.parametrize(
    ("asked", "after"),
    [(None, JobState.QUEUED), (Action.PAUSE, JobState.PAUSED), (Action.CANCEL, JobState.CANCELLED)],
)
def test_what_was_wanted_of_a_worker_that_went_happens(
    queue: JobQueue, call: str, asked: Action | None, after: JobState
) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    if asked:
        queue.ask([job_id], asked)
    if call == "suspend":
        queue.suspend(job_id)
    else:
        assert queue.recover() == [job_id]
    assert state(queue, job_id) is after


def test_a_killed_workers_job_keeps_its_progress(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.save_progress([JobProgress(job_id, "packing", 80, 100, 80, 40)])
    queue.recover()
    job = queue.job(job_id)
    assert (job.state, job.stage, job.percent, job.ratio, job.attempts) == (JobState.QUEUED, "packing", 80, 0.5, 1)


def test_recovering_touches_nothing_else(queue: JobQueue) -> None:
    for each in set(JobState) - {JobState.RUNNING}:
        bring_to(queue, each)
    before = queue.jobs()
    assert (queue.recover(), queue.jobs()) == ([], before)


def test_a_new_worker_looks_for_room_itself(queue: JobQueue) -> None:
    queue.set_hold("no room")
    queue.recover()
    assert queue.snapshot().waiting_reason == ""


def test_progress_is_of_running_jobs(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.PAUSED)
    queue.save_progress([JobProgress(job_id, "packing", 80, 100)])
    assert queue.job(job_id).done_bytes == 0


def test_rates_and_eta_come_with_the_progress(queue: JobQueue, clock: Clock) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    for clock.now in (0.0, 1.0, 2.0, 3.0, 4.0):
        done = int(clock.now * 100)
        queue.save_progress([JobProgress(job_id, "packing", done, 1000, done, done // 2)])
    job = queue.job(job_id)
    assert (job.read_rate, job.write_rate, job.eta_s) == (100.0, 50.0, 6.0)


def test_a_job_that_rests_has_no_rate(queue: JobQueue, clock: Clock) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    for clock.now in (0.0, 4.0):
        queue.save_progress([JobProgress(job_id, "packing", int(clock.now * 100), 1000)])
    queue.pause(job_id)
    job = queue.job(job_id)
    assert (job.read_rate, job.write_rate, job.eta_s) == (None, None, None)


def test_a_rest_is_not_measured(queue: JobQueue, clock: Clock) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.save_progress([JobProgress(job_id, "packing", 0, 1000)])
    queue.suspend(job_id)
    queue.start(job_id)
    clock.now = 5.0
    queue.save_progress([JobProgress(job_id, "packing", 10, 1000)])
    assert queue.job(job_id).read_rate is None


def test_a_reason_to_wait_stays_until_something_happens(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.QUEUED)
    queue.set_waiting(job_id, "the disk is not there")
    assert queue.job(job_id).waiting == "the disk is not there"
    queue.start(job_id)
    assert queue.job(job_id).waiting == ""


def test_a_job_that_is_over_waits_for_nothing(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.DONE)
    queue.set_waiting(job_id, "no room")
    assert queue.job(job_id).waiting == ""


def test_a_log_keeps_its_last_lines(queue: JobQueue) -> None:
    ids = queue.add(requests(2))
    for number in range(520):
        queue.append_log(ids[0], f"line {number}")
    queue.append_log(ids[1], "another \udcff")
    assert queue.log(ids[0]) == [f"line {number}" for number in range(20, 520)]
    assert queue.log(ids[1]) == ["another \\udcff"]


def test_a_checkpoint_replaces_the_last(queue: JobQueue) -> None:
    (job_id,) = queue.add(requests(1))
    queue.save_checkpoint(job_id, {"done_bytes": 1}, b"one")
    queue.save_checkpoint(job_id, {"done_bytes": 2, "identity": [1, 2**64]}, b"ZISO\0two")
    checkpoint = queue.checkpoint(job_id)
    assert checkpoint is not None
    assert (checkpoint.facts, checkpoint.head) == ({"done_bytes": 2, "identity": [1, 2**64]}, b"ZISO\0two")


@pytest.mark.parametrize("action", [Action.FINISH, Action.FAIL, Action.SKIP, Action.CANCEL])
def test_a_checkpoint_goes_with_its_job(queue: JobQueue, action: Action) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.save_checkpoint(job_id, {}, b"")
    WORKER_CALLS[action](queue, job_id)
    assert (queue.checkpoint(job_id), queue.abandoned()) == (None, [])


def test_a_suspended_job_keeps_its_checkpoint(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.save_checkpoint(job_id, {}, b"")
    queue.suspend(job_id)
    assert queue.checkpoint(job_id) is not None


def test_a_job_cancelled_while_nothing_ran_it_leaves_its_part_to_the_worker(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.save_checkpoint(job_id, {}, b"")
    queue.suspend(job_id)
    queue.ask([job_id], Action.CANCEL)
    assert queue.abandoned() == [job_id]
    queue.drop_checkpoint(job_id)
    assert queue.abandoned() == []

"""What fronts put into the queue and ask of it."""

import os
import threading
from itertools import count
from pathlib import Path

import pytest
from queued_jobs import bring_to, order, requests, state

from discpress.engine.errors import SpaceError, StoreError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.queue.jobs import Action, JobRequest, JobState
from discpress.engine.queue.order import Place
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask, EstimateTask, VerifyTask
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.store import Store

WISH = ConversionRequest(ImageFormat.ZSO, 4096, 12, 2048, "opl", OnConflict.RENAME, ("sha1",), trash_source=True)


@pytest.fixture
def queue(store: Store) -> JobQueue:
    return JobQueue(store, now=count(1000.0).__next__)


def test_a_job_keeps_what_was_asked(queue: JobQueue) -> None:
    source = Source(66, Path("/games/a.zip"), "A")
    task = ConvertTask(WISH, Path("/out/b.zso"), Path("/out"), 67, "/out", ("crc32",), source)
    request = JobRequest(task, Path("/games/a.zip/a.iso"), 3, True, True, 700)
    (job_id,) = queue.add([request], batch="mine")
    job = queue.job(job_id)
    asked = (job.task, job.path, job.priority, job.force, job.idle_priority, job.gain_bytes)
    assert asked == tuple(getattr(request, name) for name in JobRequest._fields)
    assert (job.batch, job.state, job.created_at) == ("mine", JobState.QUEUED, 1000.0)


@pytest.mark.parametrize("name", [b"\xff\xfe.iso", b"line\nbreak.iso", "é😀.iso".encode()])
def test_any_file_name_comes_back(queue: JobQueue, name: bytes) -> None:
    path = Path("/games") / os.fsdecode(name)
    (job_id,) = queue.add([JobRequest(ConvertTask(WISH, path, path), path)])
    job = queue.job(job_id)
    assert (job.path, job.output_path, job.output_folder) == (path, path, path)


def test_a_fresh_job_reads_the_same_in_both_ways(queue: JobQueue) -> None:
    queue.add([JobRequest(EstimateTask(WISH), Path("/games"), priority=2, gain_bytes=5)])
    assert queue.jobs() == queue.runnable()


def test_jobs_run_in_the_order_in_which_they_came(queue: JobQueue) -> None:
    ids = queue.add(requests(3)) + queue.add(requests(2))
    assert order(queue) == ids == [1, 2, 3, 4, 5]


def test_priority_comes_before_order(queue: JobQueue) -> None:
    low, high = queue.add(requests(1))[0], queue.add(requests(1, priority=1))[0]
    assert order(queue) == [high, low]


def test_nothing_added_is_nothing_written(queue: JobQueue) -> None:
    before = queue.data_version()
    assert (queue.add([]), queue.data_version()) == ([], before)


def test_a_batch_with_a_bad_request_adds_nothing(queue: JobQueue) -> None:
    with pytest.raises(TypeError):
        queue.add([*requests(2), JobRequest(ConvertTask(), 7)])  # type: ignore[arg-type]
    assert queue.jobs() == []


def test_a_batch_is_called_by_its_first_job(queue: JobQueue) -> None:
    queue.add(requests(1))
    assert [queue.job(job_id).batch for job_id in queue.add(requests(2))] == ["2", "2"]


def test_an_unknown_job_is_an_error(queue: JobQueue) -> None:
    with pytest.raises(UsageError, match="there is no job 7 in the queue"):
        queue.job(7)


def test_jobs_by_state(queue: JobQueue) -> None:
    paused, queued = bring_to(queue, JobState.PAUSED), bring_to(queue, JobState.QUEUED)
    assert [job.id for job in queue.jobs({JobState.PAUSED})] == [paused]
    assert [job.id for job in queue.jobs()] == [paused, queued]


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (JobState.QUEUED, Action.PAUSE, JobState.PAUSED),
        (JobState.QUEUED, Action.CANCEL, JobState.CANCELLED),
        (JobState.PAUSED, Action.RESUME, JobState.QUEUED),
        (JobState.PAUSED, Action.CANCEL, JobState.CANCELLED),
        (JobState.FAILED, Action.RETRY, JobState.QUEUED),
        (JobState.CANCELLED, Action.RETRY, JobState.QUEUED),
        (JobState.SKIPPED, Action.RETRY, JobState.QUEUED),
    ],
)
def test_what_does_not_run_is_moved_at_once(queue: JobQueue, before: JobState, action: Action, after: JobState) -> None:
    job_id = bring_to(queue, before)
    assert (queue.ask([job_id], action), state(queue, job_id)) == ([job_id], after)


@pytest.mark.parametrize("action", [Action.PAUSE, Action.CANCEL])
def test_of_a_running_job_it_is_wanted(queue: JobQueue, action: Action) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    assert queue.ask([job_id], action) == [job_id]
    job = queue.job(job_id)
    assert (job.state, job.wanted, queue.wanted()) == (JobState.RUNNING, str(action), {job_id: action})


def test_a_pause_can_be_taken_back(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.ask([job_id], Action.PAUSE)
    assert queue.ask([job_id], Action.RESUME) == [job_id]
    assert queue.wanted() == {job_id: Action.RESUME}


def test_a_cancel_cannot_be_taken_back(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    queue.ask([job_id], Action.CANCEL)
    assert [queue.ask([job_id], action) for action in (Action.RESUME, Action.PAUSE)] == [[], []]
    assert queue.wanted() == {job_id: Action.CANCEL}


def test_those_that_cannot_are_left_as_they_are(queue: JobQueue) -> None:
    ids = [bring_to(queue, each) for each in JobState]
    assert [state(queue, job_id) for job_id in queue.ask(ids, Action.RETRY)] == [JobState.QUEUED] * 3
    assert [state(queue, job_id) for job_id in ids[:4]] == [
        JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.DONE,
    ]  # fmt: skip


def test_an_unknown_job_stops_the_whole_request(queue: JobQueue) -> None:
    (job_id,) = queue.add(requests(1))
    with pytest.raises(UsageError, match="there is no job 99"):
        queue.ask([job_id, 99], Action.PAUSE)
    assert state(queue, job_id) is JobState.QUEUED


def test_the_jobs_of_one_image_come_newest_first(queue: JobQueue) -> None:
    path = Path(os.fsdecode(b"/games/\xff.iso"))
    ids = queue.add([JobRequest(ConvertTask(), path), JobRequest(VerifyTask(), path), *requests(2)])
    assert [job.id for job in queue.of_path(path, 5)] == [ids[1], ids[0]]
    assert [job.id for job in queue.of_path(path, 1)] == [ids[1]]


def test_people_cannot_ask_for_the_workers_actions(queue: JobQueue) -> None:
    with pytest.raises(
        UsageError, match="finish is reserved for the worker: expected one of pause, resume, cancel, retry"
    ):
        queue.ask(queue.add(requests(1)), Action.FINISH)


def test_a_retry_begins_from_nothing(queue: JobQueue) -> None:
    fresh = queue.job(queue.add(requests(1))[0])
    queue.start(fresh.id)
    queue.fail(fresh.id, SpaceError("full", hint="free some"))
    queue.ask([fresh.id], Action.RETRY)
    assert queue.job(fresh.id) == fresh


def test_a_retry_may_go_against_the_estimate(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.SKIPPED)
    queue.ask([job_id], Action.RETRY, force=True)
    assert queue.job(job_id).force


@pytest.mark.parametrize(
    ("to", "expected"),
    [("top", "31245"), ("bottom", "12453"), ("up", "13245"), ("down", "12435"), (1, "31245"), (2, "13245"),
     (3, "12345"), (99, "12453"), (-5, "31245")],
)  # fmt: skip
def test_a_job_is_moved(queue: JobQueue, to: Place, expected: str) -> None:
    queue.add(requests(5))
    queue.move(3, to)
    assert "".join(map(str, order(queue))) == expected


def test_up_and_down_stop_at_the_ends(queue: JobQueue) -> None:
    queue.add(requests(2))
    queue.move(1, "up")
    queue.move(2, "down")
    assert order(queue) == [1, 2]


def test_a_job_moved_over_another_priority_takes_it(queue: JobQueue) -> None:
    queue.add(requests(2, priority=5))
    queue.add(requests(2))
    queue.move(4, "top")
    assert (order(queue), queue.job(4).priority) == ([4, 1, 2, 3], 5)


def test_a_job_moved_below_another_priority_takes_it(queue: JobQueue) -> None:
    queue.add(requests(2, priority=5))
    queue.add(requests(2))
    queue.move(1, 3)
    assert (order(queue), queue.job(1).priority) == ([2, 3, 1, 4], 0)


def test_a_hundred_moves_into_one_gap_keep_the_order(queue: JobQueue) -> None:
    expected = queue.add(requests(102))
    for job_id in range(3, 103):
        queue.move(job_id, 2)
        expected.remove(job_id)
        expected.insert(1, job_id)
    assert order(queue) == expected


def test_only_what_waits_is_moved(queue: JobQueue) -> None:
    job_id = bring_to(queue, JobState.RUNNING)
    with pytest.raises(UsageError, match=f"job {job_id} cannot be moved: expected one that is queued or paused"):
        queue.move(job_id, "top")


def test_the_largest_gain_comes_first(queue: JobQueue) -> None:
    queue.add([request for gain in (5, 900, None, 70) for request in requests(1, gain_bytes=gain)])
    queue.order_by_gain()
    assert order(queue) == [2, 4, 1, 3]


def test_gains_do_not_cross_priorities(queue: JobQueue) -> None:
    queue.add(requests(2, priority=1))
    queue.add(requests(1, gain_bytes=9999))
    queue.set_gains({2: 10})
    queue.order_by_gain()
    assert order(queue) == [2, 1, 3]


def test_what_is_added_after_a_sort_comes_last(queue: JobQueue) -> None:
    queue.add(requests(3))
    queue.move(1, "bottom")
    queue.order_by_gain()
    queue.add(requests(1))
    assert order(queue) == [2, 3, 1, 4]


@pytest.mark.slow
def test_threads_share_one_queue(queue: JobQueue) -> None:
    def add() -> None:
        for _ in range(20):
            queue.add(requests(5))
            queue.snapshot()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order(queue) == list(range(1, 401))


def test_a_closed_store_is_an_error(store: Store, queue: JobQueue) -> None:
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        queue.jobs()


def test_what_another_front_has_queued_meanwhile_is_left_out(queue: JobQueue) -> None:
    one, two = requests(2)
    (first,) = queue.add([one])
    assert queue.add_new([one, two], by_kind=True) == [None, 2]
    queue.ask([first], Action.CANCEL)
    assert queue.add_new([one, two], by_kind=True) == [3, None]
    assert [job.path for job in queue.runnable()] == [two.path, one.path]


def test_other_work_on_a_file_is_new(queue: JobQueue) -> None:
    (one,) = requests(1)
    queue.add([one])
    other = one._replace(task=ConvertTask(output_folder=Path("/elsewhere")))
    assert queue.add_new([one, other]) == [None, 2]


def test_nothing_new_is_nothing(queue: JobQueue) -> None:
    assert queue.add_new([]) == []

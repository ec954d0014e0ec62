"""What anybody reads out of the queue: snapshots and their generations, history, results, idleness."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from queued_jobs import bring_to, requests

from discpress.engine.errors import UsageError
from discpress.engine.queue import cache as mirror
from discpress.engine.queue.jobs import Action, JobProgress, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import BatchResult, QueueTotals, WorkerState, WorkerStatus
from discpress.engine.queue.tasks.records import ScanTask
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue, Title
from discpress.engine.store.store import Store

WORKER = WorkerStatus(4711, "box", WorkerState.WORKING, 900.0, "0.1.0", 2, "it ends with this terminal")


@pytest.fixture
def queue(store: Store) -> JobQueue:
    return JobQueue(store, now=count(1000.0).__next__)


@pytest.fixture
def front(store: Store) -> JobQueue:
    """Another reader of the same file, as a second process would be."""
    return JobQueue(store)


def test_an_empty_queue(front: JobQueue) -> None:
    seen = front.snapshot(now=0.0)
    assert (seen.jobs, seen.worker, seen.waiting_reason, seen.throughput) == ((), None, "", ())
    assert seen.totals == QueueTotals()


def test_a_snapshot_shows_every_job_as_it_is(queue: JobQueue, front: JobQueue) -> None:
    for each in JobState:
        bring_to(queue, each)
    assert list(front.snapshot(now=0.0).jobs) == queue.jobs()


def test_unchanged_is_the_same_object(queue: JobQueue, front: JobQueue) -> None:
    queue.add(requests(2))
    assert front.snapshot(now=0.0) is front.snapshot(now=1e6)


CHANGES = {
    "add": lambda queue: queue.add(requests(1)),
    "ask": lambda queue: queue.ask([1], Action.PAUSE),
    "want": lambda queue: queue.ask([2], Action.PAUSE),
    "move": lambda queue: queue.move(1, "bottom"),
    "gain": lambda queue: queue.set_gains({1: 5}),
    "start": lambda queue: queue.start(1),
    "finish": lambda queue: queue.finish(2, {}),
    "waiting": lambda queue: queue.set_waiting(1, "no room"),
    "hold": lambda queue: queue.set_hold("no room"),
    "progress": lambda queue: queue.save_progress([JobProgress(2, "packing", 1, 2)]),
    "throughput": lambda queue: queue.note_throughput(1000, 1, 1),
    "worker": lambda queue: queue.set_worker(WORKER),
    "recover": lambda queue: queue.recover(),
}


@pytest.fixture
def filled(queue: JobQueue) -> JobQueue:
    queue.add(requests(3))
    queue.start(2)
    return queue


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_visible_changes_the_generation(filled: JobQueue, front: JobQueue, change: str) -> None:
    before = front.snapshot(now=1001.0)
    CHANGES[change](filled)
    after = front.snapshot(now=1001.0)
    assert after.generation > before.generation
    assert after != before._replace(generation=after.generation)


@pytest.mark.parametrize("change", ["gain", "waiting", "hold", "progress", "worker"])
def test_what_is_said_again_is_not_written(filled: JobQueue, change: str) -> None:
    CHANGES[change](filled)
    before = filled.data_version()
    CHANGES[change](filled)
    assert filled.data_version() == before


def write_title(store: Store, queue: JobQueue) -> None:
    store.save_titles([Title(Path("/games/a.iso"), FileIdentity(2, 3, 4), None)])


INVISIBLE: dict[str, Callable[[Store, JobQueue], object]] = {
    "title": write_title,
    "log": lambda store, queue: queue.append_log(2, "packing"),
    "checkpoint": lambda store, queue: queue.save_checkpoint(2, {}, b""),
    "old throughput": lambda store, queue: queue.note_throughput(5, 1, 1),
}


@pytest.mark.parametrize("change", INVISIBLE)
def test_what_is_not_visible_keeps_the_generation(store: Store, filled: JobQueue, front: JobQueue, change: str) -> None:
    before = front.snapshot(now=1001.0)
    INVISIBLE[change](store, filled)
    assert front.snapshot(now=1001.0) is before


def test_free_space_is_part_of_it(front: JobQueue) -> None:
    generations = [front.snapshot(now=0.0, free_bytes=free).generation for free in (None, 5, 5, 6)]
    assert generations == [1, 2, 2, 3]


def test_a_change_that_runnable_read_first_is_shown(filled: JobQueue, front: JobQueue) -> None:
    front.snapshot(now=0.0)
    filled.add(requests(1))
    assert len(front.runnable()) == 3
    assert len(front.snapshot(now=0.0).jobs) == 4


def test_one_change_keeps_the_other_jobs(filled: JobQueue, front: JobQueue) -> None:
    before = front.snapshot(now=0.0).jobs
    filled.save_progress([JobProgress(2, "packing", 1, 2)])
    after = front.snapshot(now=0.0).jobs
    assert [old is new for old, new in zip(before, after, strict=True)] == [True, False, True]


def test_an_old_history_is_not_shown(queue: JobQueue, front: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = queue.add(requests(5))
    late = JobQueue(queue._store)
    monkeypatch.setattr(mirror, "KEPT_OVER", 2)
    front.snapshot(now=0.0)
    for job_id in ids[:4]:
        queue.ask([job_id], Action.CANCEL)
        front.snapshot(now=0.0)
    seen = front.snapshot(now=0.0)
    assert [job.id for job in seen.jobs] == [3, 4, 5]
    assert seen.totals == QueueTotals(queued=1, cancelled=4)
    assert late.snapshot(now=0.0).jobs == seen.jobs


def test_totals(queue: JobQueue, front: JobQueue) -> None:
    ids = queue.add(requests(3, gain_bytes=70))
    queue.start(ids[0])
    queue.finish(ids[0], {"trashed": "/games/.discpress-trash/7/1.kept", "source_bytes": 75, "packed_bytes": 20})
    queue.count_saved("7")
    queue.ask([ids[1]], Action.PAUSE)
    totals = front.snapshot(now=0.0).totals
    assert totals == QueueTotals(queued=1, paused=1, done=1, saved_bytes=55, gain_bytes=140)
    assert totals.alive == 2


def test_the_worker_is_shown_as_it_said(queue: JobQueue, front: JobQueue) -> None:
    queue.set_worker(WORKER._replace(state=WorkerState.STARTING))
    queue.set_worker(WORKER)
    assert front.snapshot(now=0.0).worker == queue.worker() == WORKER


@pytest.mark.slow
def test_a_reopened_app_draws_the_whole_curve(queue: JobQueue, front: JobQueue) -> None:
    for second in range(1000, 1300):
        queue.note_throughput(second, second, 1)
    assert front.snapshot(now=1299.5).throughput == tuple((second, second, 1) for second in range(1180, 1300))


def test_the_bytes_of_one_second_add_up(queue: JobQueue, front: JobQueue) -> None:
    queue.note_throughput(1000, 5, 2)
    queue.note_throughput(1000, 6, 1)
    assert front.snapshot(now=1000.0).throughput == ((1000, 11, 3),)


def test_seconds_without_any_are_not_written(queue: JobQueue) -> None:
    before = queue.data_version()
    queue.note_throughput(1000, 0, 0)
    assert queue.data_version() == before


def test_a_clock_set_back_begins_the_curve_anew(queue: JobQueue, front: JobQueue) -> None:
    queue.note_throughput(5000, 5, 5)
    queue.note_throughput(1400, 6, 6)
    assert front.snapshot(now=1400.0).throughput == ((1400, 6, 6),)


def test_a_clock_set_ahead_begins_the_curve_anew(queue: JobQueue, front: JobQueue) -> None:
    queue.note_throughput(1000, 5, 5)
    queue.note_throughput(9000, 6, 6)
    assert front.snapshot(now=9000.0).throughput == ((9000, 6, 6),)


def test_a_curve_goes_once_all_of_it_is_old(queue: JobQueue, front: JobQueue) -> None:
    queue.note_throughput(1000, 5, 5)
    generations = [front.snapshot(now=now).generation for now in (1000.0, 1119.0, 1120.0, 1200.0, 9000.0)]
    assert generations == [1, 1, 2, 2, 2]


def test_another_file_is_read_from_its_beginning(tmp_path: Path, store: Store, queue: JobQueue) -> None:
    """Its revisions count from zero again: a file set aside by another process must not hide the new one's jobs."""
    queue.add(requests(5))
    assert len(queue.snapshot(now=0.0).jobs) == 5
    for path in (tmp_path / "state").glob("discpress.sqlite3*"):
        path.rename(tmp_path / path.name)
    JobQueue(store).add(requests(1))
    assert len(queue.snapshot(now=0.0).jobs) == 1


def test_history_is_the_finished_conversions_newest_first(queue: JobQueue) -> None:
    first, second = bring_to(queue, JobState.RUNNING), bring_to(queue, JobState.RUNNING)
    (scan,) = queue.add([JobRequest(ScanTask(), Path("/games"))])
    queue.start(scan)
    queue.finish(second, {"output": "/x"})
    queue.finish(first, {})
    queue.finish(scan, {})
    history = queue.history()
    assert [job.id for job in history.jobs] == [first, second]
    assert (history.saved_bytes, history.jobs[1].result) == (0, {"output": "/x"})


TRASHED: dict[str, JsonValue] = {
    "trashed": "/games/.discpress-trash/20261129-a/1.kept", "source_bytes": 900, "packed_bytes": 300,
}  # fmt: skip


@pytest.mark.parametrize(
    ("result", "entry", "saved"),
    [
        pytest.param(TRASHED, "20261129-a", 600, id="removed for good"),
        pytest.param(TRASHED, "20261129-b", 0, id="another entry"),
        pytest.param(TRASHED, "20261129", 0, id="a part of the name"),
        pytest.param({**TRASHED, "trashed": None, "note": "20261129-a"}, "20261129-a", 0, id="kept"),
        pytest.param({**TRASHED, "saving_bytes": 0}, "20261129-a", 0, id="an image that is not whole"),
    ],
)
def test_a_conversion_has_saved_something_once_its_original_is_gone(
    queue: JobQueue, front: JobQueue, result: dict[str, JsonValue], entry: str, saved: int
) -> None:
    queue.finish(bring_to(queue, JobState.RUNNING), result)
    assert front.snapshot(now=0.0).totals.saved_bytes == 0
    queue.count_saved(entry)
    assert (front.snapshot(now=0.0).totals.saved_bytes, queue.history().saved_bytes) == (saved, saved)


@pytest.mark.parametrize(
    ("states", "hold", "result"),
    [
        ([JobState.DONE, JobState.SKIPPED], "", BatchResult.DONE),
        ([JobState.DONE, JobState.FAILED], "", BatchResult.FAILED),
        ([JobState.DONE, JobState.CANCELLED], "", BatchResult.FAILED),
        ([JobState.FAILED, JobState.QUEUED], "", BatchResult.WORKING),
        ([JobState.RUNNING, JobState.QUEUED], "no room", BatchResult.WORKING),
        ([JobState.DONE, JobState.QUEUED], "no room", BatchResult.NO_ROOM),
        ([JobState.DONE, JobState.PAUSED], "", BatchResult.PAUSED),
    ],
)
def test_the_result_of_a_batch(queue: JobQueue, states: list[JobState], hold: str, result: BatchResult) -> None:
    queue.add(requests(1))
    for each in states:
        bring_to(queue, each)
    queue._store._file.write(lambda connection: connection.execute("UPDATE queue_jobs SET batch='b' WHERE id > 1"))
    queue.set_hold(hold)
    assert queue.batch_result("b") is result


def test_an_unknown_batch_is_an_error(queue: JobQueue) -> None:
    with pytest.raises(UsageError, match="there is no batch x"):
        queue.batch_result("x")


@pytest.mark.parametrize("each", JobState)
def test_idle_is_nothing_queued_or_running(queue: JobQueue, each: JobState) -> None:
    bring_to(queue, each)
    assert queue.is_idle() == (each not in {JobState.QUEUED, JobState.RUNNING})

"""Which job runs when, and what becomes of it: the manager in this process, its jobs and its clock in our hand."""

import os
import time
from pathlib import Path

import memory_folders
import pytest
from manager_house import THREADS, House
from queued_jobs import job_request

from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.convert.part.marker import make_marker
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.errors import (
    CancelledError,
    SpaceError,
    StorageError,
    StoreFullError,
    SuspendedError,
    UselessError,
)
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.system.files import FileIdentity
from discpress.engine.worker import blocked_jobs as waits
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.job_devices import Devices
from discpress.engine.worker.turn import Outcome, part_owner

tmp_path_factory = memory_folders.on_disk

CONVERT, SCAN, ESTIMATE, VERIFY = TaskKind.CONVERT, TaskKind.SCAN, TaskKind.ESTIMATE, TaskKind.VERIFY
QUEUED, RUNNING, PAUSED, DONE = JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.DONE
FAILED, CANCELLED, SKIPPED = JobState.FAILED, JobState.CANCELLED, JobState.SKIPPED


@pytest.fixture
def two_disks(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Files in `a` and `b` are on disks of their own."""
    disks = {"a": 1, "b": 2}
    monkeypatch.setattr(Devices, "of", lambda self, job: disks.get(job.path.parent.name, 3))
    return house


# Lanes.


def test_one_conversion_runs_on_a_disk(house: House) -> None:
    first, second = house.run_all("one.iso", "two.iso")
    house.let_look()
    assert (house.stage.started, house.state(second)) == ([first], QUEUED)


def test_the_next_one_follows(house: House) -> None:
    first, second = house.run_all("one.iso", "two.iso")
    house.stage.end(first)
    house.wait_started(second)
    assert house.state(first) is DONE


def test_a_verification_takes_its_turn_on_the_disk(house: House) -> None:
    (first,) = house.run_all("one.iso")
    house.add("two.iso", kind=VERIFY)
    house.let_look()
    assert house.stage.started == [first]


def test_two_disks_work_side_by_side(two_disks: House) -> None:
    ids = two_disks.run_all("a/one.iso", "b/two.iso")
    two_disks.wait_started(*ids)
    assert [two_disks.state(each) for each in ids] == [RUNNING, RUNNING]


def test_the_second_on_a_disk_waits_for_the_first_and_not_for_the_other_disk(two_disks: House) -> None:
    first, second, other = two_disks.run_all("a/one.iso", "a/two.iso", "b/one.iso")
    two_disks.wait_started(other)
    two_disks.stage.end(other)
    two_disks.wait_state(other, DONE)
    two_disks.let_look()
    assert (two_disks.state(first), two_disks.state(second)) == (RUNNING, QUEUED)


def test_a_conversion_alone_has_all_threads(house: House) -> None:
    (first,) = house.run_all("one.iso")
    assert house.stage.plays[first].turn.threads == THREADS


def test_two_conversions_share_one_budget_of_threads(two_disks: House) -> None:
    ids = two_disks.run_all("a/one.iso", "b/two.iso")
    two_disks.wait_started(*ids)
    assert sum(two_disks.stage.plays[each].turn.threads for each in ids) <= THREADS


def test_the_disk_is_asked_for_the_job_that_starts_and_not_for_those_after_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    of = Devices.of

    def ask(self: Devices, job: Job) -> int | None:
        asked.append(job.id)
        return of(self, job)

    monkeypatch.setattr(Devices, "of", ask)
    first, second, _ = house.run_all("one.iso", "two.iso", "three.iso")
    house.let_look()
    assert asked == [first]
    house.stage.end(first)
    house.wait_started(second)
    assert asked == [first, second]


@pytest.mark.parametrize("kind", [SCAN, ESTIMATE])
def test_a_probe_starts_at_once_beside_a_conversion(kind: TaskKind, house: House) -> None:
    (first,) = house.run_all("one.iso")
    (probe,) = house.add("two.iso", kind=kind)
    house.wait_started(probe)
    assert house.state(first) is RUNNING


def test_probes_are_few_at_once(house: House) -> None:
    ids = house.run_all("1.iso", "2.iso", "3.iso", kind=SCAN)
    house.wait_started(*ids[:2])
    house.let_look()
    assert house.stage.started == ids[:2]


@pytest.mark.parametrize("other", [TaskKind.SEEK, TaskKind.THROUGHPUT])
def test_two_tests_of_the_lab_never_measure_each_other(other: TaskKind, house: House) -> None:
    (first,) = house.add("one.iso", kind=TaskKind.SEEK)
    (second,) = house.add("two.iso", kind=other)
    (estimate,) = house.add("three.iso", kind=ESTIMATE)
    house.begin()
    house.wait_started(first)
    house.wait_started(estimate)
    assert house.stage.started == [first, estimate]
    house.stage.end(first)
    house.wait_started(second)


def test_a_conversion_starts_beside_a_probe(house: House) -> None:
    house.run_all("one.iso", kind=SCAN)
    (conversion,) = house.add("two.iso")
    house.wait_started(conversion)


def test_paused_probes_make_way_for_others(house: House) -> None:
    ids = house.run_all("1.iso", "2.iso", kind=SCAN)
    house.wait_started(*ids)
    house.queue.ask(ids, Action.PAUSE)
    for each in ids:
        house.wait_state(each, PAUSED)
    (third,) = house.add("3.iso", kind=SCAN)
    house.let_look()
    assert house.state(third) is RUNNING


def test_paused_probes_go_on_when_resumed(house: House) -> None:
    ids = house.run_all("1.iso", "2.iso", kind=SCAN)
    house.wait_started(*ids)
    house.queue.ask(ids, Action.PAUSE)
    for each in ids:
        house.wait_state(each, PAUSED)
    house.queue.ask(ids, Action.RESUME)
    house.let_look()
    assert [house.state(each) for each in ids] == [RUNNING, RUNNING]


# Order.


def test_higher_priorities_run_first(house: House) -> None:
    (low,) = house.add("low.iso")
    (high,) = house.run_all("high.iso", priority=5)
    assert (house.stage.started, house.state(low)) == ([high], QUEUED)


def test_the_place_in_the_queue_decides_among_equals(house: House) -> None:
    first, second, third = house.add("1.iso", "2.iso", "3.iso")
    house.queue.move(third, "top")
    house.begin()
    for each in (third, first):
        house.wait_started(each)
        house.stage.end(each)
    house.wait_started(second)
    assert house.stage.started == [third, first, second]


def test_a_job_moved_meanwhile_runs_next(house: House) -> None:
    first, second, third = house.run_all("1.iso", "2.iso", "3.iso")
    house.queue.move(third, "top")
    house.stage.end(first)
    house.wait_started(third)
    assert house.state(second) is QUEUED


def test_the_largest_saving_runs_first_when_asked(house: House) -> None:
    (small,) = house.add("small.iso", gain_bytes=10)
    (large,) = house.add("large.iso", gain_bytes=1000)
    house.queue.order_by_gain()
    house.begin()
    house.wait_started(large)
    assert house.state(small) is QUEUED


# Wishes.


def test_a_running_job_is_paused(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)
    assert house.stage.plays[job].turn.control.is_paused


def test_a_paused_job_makes_way_for_the_next(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.queue.ask([first], Action.PAUSE)
    house.wait_started(second)
    assert house.state(first) is PAUSED


def test_a_resumed_job_goes_on_in_its_thread(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)
    house.queue.ask([job], Action.RESUME)
    house.wait_state(job, RUNNING)
    house.stage.end(job)
    house.wait_state(job, DONE)
    assert house.stage.started == [job]


def test_a_resumed_job_takes_its_turn(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.queue.ask([first], Action.PAUSE)
    house.wait_started(second)
    house.queue.ask([first], Action.RESUME)
    house.let_look()
    assert (house.state(first), house.state(second)) == (QUEUED, RUNNING)


def test_a_running_job_is_cancelled(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.queue.ask([job], Action.CANCEL)
    house.wait_state(job, CANCELLED)


def test_a_queued_job_is_cancelled_and_never_started(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.queue.ask([second], Action.CANCEL)
    house.stage.end(first)
    house.wait_state(first, DONE)
    house.let_look()
    assert (house.stage.started, house.state(second)) == ([first], CANCELLED)


def test_a_queued_job_is_paused_and_never_started(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.queue.ask([second], Action.PAUSE)
    house.stage.end(first)
    house.wait_state(first, DONE)
    house.let_look()
    assert house.state(second) is PAUSED


def hold(house: House) -> int:
    (job,) = house.run_all("1.iso")
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)
    return job


def test_a_held_job_that_is_cancelled_ends(house: House) -> None:
    job = hold(house)
    house.queue.ask([job], Action.CANCEL)
    house.wait(lambda: house.manager is not None and not house.manager._running, "the job's end")
    assert house.state(job) is CANCELLED


def test_a_held_job_stays_paused_when_the_worker_stops(house: House) -> None:
    job = hold(house)
    house.end()
    assert house.state(job) is PAUSED


def test_a_held_job_that_was_resumed_is_queued_when_the_worker_stops(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.queue.ask([first], Action.PAUSE)
    house.wait_started(second)
    house.queue.ask([first], Action.RESUME)
    house.let_look()
    house.end()
    assert [house.state(first), house.state(second)] == [QUEUED, QUEUED]


def test_a_held_job_that_was_cancelled_and_is_wanted_again_is_not_lost(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.plays[job].is_deaf = True  # a chunk that takes its time
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)
    house.queue.ask([job], Action.CANCEL)
    house.let_look()
    house.queue.ask([job], Action.RETRY)
    house.let_look()
    house.stage.end(job, CancelledError())
    house.wait(lambda: house.stage.started == [job, job], "the second start")


def test_a_job_paused_over_two_workers_goes_on_when_resumed(house: House) -> None:
    job = hold(house)
    house.end()
    house.begin()
    house.queue.ask([job], Action.RESUME)
    house.wait(lambda: house.stage.started == [job, job], "a second start")


def test_a_pause_that_comes_too_late_does_not_harm(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.plays[job].is_deaf = True
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)
    house.stage.end(job)
    house.wait(lambda: house.manager is not None and not house.manager._running, "the job's end")
    house.let_look()
    assert house.state(job) is DONE


def test_a_cancel_of_a_held_job_that_ends_does_not_harm(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.plays[job].is_deaf = True
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)
    house.queue.ask([job], Action.CANCEL)
    house.stage.end(job)
    house.wait(lambda: house.manager is not None and not house.manager._running, "the job's end")
    house.let_look()
    assert house.is_working


def test_a_held_job_that_fails_does_not_harm(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.plays[job].is_deaf = True
    house.queue.ask([job], Action.PAUSE)
    house.wait_state(job, PAUSED)
    house.stage.end(job, StorageError("the disk is failing"))
    house.wait(lambda: house.manager is not None and not house.manager._running, "the job's end")
    house.let_look()
    assert house.state(job) is FAILED


def test_a_held_job_cancelled_as_the_worker_stops_is_cancelled(house: House) -> None:
    job = hold(house)
    manager = house.manager
    assert manager is not None
    real = manager.should_stop

    def should_stop() -> bool:
        if house.stop.is_set():
            house.queue.ask([job], Action.CANCEL)  # between the last look and the stop
        return real()

    manager.should_stop = should_stop
    house.end()
    assert house.state(job) is CANCELLED


# Ends.


def test_a_stopping_worker_suspends_what_runs(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.end()
    assert house.state(job) is QUEUED


def test_a_stopping_worker_takes_its_leave(house: House) -> None:
    house.run_all("1.iso")
    house.end()
    worker = house.queue.worker()
    assert worker is not None
    assert (worker.pid, worker.state) == (os.getpid(), WorkerState.GONE)


def test_what_could_not_shrink_is_skipped_with_the_reason(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.end(job, UselessError("it would not shrink"))
    house.wait_state(job, SKIPPED)
    assert house.queue.job(job).error_message == "it would not shrink"


def test_an_outcome_may_be_a_skip(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.end(job, outcome=Outcome(skipped="exists already"))
    house.wait_state(job, SKIPPED)
    assert house.queue.job(job).error_message == "exists already"


def test_a_result_is_kept(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.end(job, outcome=Outcome({"output": "x"}))
    house.wait_state(job, DONE)
    assert house.queue.job(job).result == {"output": "x"}


def test_a_failure_is_kept_with_its_hint(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.end(job, StorageError("1.iso: cannot read", hint="check the disk"))
    house.wait_state(job, FAILED)
    found = house.queue.job(job)
    assert (found.error_code, found.error_message, found.error_hint) == (
        "storage",
        "1.iso: cannot read",
        "check the disk",
    )


def test_a_failure_touches_no_other_job(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.stage.end(first, StorageError("1.iso: cannot read"))
    house.wait_started(second)
    house.stage.end(second)
    house.wait_state(second, DONE)


def test_a_state_file_that_cannot_be_written_leaves_no_thread_at_work(
    two_disks: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreFullError("its disk is full")

    first, second = two_disks.run_all("a/one.iso", "b/two.iso")
    two_disks.wait_started(second)
    monkeypatch.setattr(JobQueue, "_change", refuse)
    two_disks.stage.end(first)
    two_disks.wait_end()
    monkeypatch.undo()
    assert isinstance(two_disks.failure, StoreFullError)
    two_disks.failure = None
    assert two_disks.manager is not None
    assert two_disks.manager.hung == 0
    assert two_disks.stage.plays[second].turn.control.is_stopped
    assert two_disks.queue.recover() == [first, second]


def test_a_fault_of_ours_fails_the_job_alone(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.stage.end(first, ZeroDivisionError("division by zero"))
    house.wait_started(second)
    assert house.queue.job(first).error_message == "internal error: ZeroDivisionError('division by zero')"


def test_a_fault_of_ours_leaves_its_trace_in_the_log(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.end(job, ZeroDivisionError("division by zero"))
    house.wait_state(job, FAILED)
    log = "\n".join(house.queue.log(job))
    assert ("Traceback" in log, "manager_house.py" in log) == (True, True)


def test_what_a_killed_worker_left_running_goes_on(house: House) -> None:
    (job,) = house.add("1.iso")
    house.queue.start(job)
    house.begin()
    house.wait_started(job)
    assert (house.queue.job(job).attempts, "killed" in house.queue.log(job)[0]) == (2, True)


def kill_worker_at(house: House, job: int, times: int) -> None:
    """Leave a job as so many workers do that died at it."""
    for _ in range(times):
        house.queue.start(job)
        house.queue.recover()


def test_a_job_that_killed_three_workers_fails_without_a_part_and_the_next_one_runs(house: House) -> None:
    deadly, after = house.add("1.iso", "2.iso")
    part_path = leave_part(house, deadly, house.folder / "1.zso", with_checkpoint=False)
    kill_worker_at(house, deadly, 2)
    house.queue.start(deadly)
    house.begin()
    house.wait_started(after)
    assert (house.stage.started, house.state(deadly), part_path.exists()) == ([after], FAILED, False)


@pytest.mark.parametrize("kind", [CONVERT, SCAN])
def test_a_job_that_killed_two_workers_runs_alone(kind: TaskKind, two_disks: House) -> None:
    (deadly,) = two_disks.add("a/one.iso", kind=kind)
    kill_worker_at(two_disks, deadly, 2)
    disk, probe = *two_disks.add("b/one.iso"), *two_disks.add("two.iso", kind=SCAN)
    two_disks.begin()
    two_disks.wait_started(deadly)
    two_disks.let_look()
    assert two_disks.stage.started == [deadly]
    two_disks.stage.end(deadly)
    two_disks.wait_started(disk, probe)


def test_it_waits_for_what_is_at_work(two_disks: House) -> None:
    (first,) = two_disks.add("b/one.iso")
    (deadly,) = two_disks.add("a/one.iso")
    kill_worker_at(two_disks, deadly, 2)
    (probe,) = two_disks.add("two.iso", kind=SCAN)
    two_disks.begin()
    two_disks.wait_started(first)
    two_disks.let_look()
    assert two_disks.stage.started == [first]
    two_disks.stage.end(first)
    two_disks.wait_started(deadly)
    two_disks.stage.end(deadly)
    two_disks.wait_started(probe)
    assert two_disks.stage.started == [first, deadly, probe]


# Room.


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Free bytes as the manager sees them."""
    room = {"bytes": 1000}
    monkeypatch.setattr(waits, "free_bytes", lambda folder: room["bytes"])
    return room


def run_out_of_room(house: House, *others: str) -> list[int]:
    ids = house.run_all("1.iso", *others)
    house.stage.end(ids[0], SpaceError("400 MiB must be free, 1 KiB are"))
    house.wait(lambda: house.queue.job(ids[0]).waiting != "", "a reason")
    return ids


@pytest.mark.usefixtures("free")
def test_a_job_without_room_waits_with_the_reason(house: House) -> None:
    (job,) = run_out_of_room(house)
    assert (house.state(job), house.queue.job(job).waiting) == (QUEUED, "400 MiB must be free, 1 KiB are")


@pytest.mark.usefixtures("free")
def test_the_queue_says_that_it_waits_for_room(house: House) -> None:
    run_out_of_room(house)
    house.wait(lambda: house.queue.snapshot().waiting_reason != "", "a reason")
    assert house.queue.snapshot().waiting_reason == "400 MiB must be free, 1 KiB are"


@pytest.mark.usefixtures("free")
def test_a_job_without_room_keeps_its_place(house: House) -> None:
    _, second = run_out_of_room(house, "2.iso")
    house.clock.now += 10
    house.let_look()
    assert house.state(second) is QUEUED


def test_with_room_again_it_goes_on_by_itself(house: House, free: dict[str, int]) -> None:
    (job,) = run_out_of_room(house)
    free["bytes"] += 1
    house.clock.now += 2
    house.wait(lambda: house.stage.started == [job, job], "a second start")
    house.clock.now += 2
    house.wait(lambda: house.queue.snapshot().waiting_reason == "", "no reason any more")
    assert house.queue.job(job).waiting == ""


def test_with_no_more_room_it_is_not_tried_again(house: House, free: dict[str, int]) -> None:
    (job,) = run_out_of_room(house)
    free["bytes"] -= 1
    house.clock.now += 2
    house.let_look()
    assert house.stage.started == [job]


@pytest.mark.usefixtures("free")
def test_a_worker_that_waits_for_room_is_not_idle(house: House) -> None:
    house.idle_s = 30.0
    run_out_of_room(house)
    for _ in range(4):
        house.clock.now += 20
        house.let_look()
    assert house.is_working


@pytest.mark.parametrize("action", [Action.CANCEL, Action.PAUSE])
@pytest.mark.usefixtures("free")
def test_nothing_waits_for_room_when_the_job_does_not_want_to_run(action: Action, house: House) -> None:
    (job,) = run_out_of_room(house)
    house.wait(lambda: house.queue.snapshot().waiting_reason != "", "a reason")
    house.queue.ask([job], action)
    house.let_look()
    house.clock.now += 2
    house.let_look()
    assert house.queue.snapshot().waiting_reason == ""


@pytest.mark.usefixtures("free")
def test_others_run_once_the_one_without_room_is_cancelled(house: House) -> None:
    first, second = run_out_of_room(house, "2.iso")
    house.queue.ask([first], Action.CANCEL)
    house.wait_started(second)


@pytest.mark.usefixtures("free")
def test_the_other_disk_goes_on_while_one_is_full(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disks = {"a": 1, "b": 2}
    monkeypatch.setattr(Devices, "of", lambda self, job: disks.get(job.path.parent.name, 3))
    first, other = house.run_all("a/1.iso", "b/2.iso")
    house.wait_started(other)
    house.stage.end(first, SpaceError("full"))
    house.wait(lambda: house.queue.job(first).waiting != "", "a reason")
    assert house.state(other) is RUNNING


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize("kind", [TaskKind.SEEK, TaskKind.THROUGHPUT])
def test_a_lab_test_without_room_fails_and_holds_nobody(house: House, kind: TaskKind) -> None:
    (test,) = house.run_all("1.iso", kind=kind)
    (after,) = house.add("2.iso")
    house.stage.end(test, SpaceError("700 MiB must be free, 1 KiB are", hint="free some space"))
    house.wait_state(test, FAILED)
    house.wait_started(after)
    assert (house.queue.job(test).error_code, house.queue.snapshot().waiting_reason) == ("space", "")


# A cancelled job removes its part.


def leave_part(house: House, job_id: int, output_path: Path, *, with_checkpoint: bool) -> Path:
    """Leave a part of a job behind, as a worker that was killed does."""
    job = house.queue.job(job_id)
    part_path = part_path_of(output_path)
    identity = FileIdentity.of(job.path.stat())
    part_path.write_bytes(make_marker(part_owner(job), job.path, identity))
    checkpoint_store = JobCheckpointStore(house.queue, job_id)
    checkpoint_store.begin(output_path)
    if with_checkpoint:
        checkpoint_store.save(Checkpoint(1048576, 5000, 512, 0, 0, (0, 0, 0, 0, 0), "zso", bytes(4096)))
    return part_path


def begun_and_cancelled(house: House, *, with_checkpoint: bool, request: ConversionRequest) -> Path:
    (job,) = house.add("1.iso")
    output_path = house.folder / "1.zso"
    if request.on_conflict is OnConflict.RENAME:
        output_path.write_bytes(b"in the way")
        output_path = house.folder / "1 (2).zso"
        (job,) = house.queue.add([job_request(CONVERT, house.folder / "1.iso", request)])
    part_path = leave_part(house, job, output_path, with_checkpoint=with_checkpoint)
    house.queue.start(job)
    house.queue.ask([job], Action.CANCEL)
    house.queue.ask([1], Action.CANCEL)
    house.begin()
    house.wait_state(job, CANCELLED)
    house.let_look()
    return part_path


def test_a_cancelled_job_with_a_checkpoint_leaves_no_part(house: House) -> None:
    assert not begun_and_cancelled(house, with_checkpoint=True, request=ConversionRequest()).exists()


def test_a_cancelled_job_without_a_checkpoint_leaves_no_part(house: House) -> None:
    assert not begun_and_cancelled(house, with_checkpoint=False, request=ConversionRequest()).exists()


def test_a_cancelled_job_with_another_name_leaves_no_part(house: House) -> None:
    request = ConversionRequest(on_conflict=OnConflict.RENAME)
    assert not begun_and_cancelled(house, with_checkpoint=True, request=request).exists()


# Storage that goes away.


def unplug(house: House) -> list[int]:
    """Queue a job on a disk that is away, and one that is there."""
    ids = house.add("usb/1.iso", "2.iso")
    (house.folder / "usb").rename(house.folder / "unplugged")
    house.begin()
    house.wait_started(ids[1])
    return ids


def test_a_job_on_storage_that_is_away_waits(house: House) -> None:
    away, _ = unplug(house)
    assert house.state(away) is QUEUED
    assert "its storage is missing" in house.queue.job(away).waiting


def test_the_others_go_on_meanwhile(house: House) -> None:
    _, other = unplug(house)
    house.stage.end(other)
    house.wait_state(other, DONE)


@pytest.mark.slow
def test_it_is_looked_for_with_growing_pauses(house: House) -> None:
    away, _ = unplug(house)
    said = []
    for delay_s in (5, 10, 20, 40, 80, 160, 300, 300):
        said.append(house.queue.job(away).waiting.rpartition(" in ")[2])
        house.clock.now += delay_s
        house.let_look()
    assert said == ["5 s", "10 s", "20 s", "40 s", "80 s", "160 s", "300 s", "300 s"]


def test_it_is_not_looked_for_earlier(house: House) -> None:
    away, _ = unplug(house)
    (house.folder / "unplugged").rename(house.folder / "usb")
    house.clock.now += 4.9
    house.let_look()
    assert house.state(away) is QUEUED


def test_storage_that_is_back_is_used(house: House) -> None:
    away, other = unplug(house)
    (house.folder / "unplugged").rename(house.folder / "usb")
    house.stage.end(other)
    house.clock.now += 5
    house.wait_started(away)
    assert house.queue.job(away).waiting == ""


def test_a_mount_point_that_is_empty_counts_as_away(house: House) -> None:
    ids = house.add("usb/1.iso", parameters={"device": 4711})
    (house.folder / "usb" / "1.iso").unlink()
    house.begin()
    house.wait(lambda: "its storage is missing" in house.queue.job(ids[0]).waiting, "a reason")


def test_storage_that_goes_away_while_it_is_read_is_waited_for(house: House) -> None:
    (job,) = house.run_all("usb/1.iso")
    (house.folder / "usb").rename(house.folder / "unplugged")
    house.stage.end(job, StorageError("1.iso: Input/output error"))
    house.wait(lambda: "its storage is missing" in house.queue.job(job).waiting, "a reason")
    assert house.state(job) is QUEUED


def test_a_file_that_is_gone_fails(house: House) -> None:
    (job,) = house.add("1.iso")
    (house.folder / "1.iso").unlink()
    house.stage.before = lambda turn: (_ for _ in ()).throw(StorageError("1.iso: no such file"))
    house.begin()
    house.wait_state(job, FAILED)


# Clocks, and silence.


def test_an_idle_worker_ends_after_its_time(house: House) -> None:
    house.idle_s = 30.0
    house.begin()
    house.let_look()
    house.clock.now += 30
    house.join()
    assert not house.is_working


def test_an_idle_worker_waits_for_its_time(house: House) -> None:
    house.idle_s = 30.0
    house.begin()
    house.let_look()
    house.clock.now += 29.9
    house.let_look()
    assert house.is_working


def test_work_keeps_a_worker_from_ending(house: House) -> None:
    house.idle_s = 30.0
    house.run_all("1.iso")
    house.let_look()
    house.clock.now += 100
    house.let_look()
    assert house.is_working


def test_the_idle_time_begins_with_the_last_job(house: House) -> None:
    house.idle_s = 30.0
    (job,) = house.run_all("1.iso")
    house.clock.now += 100
    house.let_look()
    house.stage.end(job)
    house.wait_state(job, DONE)
    house.clock.now += 29
    house.let_look()
    assert house.is_working


def test_held_jobs_do_not_keep_a_worker(house: House) -> None:
    house.idle_s = 30.0
    job = hold(house)
    house.let_look()
    house.clock.now += 30
    house.join()
    assert house.state(job) is PAUSED


def test_an_idle_worker_writes_nothing(house: House) -> None:
    house.begin()
    house.let_look()
    version = house.store.data_version()
    for _ in range(5):
        house.clock.now += 1
        house.let_look()
    assert house.store.data_version() == version


@pytest.mark.usefixtures("free")
def test_a_worker_that_waits_writes_nothing(house: House) -> None:
    run_out_of_room(house)
    house.clock.now += 1
    house.let_look()
    version = house.store.data_version()
    for _ in range(5):
        house.clock.now += 1
        house.let_look()
    assert house.store.data_version() == version


@pytest.mark.parametrize("jump_s", [1e6, -900.0])
def test_a_clock_that_jumps_harms_no_job(jump_s: float, house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.clock.now += jump_s
    house.stage.end(first)
    house.wait_started(second)
    house.stage.end(second)
    house.wait_state(second, DONE)


@pytest.mark.parametrize("jump_s", [1e9, -1e9])
def test_a_wall_clock_that_jumps_harms_no_job(jump_s: float, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = house.run_all("1.iso")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump_s)
    house.stage.plays[job].turn.progress.read_bytes = 5000
    house.clock.now += 1
    house.wait(lambda: house.queue.job(job).read_bytes == 5000, "progress")
    house.stage.end(job)
    house.wait_state(job, DONE)


def test_progress_is_written_at_most_twice_a_second(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.clock.now += 1
    house.let_look()
    house.stage.plays[job].turn.progress.read_bytes = 5000
    house.clock.now += 0.49
    house.let_look()
    assert house.queue.job(job).read_bytes == 0


def test_the_last_counts_of_a_job_are_written(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.plays[job].turn.progress.read_bytes = 5000
    house.stage.end(job)
    house.wait_state(job, DONE)
    assert house.queue.job(job).read_bytes == 5000


def test_a_cancelled_error_without_a_request_ends_the_job(house: House) -> None:
    (job,) = house.run_all("1.iso")
    house.stage.end(job, CancelledError())
    house.wait_state(job, CANCELLED)


def test_a_suspension_puts_the_job_back(house: House) -> None:
    first, second = house.run_all("1.iso", "2.iso")
    house.queue.ask([second], Action.PAUSE)
    house.stage.end(first, SuspendedError())
    house.wait(lambda: house.stage.started == [first, first], "a second start")

"""`discpress queue wait` and `watch`: when they end, with which exit code; the worker is a stand-in."""

import signal
from collections.abc import Iterator

import pytest
from queue_desk import Desk, FakeWorker, one_after_the_other

from discpress.engine.cli.queue.live import frame
from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.snapshot import WorkerState


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """SIGINT is not ignored, as it is in what a script starts in the background."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)


def test_wait_for_nothing_is_0(desk: Desk) -> None:
    assert desk.ask("queue", "wait")[0] == 0


def test_wait_returns_when_all_is_done(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("a.iso", "b.iso")
    worker.on_start = desk.finish_all
    code, events = desk.ask("queue", "wait")
    assert (code, events[-1]["result"], events[-1]["done"]) == (0, "done", 2)


def test_wait_sees_what_happens_meanwhile(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.on_look = one_after_the_other(lambda: None, lambda: None, desk.finish_all)
    assert desk.ask("queue", "wait")[0] == 0


def test_wait_after_a_failure_is_1(desk: Desk) -> None:
    desk.failed()
    code, events = desk.ask("queue", "wait")
    assert (code, events[-1]["result"], events[0]["error_message"]) == (1, "failed", "the disk is full")


def test_a_skipped_job_is_no_failure(desk: Desk) -> None:
    desk.queued("game.iso")
    desk.queue.start(1)
    desk.queue.skip(1, "it would not shrink")
    assert desk.ask("queue", "wait")[0] == 0


def test_wait_judges_the_last_batch(desk: Desk) -> None:
    desk.failed()
    desk.finished()
    assert desk.ask("queue", "wait")[0] == 0


def test_wait_judges_the_batch_it_is_given(desk: Desk) -> None:
    desk.failed()
    desk.finished()
    assert desk.ask("queue", "wait", "1")[0] == 1


def test_wait_for_a_batch_leaves_the_others_alone(desk: Desk) -> None:
    desk.finished()
    desk.queued("later.iso")
    assert desk.ask("queue", "wait", "1")[0] == 0


def test_wait_all_judges_all_that_was_alive(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("a.iso")
    desk.queued("b.iso")

    def work() -> None:
        desk.queue.start(1)
        desk.queue.fail(1, SpaceError("full"))
        desk.finish_all()

    worker.on_start = work
    assert desk.ask("queue", "wait", "--all")[0] == 1


def test_wait_all_forgets_what_was_over_before(desk: Desk, worker: FakeWorker) -> None:
    desk.failed()
    desk.queued("b.iso")
    worker.on_start = desk.finish_all
    assert desk.ask("queue", "wait", "--all")[0] == 0


def test_an_unknown_batch_is_2(desk: Desk) -> None:
    assert desk.ask("queue", "wait", "nobody")[0] == 2


def test_wait_for_room_is_4(desk: Desk) -> None:
    desk.queued("game.iso")
    desk.queue.set_hold("4 GiB must be free")
    code, events = desk.ask("queue", "wait")
    assert (code, events[-2]["code"], events[-1]["result"]) == (4, "space", "no-room")


def test_a_batch_that_waits_for_room_is_4(desk: Desk) -> None:
    desk.queued("game.iso")
    desk.queue.set_hold("4 GiB must be free")
    assert desk.ask("queue", "wait", "1")[0] == 4


def test_wait_for_a_paused_job_is_1(desk: Desk) -> None:
    desk.queued("game.iso")
    desk.queue.ask([1], Action.PAUSE)
    code, events = desk.ask("queue", "wait")
    assert (code, events[-1]["result"]) == (1, "paused")


def test_wait_gives_up_in_time(desk: Desk) -> None:
    desk.queued("game.iso")
    code, events = desk.ask("queue", "wait", "--timeout", "0.01")
    assert (code, events[-1]["result"], desk.state(1)) == (1, "timeout", JobState.QUEUED)


def test_wait_starts_a_stopped_worker_once(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    desk.worker_says(WorkerState.GONE)
    worker.on_start = desk.finish_all
    assert (desk.ask("queue", "wait")[0], worker.starts) == (0, 1)


def test_wait_gives_up_when_the_worker_is_stopped(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")

    def leave() -> None:
        worker.is_alive = False
        desk.worker_says(WorkerState.GONE)

    worker.on_start = leave
    code, events = desk.ask("queue", "wait")
    assert (code, events[-1]["result"], worker.starts) == (1, "stopped", 1)


def test_wait_replaces_a_killed_worker(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.on_start = lambda: desk.be_killed_once(worker)
    assert (desk.ask("queue", "wait")[0], worker.starts) == (0, 2)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_wait_is_ended_by_a_signal_and_the_jobs_go_on(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.on_start = lambda: signal.raise_signal(signal.SIGINT)
    assert (desk.ask("queue", "wait")[0], desk.state(1)) == (130, JobState.QUEUED)


@pytest.mark.parametrize("arguments", [("--timeout", "-1"), ("--timeout", "nan"), ("1", "--all")])
def test_wait_refuses_what_makes_no_sense(arguments: tuple[str, ...], desk: Desk) -> None:
    desk.finished()
    assert desk.ask("queue", "wait", *arguments)[0] == 2


# queue watch


def test_watch_ends_when_nothing_is_alive(desk: Desk) -> None:
    desk.finished()
    code, events = desk.ask("queue", "watch")
    assert (code, [event["event"] for event in events]) == (0, ["queue"])


def test_watch_reports_each_change_once(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.on_look = one_after_the_other(lambda: desk.queue.start(1), lambda: None, lambda: desk.queue.finish(1, {}))
    _, events = desk.ask("queue", "watch")
    states = [event["state"] for event in events if event["event"] == "job"]
    assert states == list(dict.fromkeys(states))
    assert states[-1] == "done"


def test_watch_says_changes_in_lines(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.on_start = desk.finish_all
    lines = desk.say("queue", "watch")[1].splitlines()
    assert lines[-1].startswith("1 done")


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_watch_ends_by_ctrl_c_and_the_jobs_go_on(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.on_start = lambda: signal.raise_signal(signal.SIGINT)
    code, _, err = desk.say("queue", "watch")
    assert (code, desk.state(1)) == (130, JobState.QUEUED)
    assert "the jobs continue" in err


def test_watch_replaces_a_killed_worker(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.on_start = lambda: desk.be_killed_once(worker)
    assert (desk.ask("queue", "watch")[0], worker.starts) == (0, 2)


def test_a_frame_shows_what_runs_where_there_is_little_room(desk: Desk) -> None:
    desk.queued(*(f"{number}.iso" for number in range(100)))
    desk.queue.start(60)
    text = frame(desk.queue.jobs(), 8)
    assert ("59.iso" in text, len(text.splitlines()) <= 8, "and 97 more" in text) == (True, True, True)


def test_a_frame_keeps_the_last_ones_over(desk: Desk) -> None:
    over: list[Job] = [desk.queue.job(desk.finished(f"{number}.iso")) for number in range(9)]
    text = frame(over, 40)
    assert ("8.iso" in text, "0.iso" in text) == (True, False)

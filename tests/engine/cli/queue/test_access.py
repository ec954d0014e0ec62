"""`discpress queue pause`, `resume`, `cancel` and `retry`; the worker is a stand-in."""

import pytest
from queue_desk import Desk, FakeWorker

from discpress.engine.cli.main import run
from discpress.engine.queue.jobs import Action, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("pause", JobState.QUEUED, JobState.PAUSED),
        ("resume", JobState.PAUSED, JobState.QUEUED),
        ("cancel", JobState.PAUSED, JobState.CANCELLED),
        ("retry", JobState.FAILED, JobState.QUEUED),
        ("retry", JobState.CANCELLED, JobState.QUEUED),
    ],
)
@pytest.mark.parametrize("word", ["1", "all"])
def test_what_is_asked_for_happens(word: str, action: str, before: JobState, after: JobState, desk: Desk) -> None:
    if before is JobState.FAILED:
        desk.failed()
    else:
        desk.queued("game.iso")
        ways = {JobState.PAUSED: Action.PAUSE, JobState.CANCELLED: Action.CANCEL}
        desk.queue.ask([1] if before in ways else [], ways.get(before, Action.PAUSE))
    code, _ = desk.ask("queue", action, word)
    kept = before is JobState.CANCELLED and word == "all"  # what was cancelled was so for a reason
    assert (code, desk.state(1)) == (0, before if kept else after)


def test_a_running_job_is_asked(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    desk.queue.start(1)
    worker.is_alive = True
    _, out, _ = desk.say("queue", "pause", "1")
    assert (desk.queue.wanted(), out) == ({1: Action.PAUSE}, "1 game.iso: pausing\n")


def test_an_unknown_job_is_2(desk: Desk) -> None:
    assert desk.ask("queue", "pause", "7")[0] == 2


@pytest.mark.parametrize("word", ["x", "-1", "9" * 30, "1.5", ""])
def test_what_is_no_number_is_2(word: str, desk: Desk) -> None:
    assert (
        desk.ask("queue", "cancel", "--", word)[0] == 2 if word == "-1" else desk.ask("queue", "cancel", word)[0] == 2
    )


def test_one_job_that_cannot_is_1_and_the_others_can(desk: Desk) -> None:
    desk.finished()
    desk.queued("next.iso")
    code, events = desk.ask("queue", "pause", "1", "2")
    assert (code, desk.state(2)) == (1, JobState.PAUSED)
    assert [event["message"] for event in events if event["event"] == "error"] == ["job 1 is done: it cannot be paused"]


def test_all_of_nothing_is_0(desk: Desk) -> None:
    assert desk.ask("queue", "cancel", "all")[0] == 0


@pytest.mark.parametrize(("action", "starts"), [("resume", 1), ("pause", 0)])
def test_resume_starts_a_stopped_worker(action: str, starts: int, desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso", "other.iso")
    if action == "resume":
        desk.queue.ask([1], Action.PAUSE)
    desk.worker_says(WorkerState.GONE)
    desk.ask("queue", action, "1")
    assert worker.starts == starts


def test_cancelling_what_left_a_part_starts_a_worker_that_removes_it(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    desk.queue.save_checkpoint(1, {}, b"")
    desk.worker_says(WorkerState.GONE)
    desk.ask("queue", "cancel", "1")
    assert worker.starts == 1


def test_retry_all_leaves_out_what_was_queued_again(desk: Desk) -> None:
    desk.failed("game.iso")
    desk.finished("game.iso")
    desk.failed("other.iso")
    desk.ask("queue", "retry", "all")
    assert [desk.state(number) for number in (1, 2, 3)] == [JobState.FAILED, JobState.DONE, JobState.QUEUED]


def test_retry_may_be_forced(desk: Desk) -> None:
    desk.queued("game.iso")
    desk.queue.start(1)
    desk.queue.skip(1, "it would not shrink")
    desk.ask("queue", "retry", "1", "--even-useless")
    assert (desk.state(1), desk.queue.job(1).force) == (JobState.QUEUED, True)


def test_what_is_over_meanwhile_is_not_meant_by_all(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.queued("game.iso")
    monkeypatch.setattr(JobQueue, "ask", lambda queue, numbers, action, force: [])
    assert desk.ask("queue", "cancel", "all") == (0, [])


ACTIONS = ["add", "list", "watch", "pause", "resume", "cancel", "retry", "move", "log", "wait", "stop", "service"]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_has_help_with_examples(action: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        run(["queue", action, "--help"])
    assert "examples:" in capsys.readouterr().out

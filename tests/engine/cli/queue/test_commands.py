"""`discpress queue` and `history`: what is shown, and what is asked of jobs; the worker is a stand-in."""

import os
from pathlib import Path

import pytest
from command_line import raise_on_control_bytes
from queue_desk import Desk, FakeWorker
from sample_images import compressible, incompressible

from discpress.engine.cli.queue.service import unit
from discpress.engine.queue.jobs import JobProgress, JobRequest
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask

HOSTILE = "ev\x1b[31mil\u202e[/b].iso"
JOB_KEYS = {
    "schema", "event", "id", "batch", "kind", "state", "wanted", "stage", "machine", "path", "output",
    "done_bytes", "total_bytes", "read_bytes", "packed_bytes", "ratio", "read_rate", "write_rate", "eta_s",
    "gain_bytes", "saved_bytes", "priority", "waiting", "error_code", "error_message", "error_hint", "exit_code",
    "attempts", "created_at", "started_at", "ended_at", "result",
}  # fmt: skip
QUEUE_KEYS = {
    "schema", "event", "queued", "running", "paused", "done", "failed", "cancelled", "skipped", "worker_alive",
    "worker_state", "worker_pid", "waiting_reason", "saved_bytes", "gain_bytes",
}  # fmt: skip


def test_list_gives_each_job_in_full(desk: Desk) -> None:
    desk.queued("game.iso")
    _, events = desk.ask("queue", "list")
    assert (set(events[0]), set(events[-1])) == (JOB_KEYS, QUEUE_KEYS)


def test_list_shows_how_far_a_job_is(desk: Desk, worker: FakeWorker) -> None:
    (number,) = desk.queued("game.iso")
    desk.queue.start(number)
    desk.queue.save_progress([JobProgress(number, "packing", 420, 1000, 420, 210)])
    worker.is_alive = True
    line = desk.say("queue", "list")[1].splitlines()[1]
    assert line.split() == ["1", "running", "packing", "42.0", "%", "-", "0.500", "-", "game.iso"]


def test_list_names_the_machine_of_each_job_if_there_is_another(desk: Desk) -> None:
    (number,) = desk.queued("far.iso")
    desk.queue.start(number)
    desk.queue.finish(number, {"machine": "pc"})
    desk.finished("near.iso")
    _, out, _ = desk.say("queue", "list", "--all")
    rows = [line.split() for line in out.splitlines()[:3]]
    assert [row[3] for row in rows] == ["MACHINE", "pc", "-"]
    _, events = desk.ask("queue", "list", "--all")
    assert [each["machine"] for each in events if each["event"] == "job"] == ["pc", ""]


def test_list_has_no_column_for_machines_without_another(desk: Desk) -> None:
    desk.finished()
    assert "MACHINE" not in desk.say("queue", "list")[1]


def test_list_leaves_out_older_batches(desk: Desk) -> None:
    desk.finished("old.iso")
    desk.finished("last.iso")
    _, events = desk.ask("queue", "list")
    assert [Path(event["path"]).name for event in events if event["event"] == "job"] == ["last.iso"]


def test_list_all_shows_every_job(desk: Desk) -> None:
    desk.finished("old.iso")
    desk.finished("last.iso")
    _, events = desk.ask("queue", "list", "--all")
    assert sum(1 for event in events if event["event"] == "job") == 2


def test_list_says_why_a_job_failed(desk: Desk) -> None:
    desk.failed(message="the disk is full")
    assert "game.iso: the disk is full" in desk.say("queue", "list")[1]


def test_list_says_why_a_job_waits(desk: Desk) -> None:
    (number,) = desk.queued("game.iso")
    desk.queue.set_waiting(number, "its storage is missing")
    assert "game.iso: its storage is missing" in desk.say("queue", "list")[1]


def test_list_says_why_the_queue_waits(desk: Desk) -> None:
    desk.queued("game.iso")
    desk.queue.set_hold("4 GiB must be free")
    assert "waiting: 4 GiB must be free" in desk.say("queue", "list")[1]


def test_an_empty_queue_is_said(desk: Desk) -> None:
    assert desk.say("queue", "list")[:2] == (0, "no jobs\n")


def test_hostile_names_never_reach_the_terminal(desk: Desk) -> None:
    number = desk.failed(HOSTILE, message=f"{HOSTILE}: gone")
    desk.queue.append_log(number, f"reading {HOSTILE}\nand so on")
    for command in (("list",), ("log", "1"), ("wait",), ("retry", "1"), ("move", "1", "top"), ("pause", "1")):
        _, out, err = desk.say("queue", *command)
        raise_on_control_bytes((out + err).encode())


def test_a_killed_worker_is_replaced_by_the_next_command(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    desk.worker_says(WorkerState.WORKING)
    desk.ask("queue", "list")
    assert worker.starts == 1


def test_a_stopped_worker_stays_away_from_list(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    desk.worker_says(WorkerState.GONE)
    desk.ask("queue", "list")
    assert worker.starts == 0


def test_an_idle_queue_needs_no_worker(desk: Desk, worker: FakeWorker) -> None:
    desk.finished()
    desk.worker_says(WorkerState.WORKING)
    desk.ask("queue", "list")
    assert worker.starts == 0


@pytest.mark.parametrize(
    ("place", "order"), [("top", [3, 1, 2]), ("up", [1, 3, 2]), ("1", [3, 1, 2]), ("2", [1, 3, 2]), ("99", [1, 2, 3])]
)
def test_move_changes_the_order(place: str, order: list[int], desk: Desk) -> None:
    desk.queued("a.iso", "b.iso", "c.iso")
    code, events = desk.ask("queue", "move", "3", place)
    assert (code, events[-1]["ids"]) == (0, order)


@pytest.mark.parametrize("arguments", [("1",), ("1", "0"), ("1", "left"), ("gain", "top"), ("all", "top")])
def test_move_wants_a_job_and_a_place(arguments: tuple[str, ...], desk: Desk) -> None:
    desk.queued("a.iso")
    assert desk.ask("queue", "move", *arguments)[0] == 2


def test_move_gain_puts_the_largest_saving_first(desk: Desk) -> None:
    gains = {"a.iso": 10, "b.iso": None, "c.iso": 30}
    desk.queue.add(JobRequest(ConvertTask(), desk.folder / name, gain_bytes=gain) for name, gain in gains.items())
    assert desk.ask("queue", "move", "gain")[1][-1]["ids"] == [3, 1, 2]


def test_move_gain_takes_estimates_made_since(desk: Desk) -> None:
    desk.image("a.iso", incompressible(100_000))
    desk.image("b.iso", compressible(100_000))
    desk.ask("queue", "add", "a.iso", "b.iso")
    desk.ask("estimate", "a.iso", "b.iso")
    assert desk.ask("queue", "move", "gain")[1][-1]["ids"] == [2, 1]


def test_log_gives_the_lines(desk: Desk) -> None:
    number = desk.failed()
    desk.queue.append_log(number, "one\ntwo")
    _, events = desk.ask("queue", "log", "1")
    assert [event.get("line") for event in events] == [None, "one", "two"]


def test_log_says_what_to_do(desk: Desk) -> None:
    desk.failed()
    assert desk.say("queue", "log", "1")[1].splitlines()[-1].strip() == "free some"


def test_stop_stops_the_worker_and_keeps_the_jobs(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("game.iso")
    worker.is_alive = True
    code, events = desk.ask("queue", "stop")
    assert (code, worker.is_alive, events[-1]["queued"]) == (0, False, 1)


def test_stop_without_a_worker_is_0(desk: Desk) -> None:
    assert desk.say("queue", "stop")[:2] == (0, "no worker is running\n")


def test_a_worker_that_does_not_stop_is_said(desk: Desk, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discpress.engine.cli.queue.access.stop_worker", lambda folder: False)
    worker.is_alive = True
    assert desk.ask("queue", "stop")[0] == 1


def test_service_names_the_program_and_the_state(desk: Desk) -> None:
    text = desk.say("queue", "service")[1]
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert next(line for line in lines if line.startswith("ExecStart=")).endswith(
        f" queue run --state {desk.store.path.parent}"
    )
    assert {"Restart=on-failure", "Nice=10", "WantedBy=default.target"} <= set(lines)
    assert "loginctl enable-linger" in text


def test_service_quotes_hostile_paths() -> None:
    path = Path(os.fsdecode(b'/a b/100%/$HOME/"\n\xff'))
    line = next(line for line in unit(["/usr/bin/discpress"], path).splitlines() if line.startswith("ExecStart="))
    assert line.endswith(r'--state "/a b/100%%/$$HOME/\x22\x0a\xff"')


def test_history_is_newest_first(desk: Desk) -> None:
    desk.finished("a.iso")
    desk.finished("b.iso")
    _, events = desk.ask("history")
    assert [Path(event["path"]).name for event in events[:-1]] == ["b.iso", "a.iso"]


def test_history_adds_up_what_was_saved(desk: Desk) -> None:
    desk.finished("a.iso", source_bytes=1000, trashed="/games/.discpress-trash/7/1.kept")
    desk.finished("b.iso", source_bytes=800)
    desk.queue.count_saved("7")
    total = desk.ask("history")[1][-1]
    assert total.items() >= {"conversions": 2, "source_bytes": 1800, "packed_bytes": 600, "saved_bytes": 700}.items()


def test_history_leaves_out_what_converted_nothing(desk: Desk) -> None:
    desk.failed()
    desk.queued("game.zso", kind=TaskKind.VERIFY)
    desk.finish_all()
    assert desk.ask("history")[1][-1]["conversions"] == 0


def test_history_shows_sizes_and_time(desk: Desk) -> None:
    desk.finished("a.iso", source_bytes=900)
    line = desk.say("history")[1].splitlines()[1]
    assert line.split()[2:] == ["a.iso", "900", "B", "300", "B", "600", "B", "66.7", "%", "0.0", "s"]


def test_list_shows_what_a_check_found_as_the_app_does(desk: Desk) -> None:
    (number,) = desk.queued("game.iso", kind=TaskKind.DOCTOR)
    desk.queue.start(number)
    desk.queue.finish(number, {"errors": 1, "warnings": 0, "damaged": 0})
    assert "doctor game.iso: errors: 1, warnings: 0; its log has them" in desk.say("queue", "list", "--all")[1]

"""`watch` with a rule that has stopped."""

from memory_cds import ps2_disc
from queue_desk import Desk, FakeWorker

from discpress.engine.errors import DamagedImageError
from discpress.engine.queue.jobs import JobState
from discpress.engine.watch.watcher import MOST_FAILURES


def test_a_rule_that_stopped_has_one_exit_code_everywhere(desk: Desk, worker: FakeWorker) -> None:
    for number in range(MOST_FAILURES):
        desk.image(f"{number}.iso", data=ps2_disc(f"SLUS_203.0{number}", kib=64))
    (desk.folder.parent / "config.toml").write_text(f'[[watch]]\nfolder = "{desk.folder}"\nevery = 1\n')

    def fail_all() -> None:
        for job in desk.queue.jobs([JobState.QUEUED]):
            desk.queue.start(job.id)
            desk.queue.fail(job.id, DamagedImageError("block 3 does not decode"))

    worker.on_start = fail_all
    desk.ask("watch", "--once")
    code, events = desk.ask("watch", "--once")
    (error,) = (event for event in events if event["event"] == "error")
    assert "not watched any more after 3 failures in a row" in error["message"]
    assert (code, error["exit_code"], error["code"]) == (1, 1, "error")

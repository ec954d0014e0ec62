"""What a user is told of rows that cannot be read, and how they are made sound again."""

import pytest
from hostile_state import Cell, put
from queue_desk import Desk, FakeWorker

from discpress.engine.formats import ImageFormat
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import FILE_NAME, Store


def spoil(desk: Desk, table: str, column: str, value: str, row: int = 0) -> None:
    assert put(desk.store.path, Cell(table, column, row), value)


@pytest.fixture
def scanned(desk: Desk) -> Desk:
    desk.image("a [x].iso")
    desk.image("b.iso")
    desk.say("scan", desk.folder)
    return desk


def test_titles_that_cannot_be_read_are_counted_with_what_to_do(scanned: Desk) -> None:
    spoil(scanned, "titles", "original_bytes", "'abc'")
    code, out, err = scanned.say("ls")
    state = scanned.store.path
    assert (code, "1 title in 1 image" in out) == (0, True)
    assert (
        err == f"discpress: note: {state}: 1 title cannot be read; run discpress scan FOLDER to read the files again\n"
    )


def test_a_scan_reads_them_again_and_says_nothing(scanned: Desk) -> None:
    spoil(scanned, "titles", "original_bytes", "'abc'")
    assert scanned.say("scan", scanned.folder)[2] == ""
    code, out, err = scanned.say("ls")
    assert (code, "2 titles in 2 images" in out, err) == (0, True, "")


@pytest.mark.parametrize("path", ["'text'", "5", "CAST(x'ff' AS TEXT)", "x'6162'", "CAST('/elsewhere/c.iso' AS BLOB)"])
def test_a_scan_drops_those_whose_files_are_not_there(scanned: Desk, path: str) -> None:
    elsewhere = scanned.folder.parent / "elsewhere"  # on the same disk, which is there
    spoil(scanned, "titles", "path", path.replace("/elsewhere", str(elsewhere)))
    spoil(scanned, "titles", "disc_number", "-1")
    folder = elsewhere if "elsewhere" in path else scanned.folder
    scanned.say("scan", scanned.folder)
    scanned.say("scan", folder)
    code, out, err = scanned.say("ls")
    assert (code, "2 titles in 2 images" in out, err) == (0, True, "")


def test_settings_that_cannot_be_read_are_named_and_can_be_chosen_again(scanned: Desk) -> None:
    path = scanned.folder / "a [x].iso"
    scanned.store.save_settings(path, ConversionRequest(ImageFormat.CSO, level=3))
    spoil(scanned, "title_settings", "level", "'of the future'")
    lost = f"{path}: its settings cannot be read (level); it follows the defaults"
    assert lost in scanned.say("ls")[2]
    assert lost in scanned.say("queue", "add", path)[2]
    assert scanned.queue.jobs()[0].task.work == ConvertTask(ConversionRequest(target="auto"))
    scanned.say("set", path, "-c", "5")
    assert scanned.say("ls")[2] == ""
    with Store(scanned.store.path.parent) as store:
        assert store.settings_for(path) == ConversionRequest(level=5)


def test_settings_of_several_titles_are_one_line(scanned: Desk) -> None:
    for name in ("a [x].iso", "b.iso"):
        scanned.store.save_settings(scanned.folder / name, ConversionRequest(level=3))
    spoil(scanned, "title_settings", "level", "-5", 0)
    spoil(scanned, "title_settings", "level", "-5", 1)
    lines = scanned.say("ls")[2].splitlines()
    assert len(lines) == 1
    assert "(level), and 1 more are like it; they follow the defaults" in lines[0]


def test_a_job_that_cannot_be_read_is_shown_as_failed(desk: Desk) -> None:
    desk.queued("a.iso", "b.iso")
    desk.queued("c.iso")
    spoil(desk, "queue_jobs", "wish", "'{'")
    out = desk.say("queue", "list")[1].splitlines()
    assert "failed" in out[1]
    assert out[1].endswith("a.iso: its entry in the state file cannot be read (wish)")
    assert "2 queued, 1 failed" in out[-1]


def test_it_can_be_cancelled(desk: Desk) -> None:
    desk.queued("a.iso")
    spoil(desk, "queue_jobs", "path", "5")
    code, out, _ = desk.say("queue", "cancel", "1")
    assert (code, out) == (0, "1 /: cancelled\n")
    assert desk.say("queue", "list", "--all")[1].splitlines()[-1].startswith("1 cancelled")


@pytest.mark.parametrize("state", ["'of the future'", "NULL", "x'ff'"])
def test_so_can_one_in_no_known_state(desk: Desk, state: str) -> None:
    desk.queued("a.iso")
    spoil(desk, "queue_jobs", "state", state)
    code, out, _ = desk.say("queue", "cancel", "1")
    assert (code, out) == (0, "1 a.iso: cancelled\n")


def test_one_in_no_known_state_is_retried(desk: Desk) -> None:
    desk.queued("a.iso")
    spoil(desk, "queue_jobs", "state", "'of the future'")
    assert desk.say("queue", "retry", "1")[:2] == (0, "1 a.iso: queued\n")
    assert desk.state(1) is JobState.QUEUED


def test_what_is_unreadable_still_is_not_retried(desk: Desk) -> None:
    desk.queued("a.iso")
    spoil(desk, "queue_jobs", "wish", "'{'")
    code, _, err = desk.say("queue", "retry", "1")
    said = "job 1 is failed: it cannot be retried: its entry in the state file cannot be read (wish)"
    assert (code, err) == (1, f"discpress: error: {said}\n")


def test_a_run_that_cannot_be_read_is_retried(desk: Desk) -> None:
    desk.failed("a.iso")
    spoil(desk, "queue_jobs", "done_bytes", "'many'")
    assert desk.queue.job(1).fault
    assert desk.say("queue", "retry", "1")[:2] == (0, "1 a.iso: queued\n")
    assert desk.queue.job(1).fault == ""


def test_a_job_that_cannot_be_read_is_not_what_is_queued_already(desk: Desk) -> None:
    desk.image("a.iso")
    desk.say("queue", "add", "a.iso")
    spoil(desk, "queue_jobs", "parameters", "'['")
    assert "2 a.iso: queued" in desk.say("queue", "add", "a.iso")[1]


def test_waiting_ends_with_the_worker_that_fails_it(desk: Desk, worker: FakeWorker) -> None:
    desk.queued("a.iso", "b.iso", kind=TaskKind.VERIFY)
    spoil(desk, "queue_jobs", "kind", "'of the future'")

    def work() -> None:
        desk.queue.recover()
        desk.queue.fail_unreadable()
        desk.finish_all()

    worker.on_start = work
    code, out, _ = desk.say("queue", "wait")
    assert (code, "1 failed" in out) == (1, True)
    assert "its entry in the state file cannot be read (kind)" in desk.say("queue", "log", "1")[1]


def test_finished_conversions_that_cannot_be_read_are_counted(desk: Desk) -> None:
    desk.finished("a.iso")
    desk.finished("b.iso", source_bytes=600)
    spoil(desk, "queue_jobs", "saved_bytes", "'much'")
    code, out, err = desk.say("history")
    assert (code, err) == (0, f"discpress: note: {desk.store.path}: 1 finished conversion cannot be read\n")
    assert "1 conversions: 600 B before, 300 B after; saved 0 B so far" in out


def test_a_sum_beyond_63_bits_is_no_error(desk: Desk) -> None:
    for number in range(3):
        desk.finished(f"{number}.iso")
        spoil(desk, "queue_jobs", "saved_bytes", str(2**62), number)
    assert desk.say("queue", "list")[0] == 0


@pytest.mark.parametrize("column", ["seq", "name"])
@pytest.mark.parametrize("value", ["'abc'", "9223372036854775807", "-5", "NULL", "x'ff'", "1.5"])
def test_numbers_go_on_whatever_stands_for_the_last(desk: Desk, column: str, value: str) -> None:
    desk.queued("a.iso")
    desk.store.append_journal("published", {})
    with Store(desk.store.path.parent) as store:
        for row in range(2):
            assert put(store.path, Cell("sqlite_sequence", column, row), value)
    assert desk.queued("b.iso") == [2]
    assert desk.store.append_journal("published", {}) == 2


def test_a_lost_revision_is_found_again(desk: Desk) -> None:
    desk.queued("a.iso")
    seen = desk.queue.snapshot()
    spoil(desk, "queue_state", "revision", "'abc'")
    desk.queued("b.iso")
    assert (len(seen.jobs), len(desk.queue.snapshot().jobs)) == (1, 2)
    assert (desk.store.path.parent / FILE_NAME).is_file()

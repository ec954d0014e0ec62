"""`discpress queue add`: what is put into the queue, and what is not; the worker is a stand-in."""

import pytest
from archive_files import write_zip
from command_line import raise_on_control_bytes
from queue_desk import Desk, FakeWorker
from queued_jobs import task_as
from sample_images import mixed, pack

from discpress.engine.convert.plan import plan_conversion
from discpress.engine.discs.info import DiscInfo
from discpress.engine.errors import StoreError
from discpress.engine.formats import ImageFormat
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask, DoctorTask, ScanTask
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.systems import System

HOSTILE = "ev\x1b[31mil\u202e[/b].iso"


def test_add_queues_the_absolute_path(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso")
    assert [job.path for job in desk.queue.jobs()] == [desk.folder / "game.iso"]


def test_add_names_numbers_and_batch(desk: Desk) -> None:
    desk.image("a.iso")
    desk.image("b.iso")
    code, events = desk.ask("queue", "add", "a.iso", "b.iso")
    assert code == 0
    assert [(event["event"], event.get("id"), event["batch"]) for event in events] == [
        ("queued", 1, "1"),
        ("queued", 2, "1"),
        ("batch", None, "1"),
    ]


def test_add_starts_a_worker(desk: Desk, worker: FakeWorker) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso")
    assert worker.is_alive


def test_jobs_are_stored_before_the_worker_starts(desk: Desk, worker: FakeWorker) -> None:
    desk.image()
    seen = []
    worker.on_start = lambda: seen.extend(desk.queue.jobs())
    desk.ask("queue", "add", "game.iso")
    assert len(seen) == 1


def test_without_jobs_no_worker_starts(desk: Desk, worker: FakeWorker) -> None:
    desk.ask("queue", "add", "gone.iso")
    assert worker.starts == 0


def test_what_the_worker_has_to_say_is_passed_on(desk: Desk, worker: FakeWorker) -> None:
    worker.notice = "`loginctl enable-linger` keeps the queue running"
    desk.image()
    assert "enable-linger" in desk.say("queue", "add", "game.iso")[2]


def test_jobs_stay_queued_where_no_worker_comes_up(desk: Desk, worker: FakeWorker) -> None:
    def refuse() -> None:
        raise StoreError("the worker did not start")

    worker.on_start = refuse
    desk.image()
    code, events = desk.ask("queue", "add", "game.iso")
    assert (code, events[-1]["code"], len(desk.queue.jobs())) == (1, "store", 1)


def test_the_device_is_recorded(desk: Desk) -> None:
    path = desk.image()
    desk.ask("queue", "add", path)
    assert desk.queue.job(1).task.source == Source(path.stat().st_dev)


def test_a_job_keeps_what_the_library_calls_its_title(desk: Desk) -> None:
    path = desk.image()
    desk.store.save_titles([Title(path, FileIdentity(2, 3, 4), ImageFormat.ISO, DiscInfo(System.PS2, title="Okami"))])
    _, said, _ = desk.say("queue", "add", "game.iso")
    assert desk.queue.job(1).task.source.name == "Okami"
    assert said.startswith("1 Okami: queued")


def test_options_are_frozen_into_the_job(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso", "-b", "4096", "-l", "3", "--target", "any", "--delete-source", "--force")
    request = task_as(ConvertTask, desk.queue.job(1)).request
    assert request == ConversionRequest(
        block_size=4096, level=3, target="any", trash_source=True, on_conflict=OnConflict.OVERWRITE
    )


def test_the_settings_of_a_title_are_frozen(desk: Desk) -> None:
    path = desk.image()
    desk.store.save_settings(path, ConversionRequest(level=12, target="any"))
    desk.ask("queue", "add", "game.iso")
    request = task_as(ConvertTask, desk.queue.job(1)).request
    assert request is not None
    assert (request.level, request.target) == (12, "any")


def test_later_settings_change_no_queued_job(desk: Desk) -> None:
    path = desk.image()
    desk.ask("queue", "add", "game.iso")
    before = task_as(ConvertTask, desk.queue.job(1)).request
    desk.store.save_settings(path, ConversionRequest(level=12))
    assert task_as(ConvertTask, desk.queue.job(1)).request == before


def test_order_and_priority_are_kept(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso", "--priority", "-3", "--idle", "--even-useless")
    job = desk.queue.job(1)
    assert (job.priority, job.idle_priority, job.force) == (-3, True, True)


def test_force_is_no_even_useless(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso", "--force")
    assert not desk.queue.job(1).force


def test_an_impossible_priority_is_refused(desk: Desk) -> None:
    desk.image()
    assert desk.ask("queue", "add", "game.iso", "--priority", "9" * 30)[0] == 2


def test_a_missing_input_is_1_and_the_others_are_queued(desk: Desk) -> None:
    desk.image()
    code, events = desk.ask("queue", "add", "gone.iso", "game.iso")
    assert (code, len(desk.queue.jobs())) == (1, 1)
    assert [event["input"] for event in events if event["event"] == "error"] == ["gone.iso"]


def test_a_damaged_input_is_3(desk: Desk) -> None:
    desk.image("cut.zso", b"ZISO" + bytes(10))
    assert desk.ask("queue", "add", "cut.zso")[0] == 3


def test_a_setting_that_the_target_cannot_load_is_2(desk: Desk) -> None:
    desk.image()
    assert desk.ask("queue", "add", "game.iso", "--target", "opl", "-b", "16K")[0] == 2
    assert desk.queue.jobs() == []


def test_the_same_work_is_not_queued_twice(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso")
    code, events = desk.ask("queue", "add", "./game.iso")
    assert (code, len(desk.queue.jobs())) == (0, 1)
    assert [(event["event"], event["code"]) for event in events] == [("skipped", "queued")]
    assert "job 1" in events[0]["message"]


def test_what_another_front_queues_meanwhile_is_left_out(
    desk: Desk, worker: FakeWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(queue: JobQueue, requests: list[JobRequest]) -> object:
        desk.queue.add(requests)
        return add_new(queue, requests)

    add_new = JobQueue.add_new
    monkeypatch.setattr(JobQueue, "add_new", late)
    desk.image()
    code, events = desk.ask("queue", "add", "game.iso")
    assert (code, len(desk.queue.jobs()), worker.starts) == (0, 1, 1)
    assert [(event["event"], event.get("code")) for event in events] == [("skipped", "queued")]


def test_an_input_named_twice_is_queued_once(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso", "game.iso")
    assert len(desk.queue.jobs()) == 1


def test_other_settings_are_other_work(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso")
    desk.ask("queue", "add", "game.iso", "-l", "3", "-O", "elsewhere")
    assert len(desk.queue.jobs()) == 2


def test_what_is_over_may_be_queued_again(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso")
    desk.finish_all()
    desk.ask("queue", "add", "game.iso")
    assert len(desk.queue.jobs()) == 2


def test_a_folder_needs_recursive(desk: Desk) -> None:
    assert desk.ask("queue", "add", desk.folder)[0] == 2


def test_recursive_takes_images_by_content_and_keeps_the_tree(desk: Desk) -> None:
    desk.image("in/sub/game.bin")
    desk.image("in/notes.txt", b"no image")
    desk.ask("queue", "add", "-r", "in", "-O", "out")
    found = [(job.path, job.output_folder) for job in desk.queue.jobs()]
    assert found == [(desk.folder / "in" / "sub" / "game.bin", desk.folder / "out" / "sub")]


def test_recursive_leaves_deleted_files_and_downloads_alone(desk: Desk) -> None:
    for name in ("kept.iso", "@Recycle/deleted.iso", "found.000/lost.iso", "game.iso.crdownload"):
        desk.image(f"in/{name}")
    desk.ask("queue", "add", "-r", "in")
    assert [job.path for job in desk.queue.jobs()] == [desk.folder / "in" / "kept.iso"]


def test_recursive_leaves_out_what_has_the_format(desk: Desk) -> None:
    pack(desk.folder / "in" / "game.zso", mixed(100_000))
    (desk.folder / "in" / "game.zso.source").unlink()
    _, events = desk.ask("queue", "add", "-r", "in", "--target", "any")
    assert [(event["event"], event["code"]) for event in events] == [("skipped", "same-format")]


def twins(desk: Desk) -> None:
    """Two sources whose results would have one name."""
    desk.image("in/game.img", mixed(100_000, seed=2))
    desk.image("in/game.iso")


def test_the_second_of_two_inputs_with_one_result_is_left_out(desk: Desk) -> None:
    twins(desk)
    code, events = desk.ask("queue", "add", "-r", "in", "--target", "any")
    assert code == 1
    assert [job.path.name for job in desk.queue.jobs()] == ["game.img"]
    (error,) = [event for event in events if event["event"] == "error"]
    assert error["input"] == "in/game.iso"
    assert error["message"].endswith("game.zso: another input of this run has the same result")


def test_the_second_of_two_inputs_with_one_result_is_skipped_where_that_is_the_rule(desk: Desk) -> None:
    twins(desk)
    code, events = desk.ask("queue", "add", "-r", "in", "--target", "any", "--on-conflict", "skip")
    assert (code, len(desk.queue.jobs())) == (0, 1)
    assert [event["code"] for event in events if event["event"] == "skipped"] == ["exists"]


def test_both_of_two_inputs_with_one_result_are_queued_where_they_get_other_names(desk: Desk) -> None:
    twins(desk)
    assert desk.ask("queue", "add", "-r", "in", "--target", "any", "--on-conflict", "rename")[0] == 0
    assert len(desk.queue.jobs()) == 2


def test_a_name_that_is_taken_is_said_at_once(desk: Desk) -> None:
    desk.image("game.iso")
    (desk.folder / "game.zso").write_bytes(b"in the way")
    code, events = desk.ask("queue", "add", "--target", "any", "game.iso")
    assert (code, [event["code"] for event in events if event["event"] == "error"]) == (1, ["conflict"])
    assert desk.queue.jobs() == []


def test_what_was_converted_before_is_left_out_of_a_folder(desk: Desk) -> None:
    desk.image("in/game.iso")
    desk.image("in/new.iso")
    pack(desk.folder / "in" / "game.zso", mixed(100_000))
    (desk.folder / "in" / "game.zso.source").unlink()
    code, events = desk.ask("queue", "add", "--target", "any", "-r", "in")
    skipped = [event["code"] for event in events if event["event"] == "skipped"]
    assert (code, skipped) == (0, ["exists", "same-format"])
    assert [job.path.name for job in desk.queue.jobs()] == ["new.iso"]


def test_results_of_one_name_in_two_folders_are_two(desk: Desk) -> None:
    desk.image("in/a/game.iso")
    desk.image("in/b/game.iso")
    assert desk.ask("queue", "add", "-r", "in")[0] == 0
    assert len(desk.queue.jobs()) == 2


def test_jobs_for_one_folder_tell_equal_names_apart(desk: Desk) -> None:
    desk.image("a/game.iso")
    desk.image("b/game.iso", mixed(100_000, seed=2))
    code, events = desk.ask("queue", "add", "a/game.iso", "b/game.iso", "-O", "out", "--target", "any")
    wanted = [str(desk.folder / "out" / f"game ({name}).zso") for name in "ab"]
    assert (code, [event["result"] for event in events if event["event"] == "queued"]) == (0, wanted)
    tasks = [job.task for job in desk.queue.jobs()]
    assert [str(task.output_path) for task in tasks if isinstance(task, ConvertTask)] == wanted


def test_output_names_one_file(desk: Desk) -> None:
    desk.image("a.iso")
    desk.image("b.iso")
    assert desk.ask("queue", "add", "a.iso", "b.iso", "-o", "c.zso")[0] == 2


def test_a_stored_estimate_gives_the_gain(desk: Desk) -> None:
    path = desk.image()
    plan = plan_conversion(path, None, None, ConversionRequest())
    identity = FileIdentity.at(path)
    estimate = StoredEstimate(plan.settings, 100_000, 40_000, 40_000, 40_000, 100_000, "convert", "", 0.1)
    desk.store.save_estimate(identity, estimate)
    desk.ask("queue", "add", "game.iso")
    assert desk.queue.job(1).gain_bytes == 60_000


def test_without_an_estimate_there_is_no_gain(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso")
    assert desk.queue.job(1).gain_bytes is None


def test_checksum_files_are_asked_for(desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "game.iso", "--checksum", "crc32,sha1")
    job = desk.queue.job(1)
    assert isinstance(job.task, ConvertTask)
    assert (job.task.request.digests, job.task.checksums) == (("sha1",), ("crc32", "sha1"))


def test_a_scan_takes_a_folder_as_it_is(desk: Desk) -> None:
    assert desk.ask("queue", "add", "--kind", "scan", desk.folder)[0] == 0
    job = desk.queue.job(1)
    assert (job.path, job.task) == (desk.folder, ScanTask(Source(desk.folder.stat().st_dev)))


def test_a_scan_takes_no_file(desk: Desk) -> None:
    desk.image()
    assert desk.ask("queue", "add", "--kind", "scan", "game.iso")[0] == 2


def test_a_scan_of_nothing_is_1(desk: Desk) -> None:
    assert desk.ask("queue", "add", "--kind", "scan", "gone")[0] == 1


def test_a_doctor_takes_what_is_damaged(desk: Desk) -> None:
    desk.image("cut.zso", b"ZISO" + bytes(10))
    assert desk.ask("queue", "add", "--kind", "doctor", "cut.zso", "--target", "opl")[0] == 0
    assert desk.queue.job(1).task.work == DoctorTask("opl")


def test_a_doctor_takes_no_name_that_is_not_in_an_archive(desk: Desk) -> None:
    write_zip(desk.folder / "games.zip", {"Solo.iso": mixed(100_000)})
    code, events = desk.ask("queue", "add", "--kind", "doctor", "games.zip/other.iso")
    assert (code, events[0]["code"], desk.queue.jobs()) == (2, "usage", [])


@pytest.mark.parametrize("kind", ["verify", "estimate"])
def test_other_kinds_are_queued(kind: str, desk: Desk) -> None:
    desk.image()
    desk.ask("queue", "add", "--kind", kind, "game.iso")
    assert desk.queue.job(1).kind == kind


@pytest.mark.parametrize("option", [("-O", "out"), ("--delete-source",), ("--checksum", "sha1")])
def test_what_writes_nothing_takes_no_option_about_writing(option: tuple[str, ...], desk: Desk) -> None:
    desk.image()
    assert desk.ask("queue", "add", "--kind", "verify", "game.iso", *option)[0] == 2


def test_hostile_inputs_never_reach_the_terminal(desk: Desk) -> None:
    desk.image(HOSTILE)
    for name in (HOSTILE, HOSTILE, f"gone-{HOSTILE}"):
        _, out, err = desk.say("queue", "add", name)
        raise_on_control_bytes((out + err).encode())

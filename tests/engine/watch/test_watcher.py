"""New images of a watched folder become jobs, each once: real state files, jobs led to their ends by hand."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sample_images import GOLDEN

from discpress.engine.config.watch_rules import Hours, WatchRule
from discpress.engine.errors import SpaceError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import StoredEstimate
from discpress.engine.store.rows import watched_rows
from discpress.engine.store.store import Store
from discpress.engine.watch.watcher import Report, Watcher

DISC = (GOLDEN / "ps2.iso").read_bytes()


class House:
    """A watched folder with its state file."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.folder = folder
        self.store = Store(state)
        self.queue = JobQueue(self.store)
        self.rule = WatchRule(folder)
        self.now = 0.0
        self.watcher = self.anew()

    def anew(self, **changes: object) -> Watcher:
        """Begin to watch, as after a restart; `changes` are those of the rule."""
        self.rule = replace(self.rule, **changes)  # type: ignore[arg-type]
        request = ConversionRequest()
        self.watcher = Watcher(self.rule, self.store, self.queue, request, moves_originals=False, now=lambda: self.now)
        return self.watcher

    def put(self, name: str, data: bytes = DISC) -> Path:
        """Put an image there, as one that was finished long ago."""
        path = self.folder / name
        path.write_bytes(data + name.encode().ljust(2048, b"\0") if data == DISC else data)
        return path

    def look(self) -> Report:
        """Look twice, as a file needs; return the second report, with what the first one led to."""
        self.now += 1
        first, second = self.watcher.look(), self.watcher.look()
        return replace(second, added=first.added + second.added, left=first.left + second.left)

    def names(self, report: Report) -> list[str]:
        return [request.path.name for _, request, _ in report.added]

    def end(self, number: int, state: JobState) -> Job:
        """Lead a job to its end."""
        self.queue.start(number)
        if state is JobState.DONE:
            self.queue.finish(number, {})
        elif state is JobState.FAILED:
            self.queue.fail(number, SpaceError("no room"))
        else:
            self.queue.skip(number, "no need")
        return self.queue.job(number)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "[/b]"
    folder.mkdir(parents=True)
    found = House(folder, tmp_path / "state")
    yield found
    found.store.close()


def test_an_image_is_queued_at_the_second_look_and_never_again(house: House) -> None:
    house.put("Okami [t-en by X] [red].iso")
    assert not house.watcher.look().added
    report = house.watcher.look()
    assert house.names(report) == ["Okami [t-en by X] [red].iso"]
    house.end(report.added[0][0], JobState.DONE)
    assert not house.look().added


@pytest.mark.parametrize("state", [JobState.DONE, JobState.SKIPPED])
def test_an_image_that_was_dealt_with_is_left_alone_after_a_restart(house: House, state: JobState) -> None:
    house.put("One.iso")
    ((number, _, _),) = house.look().added
    house.end(number, state)
    house.anew()
    assert not house.look().added


def test_another_image_under_the_name_is_a_new_one(house: House) -> None:
    path = house.put("One.iso")
    ((number, _, _),) = house.look().added
    house.end(number, JobState.DONE)
    path.write_bytes(DISC)
    assert house.names(house.look()) == ["One.iso"]


def test_a_moving_file_waits_and_the_others_do_not(house: House) -> None:
    slow, quick = house.put("Slow.iso"), house.put("Quick.iso")
    house.watcher.look()
    os.utime(slow, ns=(1, 1))
    report = house.watcher.look()
    assert (house.names(report), report.moving) == ([quick.name], 1)
    assert house.names(house.watcher.look()) == [slow.name]


def test_a_sheet_waits_for_the_file_that_it_names(house: House) -> None:
    (house.folder / "Disc.cue").write_text('FILE "Disc.bin" BINARY\n  TRACK 01 MODE1/2048\n    INDEX 01 00:00:00\n')
    data = house.put("Disc.bin", DISC[: 2048 * 300])
    house.watcher.look()
    data.write_bytes(DISC)
    assert not house.watcher.look().added
    assert house.names(house.watcher.look()) == ["Disc.cue"]


def test_half_an_image_is_named_once_and_taken_when_it_is_whole(house: House) -> None:
    path = house.put("Half.iso", DISC[:200_000])
    (left,) = house.look().left
    assert (left.path, left.code) == (path, "cut-short")
    assert not house.look().left
    path.write_bytes(DISC)
    assert house.names(house.look()) == ["Half.iso"]


def test_the_doctor_examines_what_is_not_whole_if_the_rule_wants_it(house: House) -> None:
    house.anew(checks_sick=True)
    house.put("Half.iso", DISC[:200_000])
    report = house.look()
    assert [request.kind for _, request, _ in report.added] == [TaskKind.DOCTOR]
    house.end(report.added[0][0], JobState.DONE)
    assert not house.look().added


def test_packed_images_are_left_alone_whatever_the_format_of_the_rule(house: House) -> None:
    house.anew(request=ConversionRequest(ImageFormat.CHD))
    (house.folder / "Packed.zso").write_bytes((GOLDEN / "ps2.maxcso-16384.zso").read_bytes())
    assert not house.look().added


def test_three_failures_in_a_row_stop_a_rule_until_it_is_changed(house: House) -> None:
    for name in ("A.iso", "B.iso", "C.iso"):
        house.put(name)
        ((number, _, _),) = house.look().added
        house.end(number, JobState.FAILED)
    house.put("D.iso")
    report = house.look()
    assert (report.added, report.failures) == ([], ("A.iso", "B.iso", "C.iso"))
    house.anew(request=ConversionRequest(level=1))
    assert sorted(house.names(house.look())) == ["A.iso", "B.iso", "C.iso", "D.iso"]


def test_a_success_between_failures_lets_a_rule_go_on(house: House) -> None:
    for name, state in [("A.iso", "failed"), ("B.iso", "failed"), ("C.iso", "done"), ("D.iso", "failed")]:
        house.put(name)
        ((number, _, _),) = house.look().added
        house.end(number, JobState(state))
    assert house.look().failures == ()


def test_what_failed_is_tried_again_on_request_only(house: House) -> None:
    house.put("A.iso")
    ((number, _, _),) = house.look().added
    house.end(number, JobState.FAILED)
    house.anew()
    assert not house.look().added
    assert house.store.file.write(watched_rows.forget_failures) == 1
    house.anew()
    assert house.names(house.look()) == ["A.iso"]


@pytest.mark.parametrize(("packed_bytes", "is_queued"), [(100_000, True), (690_000, False)])
def test_an_image_is_estimated_first_if_it_must_save_a_share(house: House, packed_bytes: int, is_queued: bool) -> None:
    house.anew(min_saving_percent=10)
    house.put("One.iso")
    ((number, request, _),) = house.look().added
    assert request.kind is TaskKind.ESTIMATE
    (title,) = house.store.titles([house.folder])
    settings = Settings(ImageFormat.ZSO, 2048, 9, target="opl")
    size = title.original_bytes
    found = StoredEstimate(settings, size, packed_bytes, packed_bytes, packed_bytes, size, "convert", "", 1.0)
    for each in (2048, 4096, 8192, 16384, 32768):  # whatever the target's default is
        house.store.save_estimate(title.identity, replace(found, settings=replace(settings, block_size=each)))
    house.end(number, JobState.DONE)
    report = house.look()
    assert house.names(report) == (["One.iso"] if is_queued else [])
    assert [left.code for left in report.left] == ([] if is_queued else ["saves-little"])
    house.anew()
    assert not house.look().added


def test_an_image_whose_estimate_failed_is_left_alone(house: House) -> None:
    house.anew(min_saving_percent=10)
    house.put("One.iso")
    ((number, _, _),) = house.look().added
    house.end(number, JobState.FAILED)
    assert [left.code for left in house.look().left] == ["no-estimate"]


def test_outside_its_hours_a_rule_queues_nothing_and_inside_two_at_a_time(house: House) -> None:
    house.anew(hours=Hours(60, 120))
    for name in ("A.iso", "B.iso", "C.iso"):
        house.put(name)
    day = time.struct_time((2026, 11, 30, 0, 30, 0, 0, 0, -1))
    house.now = time.mktime(day)
    assert (house.look().waiting, house.queue.jobs()) == (3, [])
    house.now += 3600
    report = house.look()
    assert (house.names(report), report.waiting) == (["A.iso", "B.iso"], 1)
    house.end(report.added[0][0], JobState.DONE)
    assert house.names(house.look()) == ["C.iso"]


def test_a_dry_look_queues_and_remembers_nothing(house: House) -> None:
    house.anew()
    house.watcher.is_dry = True
    house.put("One.iso")
    assert [row.title.path.name for _, row in house.look().planned] == ["One.iso"]
    assert house.queue.jobs() == []
    assert house.store.file.run(watched_rows.read) == {}


def test_what_another_program_queued_is_not_queued_again(house: House) -> None:
    house.put("One.iso")
    ((_, request, _),) = house.look().added
    house.store.file.write(lambda connection: connection.execute("DELETE FROM watched"))
    house.anew()
    assert not house.look().added
    assert [job.path for job in house.queue.jobs()] == [request.path]

"""The free space of the disks that the queue works on."""

import os
from pathlib import Path

import pytest
from some_jobs import job

from discpress.engine.convert.batch.disk_space import DiskSpace
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.tui.views.queue_space import queue_spaces

SIZE, GAIN = 500, 200


@pytest.fixture(autouse=True)
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with 1,000 bytes."""
    monkeypatch.setattr("discpress.engine.system.filesystems.disk_usage", lambda folder: (1000, 2**40))


def waiting(folder: Path, *, trash_source: bool = False, output_folder: Path | None = None) -> Job:
    task = ConvertTask(ConversionRequest(trash_source=trash_source), output_folder=output_folder)
    return job()._replace(path=folder / "a.iso", task=task, gain_bytes=GAIN)


def ended(folder: Path, trashed: Path) -> Job:
    return waiting(folder)._replace(id=2, state=JobState.DONE, result={"trashed": str(trashed)})


def space_of(*jobs: Job, size: int | None = SIZE) -> DiskSpace:
    (space,) = queue_spaces(jobs, lambda path: size)
    return space


def test_a_conversion_that_waits_needs_the_space_of_its_result(tmp_path: Path) -> None:
    space = space_of(waiting(tmp_path), waiting(tmp_path))
    assert (space.free_bytes, space.after_bytes, space.emptied_bytes) == (1000, 400, 400)


def test_what_it_has_written_is_missing_already(tmp_path: Path) -> None:
    assert space_of(waiting(tmp_path)._replace(state=JobState.RUNNING, packed_bytes=100)).after_bytes == 800
    assert space_of(waiting(tmp_path)._replace(state=JobState.RUNNING, packed_bytes=9999)).after_bytes == 1000


def test_originals_that_go_to_the_trash_can_be_freed(tmp_path: Path) -> None:
    space = space_of(waiting(tmp_path, trash_source=True))
    assert (space.after_bytes, space.emptied_bytes) == (700, 1200)


def test_a_title_without_a_size_is_counted(tmp_path: Path) -> None:
    space = space_of(waiting(tmp_path, trash_source=True), size=None)
    assert (space.after_bytes, space.unknown, space.trashed_bytes) == (1000, 1, 0)


def test_originals_that_are_in_the_trash_already_count_as_long_as_they_are_there(tmp_path: Path) -> None:
    kept, linked = tmp_path / "1.kept", tmp_path / "2.kept"
    kept.write_bytes(bytes(50))
    linked.write_bytes(bytes(50))
    os.link(linked, tmp_path / "other name")
    jobs = [ended(tmp_path, path) for path in (kept, linked, tmp_path / "gone")]
    assert space_of(waiting(tmp_path), *jobs).trashed_bytes == 50


def test_a_folder_that_is_created_later_is_on_the_disk_above_it(tmp_path: Path) -> None:
    assert space_of(waiting(tmp_path, output_folder=tmp_path / "new [b]" / "x")).after_bytes == 700


def test_nothing_is_asked_without_a_conversion(tmp_path: Path) -> None:
    assert queue_spaces([ended(tmp_path, tmp_path)], lambda path: SIZE) == ()

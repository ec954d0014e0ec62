"""Titles that a job puts on a device."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import work
from command_line import write_old
from memory_cds import ps2_disc

from discpress.engine.deploy.device import read_device
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.errors import CancelledError, SpaceError, StorageError
from discpress.engine.formats import PART_SUFFIX, ImageFormat
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.library.states import TitleStates
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.titles import deploying
from discpress.engine.queue.titles.deploying import DeviceChoice, deploy_request, device_plan
from discpress.engine.store.store import Store
from discpress.engine.worker import job_paths
from discpress.engine.worker.job_paths import AwayError, places_of, source_device, source_is_away
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

ISO, OTHER = "Okami [t-en by X] [red].iso", "Gitaroo Man.iso"
ON_DEVICE = ["CD/SLUS_203.12.Okami [t-en by X] [red].iso", "CD/SLUS_203.13.Gitaroo Man.iso"]


class Room:
    """Two discs for the PS2 in a scanned folder, and a device."""

    def __init__(self, folder: Path) -> None:
        self.games, self.device = folder / "[b]", folder / "stick [red]"
        self.device.mkdir()
        write_old(self.games / ISO, ps2_disc("SLUS_203.12", kib=100))
        write_old(self.games / OTHER, ps2_disc("SLUS_203.13", kib=50))
        self.state = folder / "state"
        self.store = Store(self.state)
        self.queue = JobQueue(self.store)
        for _ in refresh(self.store, [self.games], lambda: None):
            pass

    def add(self, image_format: ImageFormat | None = None) -> int:
        choice = DeviceChoice(self.device, DeviceKind.OPL, image_format)
        plan, _ = device_plan(choice, self.store.titles(), self.store, TitleStates().under, Control())
        (number,) = self.queue.add([deploy_request(choice, plan, lambda title: title.title)])
        return number

    def run(self, number: int, control: Control | None = None) -> Outcome:
        assert self.queue.start(number)
        try:
            job = self.queue.job(number)
            return run_job(Turn(job, self.queue, self.store, 1, control or Control(), Progress()))
        finally:
            self.queue.suspend(number)

    def on_device(self) -> list[str]:
        found = (path for path in self.device.rglob("*") if path.is_file() and not path.name.startswith("."))
        return sorted(path.relative_to(self.device).as_posix() for path in found)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.store.close()


def test_a_worker_puts_titles_on_a_device(room: Room) -> None:
    number = room.add()
    work(room.state)
    job = room.queue.job(number)
    assert (job.state, room.on_device()) == (JobState.DONE, ON_DEVICE)
    assert str(job.result["summary"]).startswith("2 titles written and proven, ")
    assert job.task.source.name == "2 titles to stick [red]"
    assert (room.device / ON_DEVICE[0]).read_bytes() == (room.games / ISO).read_bytes()


def test_what_is_there_is_not_written_again(room: Room) -> None:
    number = room.add()
    room.run(number)
    before = {name: (room.device / name).stat().st_mtime_ns for name in ON_DEVICE}
    (room.device / ON_DEVICE[1]).unlink()
    result = room.run(number).result
    assert result["done"] == 1
    assert str(result["summary"]).endswith(", 1 there already")
    assert (room.device / ON_DEVICE[0]).stat().st_mtime_ns == before[ON_DEVICE[0]]
    assert room.on_device() == ON_DEVICE


def test_titles_are_converted_on_the_way(room: Room) -> None:
    room.run(room.add(ImageFormat.ZSO))
    assert room.on_device() == [name.replace(".iso", ".zso") for name in ON_DEVICE]


def test_a_title_that_is_gone_fails_alone(room: Room) -> None:
    number = room.add()
    (room.games / ISO).unlink()
    with pytest.raises(StorageError, match=r"1 title written and proven, .*; 1 not: .*Okami"):
        room.run(number)
    assert room.on_device() == ON_DEVICE[1:]


def test_a_title_that_left_the_library_is_named(room: Room) -> None:
    number = room.add()
    (room.games / ISO).unlink()
    for _ in refresh(room.store, [room.games], lambda: None):
        pass
    with pytest.raises(StorageError, match="is not in the library any more"):
        room.run(number)
    assert room.on_device() == ON_DEVICE[1:]


def test_a_full_device_fails_the_job_before_anything_is_written(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that waited for space would keep all others waiting, for a stick that stays full."""
    number = room.add()
    monkeypatch.setattr(deploying, "read_device", lambda root: replace(read_device(root), free_bytes=4096))
    with pytest.raises(SpaceError, match="nothing was written"):
        room.run(number)
    work(room.state)
    job = room.queue.job(number)
    assert (job.state, job.error_code, room.on_device()) == (JobState.FAILED, "space", [])


class StopAt(Control):
    """Stops a run once a part has begun."""

    def __init__(self, room: Room, *, is_suspended: bool) -> None:
        super().__init__()
        self._room = room
        self._is_suspended = is_suspended

    def check(self) -> None:
        if any(path.name.endswith(PART_SUFFIX) and path.stat().st_size for path in self._room.device.rglob("*")):
            if self._is_suspended:
                self.suspend()
            else:
                self.cancel()
        super().check()


@pytest.mark.parametrize(("is_suspended", "left"), [(True, 1), (False, 0)])
def test_only_a_cancelled_job_removes_what_it_has_begun(room: Room, is_suspended: bool, left: int) -> None:
    number = room.add()
    with pytest.raises(CancelledError):
        room.run(number, StopAt(room, is_suspended=is_suspended))
    assert len([name for name in room.on_device() if name.endswith(PART_SUFFIX)]) == left
    if is_suspended:
        room.run(number)
        assert room.on_device() == ON_DEVICE


@pytest.mark.parametrize("is_there", [True, False])
def test_a_job_waits_for_a_device_that_is_unplugged(
    room: Room, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unplugged stick leaves an empty folder, or none."""
    job = _moved(room.queue.job(room.add()))
    monkeypatch.setattr(job_paths, "mount_name", lambda folder: "/")
    if not is_there:
        room.device.rmdir()
    assert source_is_away(job)
    with pytest.raises(AwayError):
        source_device(job)


def test_the_disks_of_the_titles_count_as_well(room: Room) -> None:
    job = room.queue.job(room.add())
    assert {place.folder for place in places_of(job)} == {room.device, room.games}


def _moved(job: Job) -> Job:
    """Return a job whose device had another number when it was queued."""
    return job._replace(task=replace(job.task, source=job.task.source._replace(device=12345)))

"""The real worker on a faulty disk, as `tests/support/faulty_disk.py` makes it: jobs end, the other jobs go on."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import fault_injection
import pytest
from command_line import write_old
from faulty_disk import Faults, command_of
from patience import HANG_S, wait_for
from sample_images import mixed, read_back

from discpress.engine.formats import ImageFormat
from discpress.engine.queue.jobs import Job, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
SUPPORT = Path(fault_injection.__file__).parent
ROOT = SUPPORT.parents[1]


class Desk:
    """A queue with three titles."""

    def __init__(self, folder: Path) -> None:
        self.state_folder = folder / "state"
        self.state_folder.mkdir(mode=0o700)
        self.store = Store(self.state_folder)
        self.queue = JobQueue(self.store)
        self.images = [mixed(3 * MIB, seed=number) for number in range(3)]
        self.paths = [write_old(folder / f"{name}.iso", image) for name, image in zip("abc", self.images, strict=True)]
        request = ConversionRequest(format=ImageFormat.ZSO, level=1, target="any")
        self.ids = list(self.queue.add(JobRequest(ConvertTask(request), path) for path in self.paths))

    def start(self, faults: Faults) -> "subprocess.Popen[str]":
        environment = {**os.environ, "PYTHONPATH": f"{SUPPORT}:{ROOT}", "PYTHONWARNINGS": "error"}
        command = command_of(faults, self.state_folder)
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def work(self, faults: Faults) -> None:
        with self.start(faults) as worker:
            _, said = worker.communicate(timeout=HANG_S)
        assert (worker.returncode, said) == (0, "")

    def jobs(self) -> list[Job]:
        return [self.queue.job(job_id) for job_id in self.ids]

    def check_all(self) -> None:
        assert [job.state for job in self.jobs()] == [JobState.DONE] * 3, [job.error_message for job in self.jobs()]
        for path, image in zip(self.paths, self.images, strict=True):
            assert (path.read_bytes(), read_back(path.with_suffix(".zso"))) == (image, image)

    def leftovers(self) -> list[Path]:
        return list(self.state_folder.parent.glob("*-part"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


def test_short_answers_and_interrupted_calls_do_no_harm(desk: Desk) -> None:
    desk.work(Faults(is_short=True, signals_a_second=500))
    desk.check_all()


def test_a_clock_that_jumps_by_days_does_no_harm(desk: Desk) -> None:
    desk.work(Faults(has_jumping_clock=True))
    desk.check_all()
    snapshot = desk.queue.snapshot()
    assert all((job.eta_s or 0) >= 0 for job in snapshot.jobs)


def test_an_unreadable_title_fails_alone(desk: Desk) -> None:
    desk.work(Faults(read_error_at=2 * MIB + 77, read_error_in="b.iso"))
    one, two, three = desk.jobs()
    assert (one.state, two.state, three.state) == (JobState.DONE, JobState.FAILED, JobState.DONE)
    assert "b.iso: cannot read it at byte" in two.error_message
    assert not desk.leftovers()


def test_a_disk_that_cannot_write_fails_every_job_and_keeps_every_source(desk: Desk) -> None:
    desk.work(Faults(write_error_at=MIB))
    assert [job.state for job in desk.jobs()] == [JobState.FAILED] * 3
    assert [path.read_bytes() for path in desk.paths] == desk.images
    assert not desk.leftovers()


def test_jobs_wait_for_room_and_are_done_when_there_is_some(desk: Desk) -> None:
    with desk.start(Faults(room_bytes=2 * MIB)) as worker:
        try:
            wait_for(lambda: "No space left" in desk.queue.snapshot().waiting_reason, "a queue that waits for room")
        finally:
            worker.terminate()
        assert worker.wait(HANG_S) == 0
    desk.work(Faults())
    desk.check_all()
    assert not desk.leftovers()

"""Tests of the lab as jobs: their lines are kept, their state is told, and what a crash left is removed."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import write_old
from fault_injection import names_in
from made_cds import MadeDisc, write_cue
from sample_images import mixed

from discpress.engine.convert.part.window import WindowPart
from discpress.engine.errors import CancelledError, DiscpressError, StorageError, SuspendedError
from discpress.engine.formats import CD_HUNK_SIZE, ImageFormat, Method
from discpress.engine.lab.live import CURVE_POINTS, LiveTest, read_live, save_live
from discpress.engine.lab.measure_title import Step
from discpress.engine.lab.options import SeekOptions, ThroughputOptions
from discpress.engine.measure.choices import Pattern
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import SeekTask, ThroughputTask
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.rows.measurement_rows import LabTest
from discpress.engine.store.store import Store
from discpress.engine.system.disk_probe import Disks
from discpress.engine.units import MIB
from discpress.engine.worker.blocked_jobs import Waits
from discpress.engine.worker.measuring.lab_job import LabJob, _Live, lab_request
from discpress.engine.worker.outcomes import Endings
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

QUICK = SeekOptions((2048, 16384), duration_s=0.001, window_bytes=2 * MIB)
RATES = ThroughputOptions((2048,), (1,), sample_bytes=2 * MIB)


class Room:
    """A store, its queue, and one title."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "games"
        self.game = write_old(self.folder / "game.iso", mixed(3 * MIB))
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)
        self.progress = Progress()

    def add(self, asked: SeekOptions | ThroughputOptions) -> int:
        (job_id,) = self.queue.add([lab_request(self.game, asked, "Game")])
        return job_id

    def run(self, job_id: int, control: Control | None = None) -> Outcome:
        assert self.queue.start(job_id)
        job = self.queue.job(job_id)
        return run_job(Turn(job, self.queue, self.store, 2, control or Control(), self.progress))

    def lab_job(self, job_id: int, *, beside: Callable[[], int] = lambda: 0, turn: type[Turn] = Turn) -> LabJob:
        job = self.queue.job(job_id)
        assert isinstance(job.task, SeekTask | ThroughputTask)
        return LabJob(turn(job, self.queue, self.store, 2, Control(), self.progress), job.task.options, beside)


class ShortTurn(Turn):
    """Is suspended after each line that was measured."""

    def log(self, line: str) -> None:
        """Suspend, in place of a note."""
        self.control.suspend()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    opened = Room(tmp_path)
    yield opened
    opened.store.close()


@pytest.mark.slow
def test_each_line_of_a_seek_test_is_kept(room: Room) -> None:
    assert room.run(room.add(QUICK)).result["lines"] == 3
    kept = room.store.measurements(LabTest.SEEK, FileIdentity.at(room.game))
    assert [(each.format, each.block_size) for each in reversed(kept)] == [
        (ImageFormat.ISO, 0), (ImageFormat.ZSO, 2048), (ImageFormat.ZSO, 16384)
    ]  # fmt: skip
    assert all(each.machine and each.disk and each.at for each in kept)


def test_each_line_of_a_throughput_test_is_kept(room: Room) -> None:
    room.run(room.add(RATES))
    (kept,) = room.store.measurements(LabTest.THROUGHPUT)
    assert (kept.block_size, kept.level, kept.path) == (2048, 1, room.game)


@pytest.mark.slow
def test_throughput_of_a_disc_with_sound_is_kept_and_goes_on_after_a_suspension(room: Room) -> None:
    room.game = write_cue(room.folder / "Okami [red].cue", MadeDisc().add("MODE1/2352", 20).add("AUDIO", 20))
    job_id = room.add(ThroughputOptions(levels=(1, 9, 12), methods=(Method.ZLIB,)))
    assert room.queue.start(job_id)
    with pytest.raises(SuspendedError):
        room.lab_job(job_id, turn=ShortTurn).run()
    assert len(room.store.measurements()) == 1
    assert room.lab_job(job_id).run()["lines"] == 2
    kept = [(each.form, each.block_size, each.level) for each in room.store.measurements(LabTest.THROUGHPUT)]
    assert sorted(kept) == [("CHD cdzl+cdfl", CD_HUNK_SIZE, 1), ("CHD cdzl+cdfl", CD_HUNK_SIZE, 9)]


@pytest.mark.slow
def test_the_log_says_what_came_out(room: Room) -> None:
    job_id = room.add(QUICK)
    room.run(job_id)
    lines = room.queue.log(job_id)
    assert [line.split(":")[0] for line in lines] == ["ISO, mixed", "ZSO 2K, mixed", "ZSO 16K, mixed"]
    assert all("p95" in line for line in lines)


@pytest.mark.slow
def test_other_jobs_beside_it_are_noted(room: Room) -> None:
    job_id = room.add(QUICK)
    assert room.lab_job(job_id, beside=lambda: 2).run() == {"lines": 3, "beside": 2}
    assert {each.facts["beside"] for each in room.store.measurements()} == {2}
    assert "other jobs ran at the same time" in room.queue.log(job_id)[-1]


@pytest.mark.slow
def test_a_job_that_runs_alone_is_not_called_disturbed(room: Room) -> None:
    assert room.run(room.add(QUICK)).result["beside"] == 0


@pytest.mark.slow
def test_nothing_of_a_test_is_left_when_it_is_over(room: Room) -> None:
    job_id = room.add(QUICK)
    room.run(job_id)
    assert read_live(room.store, job_id) is None
    assert names_in(room.folder) == ["game.iso"]


@pytest.mark.parametrize("stop", ["cancel", "suspend"])
def test_a_stopped_test_keeps_its_lines_and_nothing_else(room: Room, stop: str) -> None:
    job_id = room.add(replace(QUICK, duration_s=60.0))
    control = Control()
    getattr(control, stop)()
    with pytest.raises(CancelledError):
        room.run(job_id, control)
    assert names_in(room.folder) == ["game.iso"]
    assert read_live(room.store, job_id) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [QUICK, replace(QUICK, patterns=tuple(Pattern)), replace(RATES, levels=(1, 12), format=ImageFormat.CSO)],
    ids=["seek", "patterns", "throughput"],
)
def test_a_suspended_test_goes_on_behind_the_lines_it_has_kept(
    room: Room, asked: SeekOptions | ThroughputOptions
) -> None:
    job_id = room.add(asked)
    assert room.queue.start(job_id)
    suspensions, others = 0, [1]
    while True:
        try:
            result = room.lab_job(job_id, beside=lambda: others[0], turn=ShortTurn).run()
        except SuspendedError:
            suspensions, others[0] = suspensions + 1, 0
            assert suspensions < 20
        else:
            break
    kept = [(each.format, each.block_size, each.level, each.pattern) for each in room.store.measurements()]
    assert suspensions > 0
    assert len(set(kept)) == len(kept) == result["lines"]
    assert result["beside"] == 1


@pytest.mark.slow
def test_a_test_that_is_asked_for_again_measures_again(room: Room) -> None:
    for _ in range(2):
        room.run(room.add(QUICK))
    assert len(room.store.measurements()) == 6


@pytest.mark.slow
def test_what_a_killed_worker_left_is_removed_with_the_job(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system that cannot remove an open file."""
    monkeypatch.setattr(WindowPart, "_unlink", lambda self: None)
    monkeypatch.setattr(WindowPart, "close", lambda self: os.close(self.fd))  # a process that dies does no more
    job_id = room.add(QUICK)
    room.run(job_id)
    assert names_in(room.folder) == ["game.iso", "game.iso.discpress-window.discpress-part"]
    disks = Disks(lambda: 0.0)
    Endings(room.queue, Waits(room.queue, lambda: 0.0, disks), disks).clear(room.queue.job(job_id))
    assert names_in(room.folder) == ["game.iso"]


def test_a_title_that_is_gone_fails_the_job(room: Room) -> None:
    job_id = room.add(QUICK)
    room.game.unlink()
    with pytest.raises(StorageError):
        room.run(job_id)


def test_a_title_that_is_gone_is_not_queued(room: Room) -> None:
    room.game.unlink()
    with pytest.raises(OSError, match="No such file"):
        lab_request(room.game, QUICK, "Game")


def test_a_damaged_title_fails_the_job(room: Room) -> None:
    room.game.write_bytes(b"ZISO" + b"\xff" * 40)
    with pytest.raises(DiscpressError):
        room.run(room.add(QUICK))


# What is told while it runs

STEP = Step(2, 4, ImageFormat.ZSO, 16384, 9, Pattern.MIXED)


class Watched:
    """A test's live state under a clock that is moved by hand."""

    def __init__(self, room: Room) -> None:
        self.now = 100.0
        self.room = room
        self.live = _Live(room.store, 7, room.progress, lambda: self.now)
        self.live.duration_s = 4.0

    @property
    def told(self) -> LiveTest:
        live = read_live(self.room.store, 7)
        assert live is not None
        return live


@pytest.fixture
def watched(room: Room) -> Watched:
    return Watched(room)


def test_figures_and_curve_are_told_twice_a_second(watched: Watched) -> None:
    watched.live.watch(STEP, [], 0)
    watched.now += 0.2
    watched.live.watch(STEP, [50.0] * 10, 100)
    assert watched.told.reads == 0
    watched.now += 0.4
    watched.live.watch(STEP, [50.0] * 20, 200)
    watched.now += 0.5
    watched.live.watch(STEP, [50.0] * 20 + [80.0] * 5, 250)
    told = watched.told
    assert (told.number, told.steps, told.block_size, told.pattern) == (2, 4, 16384, "mixed")
    assert (told.reads, told.p50_us, told.p95_us, list(told.curve)) == (25, 50.0, 80.0, [50.0, 80.0])


def test_progress_is_the_share_of_time_in_bytes_read(watched: Watched, room: Room) -> None:
    watched.live.watch(STEP, [], 0)
    watched.now += 2.0
    watched.live.watch(STEP, [50.0], 3000)
    assert (room.progress.stage, room.progress.done_bytes) == (Stage.MEASURING, 3000)
    assert room.progress.done_bytes / room.progress.total_bytes == pytest.approx(1.5 / 4)


def test_progress_goes_on_from_one_step_to_the_next(watched: Watched, room: Room) -> None:
    watched.live.watch(STEP, [], 0)
    watched.now += 2.0
    watched.live.watch(STEP, [50.0], 3000)
    watched.live.watch(replace(STEP, number=3), [], 0)
    assert room.progress.done_bytes == 3000


def test_the_curve_keeps_its_last_points(watched: Watched) -> None:
    latencies: list[float] = []
    for number in range(CURVE_POINTS + 20):
        latencies.append(float(number))
        watched.live.watch(STEP, latencies, 0)
        watched.now += 1.0
    assert len(watched.told.curve) == CURVE_POINTS
    assert watched.told.curve[-1] == CURVE_POINTS + 19


def test_a_state_of_another_version_is_none(room: Room) -> None:
    save_live(room.store, 5, LiveTest(1, 1, "zso", 2048, 9))
    room.store.file.write(lambda connection: connection.execute("UPDATE lab_live SET facts = '{\"x\": 1}'"))
    assert read_live(room.store, 5) is None

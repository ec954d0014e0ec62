"""The worker on a state file in which any cell holds anything: it does what can be read, and that only."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile_state import VALUES, Cell, cells, put
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from queued_jobs import job_request
from sample_images import compressible, mixed, write_image

from discpress.engine.convert.part.marker import make_marker
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.formats import ImageFormat
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.jobs import Job, JobProgress, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import EstimateTask, ScanTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import JsonValue
from discpress.engine.store.store import FILE_NAME, Store
from discpress.engine.system.files import FileIdentity
from discpress.engine.worker import scheduler
from discpress.engine.worker.scheduler import Manager
from discpress.engine.worker.turn import part_owner

IMAGES = {"Okami [red].iso": mixed(60_000), "[b]/game.iso": compressible(40_000), "bad \udcff.iso": mixed(30_000, 1)}
WISH = ConversionRequest(ImageFormat.ZSO, 2048, 1)
TIMEOUT_S = 60.0


class Place:
    """Images, jobs and errands on them, and a copy of the state file to be spoiled."""

    def __init__(self, folder: Path) -> None:
        self.games, self.out = folder / "games", folder / "out"
        self.sound, self.state = folder / "sound", folder / "state"
        self.images = [write_image(self.games / name, data) for name, data in IMAGES.items()]
        with Store(self.sound) as store:
            for _ in refresh(store, [self.games], lambda: None):
                pass
            self.fill(JobQueue(store), BackgroundTasks(store))
        self.cells = cells(self.sound / FILE_NAME)

    def fill(self, queue: JobQueue, background_tasks: BackgroundTasks) -> None:
        kinds = [TaskKind.CONVERT, TaskKind.CONVERT, TaskKind.VERIFY, TaskKind.ESTIMATE, TaskKind.SCAN, TaskKind.DOCTOR]
        paths = [*self.images, self.images[1], self.games, self.images[0]]
        wanted = []
        for kind, path in zip(kinds, paths, strict=True):
            parameters: dict[str, JsonValue] = {"device": path.stat().st_dev, "name": "Okami", "checksums": ["crc32"]}
            folder = self.out if kind is TaskKind.CONVERT else None
            wanted.append(job_request(kind, path, WISH, output_folder=folder, gain_bytes=7, parameters=parameters))
        numbers = queue.add(wanted)
        # One that a killed worker left, with a note of where it was.
        queue.start(numbers[0])
        queue.save_progress([JobProgress(numbers[0], "packing", 500, 1000, 500, 200)])
        queue.append_log(numbers[0], "ISO to ZSO")
        queue.save_checkpoint(numbers[0], {"output": str(self.out / "Okami [red].zso"), "done_bytes": 4096}, b"ZISO")
        queue.note_throughput(int(time.time()), 1000, 300)
        background_tasks.ask([(path, EstimateTask(WISH)) for path in self.images], 10)
        background_tasks.ask([(self.games, ScanTask())], 0)

    def spoil(self, cell: Cell, value: str) -> bool:
        """Begin anew with the sound file and without results, and write into one cell of it."""
        for folder in (self.state, self.out):
            shutil.rmtree(folder, ignore_errors=True)
        for path in self.games.rglob("*"):
            if path.is_file() and path not in self.images:
                path.unlink()
        shutil.copytree(self.sound, self.state)
        return put(self.state / FILE_NAME, cell, VALUES[value])

    def work(self) -> list[Job]:
        """Be the worker until all that it can do is done; return the jobs."""
        with Store(self.state, is_worker=True) as store:
            queue, background_tasks = JobQueue(store), BackgroundTasks(store)
            until = time.monotonic() + TIMEOUT_S

            def is_done() -> bool:
                assert time.monotonic() < until, queue.jobs()
                rest = [job for job in queue.snapshot().jobs if job.is_alive and not job.waiting]
                return not rest and background_tasks.next() is None

            asyncio.run(Manager(queue, store, 1, is_done, idle_s=1e9).work())
            return sorted(queue.jobs(), key=lambda job: job.id)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "POLL_S", 0.005)
        yield Place(tmp_path_factory.mktemp("worker"))


def check(place: Place, cell: Cell) -> None:
    jobs = place.work()
    assert len(jobs) == 6
    for job in jobs:
        assert "internal error" not in job.error_message, job
        if cell.table != "queue_jobs" or job.id != cell.row + 1:
            assert (job.state, job.error_message) == (JobState.DONE, "")
        elif job.fault:
            assert job.state is not JobState.DONE or cell.column != "wish"
            assert job.ended_at is not None
    assert [image.read_bytes() for image in place.images] == list(IMAGES.values())


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_other_jobs_are_done_whatever_a_cell_holds(place: Place, data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(["queue_jobs", *sorted({cell.table for cell in place.cells})]))
    cell = data.draw(st.sampled_from([cell for cell in place.cells if cell.table == table]))
    assume(place.spoil(cell, data.draw(st.sampled_from(list(VALUES)))))
    check(place, cell)


UNREADABLE = [
    ("wish", "JSON without an end"),
    ("wish", "bytes"),
    ("wish", "JSON with numbers below 0"),
    ("parameters", "JSON of another kind"),
    ("parameters", "JSON with other types"),
    ("path", "a path that no file has"),
    ("path", "a relative path"),
    ("path", "text"),
    ("output_folder", "text that is not UTF-8"),
    ("kind", "a word of a later version"),
    ("state", "a word of a later version"),
    ("force", "less than nothing"),
    ("position", "infinity"),
]
UNWRITTEN = [
    ("attempts", "the largest number"),
    ("done_bytes", "less than nothing"),
    ("result", "JSON nested too deeply"),
    ("reached_bytes", "text"),
    ("wanted", "NULL"),
    ("changed", "text"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("column", "value"), UNREADABLE)
def test_a_job_that_cannot_be_read_fails_and_is_not_run(place: Place, column: str, value: str) -> None:
    assert place.spoil(Cell("queue_jobs", column, 1), value)
    job = place.work()[1]
    with Store(place.state) as store:
        queue = JobQueue(store)
        assert (job.state, job.exit_code, job.is_unsettled) == (JobState.FAILED, 1, False)
        assert f"its entry in the state file cannot be read ({column})" in job.error_message
        assert job.error_message in queue.log(2)
        assert (queue.is_idle(), queue.snapshot().totals.failed) == (True, 1)
        assert not list(place.out.glob("game*"))


@pytest.mark.slow
@pytest.mark.parametrize(("column", "value"), UNWRITTEN)
def test_what_nobody_has_written_yet_keeps_no_job_from_its_start(place: Place, column: str, value: str) -> None:
    assert place.spoil(Cell("queue_jobs", column, 1), value)
    job = place.work()[1]
    assert (job.state, job.fault, job.attempts) == (JobState.DONE, "", 1)
    assert (place.out / "game.zso").is_file()


@pytest.mark.slow
def test_the_part_of_a_job_that_cannot_be_read_is_removed_with_it(place: Place) -> None:
    """A worker was killed at it; its checkpoint says where the part is."""
    assert place.spoil(Cell("queue_jobs", "force", 0), "text")
    place.out.mkdir()
    image = place.images[0]
    with Store(place.state) as store:
        marker = make_marker(part_owner(JobQueue(store).job(1)), image, FileIdentity.of(image.stat()))
    part_path_of(place.out / "Okami [red].zso").write_bytes(marker)
    assert place.work()[0].state is JobState.FAILED
    assert not list(place.out.glob("Okami*"))

"""The queue of a state file that the version before typed tasks wrote: it reads, runs and is retried as it is."""

import gzip
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed

from discpress.engine.formats import ImageFormat, Method
from discpress.engine.lab.options import SeekOptions, ThroughputOptions
from discpress.engine.measure.choices import Pattern
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import (
    BackgroundWork,
    ConvertTask,
    DoctorTask,
    EstimateTask,
    GridTask,
    ScanTask,
    SeekTask,
    Task,
    ThroughputTask,
    VerifyTask,
)
from discpress.engine.queue.tasks.request_json import request_json
from discpress.engine.queue.tasks.trash import PurgeTask, UndoTask
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.store import FILE_NAME, Store
from discpress.engine.worker.run_background import run_background_task
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

DATA = Path(__file__).parents[2] / "data" / "state" / "schema-12-queue.sqlite3.gz"
GAMES, OUT, DEVICE = Path("/games"), Path("/out [b]"), 65024
ZSO, CHD = ImageFormat.ZSO, ImageFormat.CHD
ANY = ConversionRequest(level=9, target="any")
TASKS: dict[int, Task] = {
    1: ConvertTask(
        ConversionRequest(ZSO, 4096, 3, target="any", digests=("sha1",)),
        output_folder=OUT,
        output_device=DEVICE,
        checksums=("crc32", "sha1"),
        source=Source(DEVICE, None, "Okami"),
    ),
    2: ConvertTask(ANY, GAMES / "named.zso", output_device=DEVICE, source=Source(DEVICE, None, "a")),
    3: ConvertTask(
        ConversionRequest(level=9, target="any", on_conflict=OnConflict.RENAME), source=Source(DEVICE, None, "bad �")
    ),
    4: ConvertTask(ANY, source=Source(DEVICE, GAMES / "pack.zip", "inner")),
    5: VerifyTask(source=Source(DEVICE, None, "b")),
    6: EstimateTask(ConversionRequest(level=9, target="auto"), Source(DEVICE, None, "b")),
    7: DoctorTask(source=Source(DEVICE, None, "b")),
    8: SeekTask(source=Source(DEVICE, None, "b")),
    9: ThroughputTask(source=Source(DEVICE, None, "b")),
    10: DoctorTask("opl", Source(DEVICE, GAMES / "pack.zip", "inner")),
    11: ScanTask(Source(DEVICE)),
    12: UndoTask(Source(DEVICE, None, "trashed.iso")),
    13: PurgeTask(Source(DEVICE, None, "trashed.iso")),
    14: SeekTask(
        SeekOptions((2048,), (Pattern.RANDOM_2K, Pattern.RANDOM_16K), 0.1, 65536, True, ZSO, 3),
        Source(DEVICE, None, "B [red]"),
    ),
    15: ThroughputTask(ThroughputOptions((2048,), (1,), 65536, OUT, CHD, (Method.ZLIB,)), Source(DEVICE, None, "B")),
    16: VerifyTask(source=Source(DEVICE, None, "Sea")),
    17: DoctorTask("pcsx2", Source(DEVICE, None, "Sea")),
    18: ConvertTask(
        ConversionRequest(
            CHD, 4096, 2, target="any", trash_source=True, on_conflict=OnConflict.OVERWRITE, methods=(Method.ZSTD,)
        ),
        output_folder=OUT,
        output_device=DEVICE,
        source=Source(DEVICE, None, "Sea"),
    ),
    19: ConvertTask(ConversionRequest(ZSO, target="any"), source=Source(DEVICE, None, "Failed")),
}
BACKGROUND: list[tuple[Path, BackgroundWork]] = [
    (GAMES / "c.iso", EstimateTask(ConversionRequest(ZSO, 4096, 3, target="any"))),
    (GAMES / "c.iso", GridTask(ConversionRequest(CHD, target="any"))),
    (GAMES, ScanTask()),
]
IMAGES = ("Okami [t-en by X] [red].iso", "a.iso", "b.iso", "c.iso", "d.iso", "bad \udcff.iso")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / FILE_NAME).write_bytes(gzip.decompress(DATA.read_bytes()))
    return folder


def cells(state: Path, query: str) -> list[tuple[str | None, ...]]:
    with closing(sqlite3.connect(state / FILE_NAME)) as connection:
        return connection.execute(query).fetchall()


def test_every_job_is_read_as_it_was_asked_for(state: Path) -> None:
    with Store(state) as store:
        jobs = JobQueue(store).jobs()
    assert {job.id: job.fault for job in jobs} == dict.fromkeys(TASKS, "")
    assert {job.id: job.task for job in jobs} == TASKS


def test_every_job_would_be_stored_as_it_was(state: Path) -> None:
    rows = cells(state, "SELECT wish, parameters FROM queue_jobs ORDER BY id")
    for task, (request, parameters) in zip(TASKS.values(), rows, strict=True):
        stored = task.to_cells()
        assert json.loads(parameters or "") == stored.parameters
        assert json.loads(request or "null") == (None if stored.request is None else request_json(stored.request))


def test_every_background_task_is_read_as_it_was_asked_for(state: Path) -> None:
    with Store(state) as store:
        background_tasks = BackgroundTasks(store)
        found = []
        while (task := background_tasks.next()) is not None:
            found.append((task.path, task.task))
            background_tasks.done(task)
    assert found == BACKGROUND


class Moved:
    """The same queue, with its files in a folder of the test."""

    def __init__(self, folder: Path, state: Path) -> None:
        self.games, self.out = folder / "games", folder / "out [b]"
        self.out.mkdir(parents=True)
        for seed, name in enumerate(IMAGES):
            write_old(self.games / name, mixed(98_304, seed=seed))
        with zipfile.ZipFile(self.games / "pack.zip", "w") as archive:
            archive.writestr("inner.iso", mixed(98_304, seed=9))
        trashed = [
            faults.run_conversion(write_old(self.games / name, mixed(98_304, seed=20)), trash_source=True).trashed
            for name in ("one.iso", "two.iso")
        ]
        with closing(sqlite3.connect(state / FILE_NAME)) as connection, connection:
            for table, column in (
                *(("queue_jobs", name) for name in ("path", "output_path", "output_folder", "parameters")),
                ("errands", "path"),
            ):
                for (value,) in connection.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall():
                    change = f"UPDATE {table} SET {column} = ? WHERE {column} = ?"
                    connection.execute(change, (self._moved(value), value))
            for number, entry in zip((12, 13), trashed, strict=True):
                assert entry is not None
                connection.execute("UPDATE queue_jobs SET path = ? WHERE id = ?", (os.fsencode(entry.folder), number))
        self.store = Store(state)
        self.queue = JobQueue(self.store)

    def _moved(self, value: bytes | str | None) -> bytes | str | None:
        if isinstance(value, bytes):
            value = value.replace(b"/games", os.fsencode(self.games))
            return value.replace(b"/out [b]", os.fsencode(self.out))
        if isinstance(value, str):
            value = value.replace("/games", str(self.games)).replace("/out [b]", str(self.out))
            return value.replace(str(DEVICE), str(self.games.stat().st_dev))
        return value

    def run(self, job_id: int) -> Outcome:
        assert self.queue.start(job_id)
        job = self.queue.job(job_id)
        return run_job(Turn(job, self.queue, self.store, 2, Control(), Progress()))


@pytest.fixture
def moved(tmp_path: Path, state: Path) -> Iterator[Moved]:
    moved = Moved(tmp_path, state)
    yield moved
    moved.store.close()


def kinds_of(jobs: list[Job]) -> set[TaskKind]:
    return {job.kind for job in jobs}


@pytest.mark.slow
def test_a_job_of_each_kind_runs(moved: Moved) -> None:
    waiting = moved.queue.jobs([JobState.QUEUED])
    ids = sorted({job.id for job in waiting} - {8})  # as 14, only longer
    for number in ids:
        moved.queue.finish(number, moved.run(number).result)
    assert kinds_of(moved.queue.jobs([JobState.DONE])) == kinds_of(waiting)
    results = {path.name for folder in (moved.games, moved.out) for path in folder.iterdir()}
    assert results >= {
        "Okami [t-en by X] [red].zso", "Okami [t-en by X] [red].zso.sha1", "named.zso", "bad \udcff.zso", "inner.zso",
        "c.chd", "one.iso",
    }  # fmt: skip
    assert not {"c.iso", "two.iso"} & results


def test_the_job_that_failed_is_retried(moved: Moved) -> None:
    assert moved.queue.ask([19], Action.RETRY) == [19]
    assert Path(str(moved.run(19).result["output"])) == moved.games / "d.zso"


@pytest.mark.parametrize("number", TASKS)
def test_every_job_is_retried_after_it_was_cancelled(state: Path, number: int) -> None:
    with Store(state) as store:
        queue = JobQueue(store)
        queue.ask([number], Action.CANCEL)
        assert queue.ask([number], Action.RETRY) == [number]
        assert (queue.job(number).state, queue.job(number).task) == (JobState.QUEUED, TASKS[number])


@pytest.mark.slow
def test_every_background_task_runs(moved: Moved) -> None:
    background_tasks = BackgroundTasks(moved.store)
    while (task := background_tasks.next()) is not None:
        run_background_task(task, moved.store, 2, Control())
        background_tasks.done(task)
    titles = {title.path: title for title in moved.store.titles()}
    assert {moved.games / name for name in IMAGES} <= titles.keys()
    estimates = moved.store.estimates_of(titles[moved.games / "c.iso"].identity)
    assert {each.settings.format for each in estimates} == {ZSO, CHD}

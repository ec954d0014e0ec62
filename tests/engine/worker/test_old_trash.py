"""The setting `trash_days`: a real worker removes what is old and proven, and nothing else."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed

from discpress.engine.convert.trash import proof
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.held import hold
from discpress.engine.errors import StoreError
from discpress.engine.images.image import Image
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import PurgeTask
from discpress.engine.store.store import Store
from discpress.engine.worker.scheduler import Manager
from discpress.engine.worker.trash.entries import trash_request
from discpress.engine.worker.trash.old import OldTrash

DAY_S = 24 * 3600
SOURCE = mixed(60_000, seed=3)


class House:
    """Two originals in the trash, and a worker whose date is chosen."""

    def __init__(self, folder: Path) -> None:
        self.games = folder / "games"
        self.old, self.young = self._convert("old.iso"), self._convert("young.iso")
        assert self.old.trashed_time is not None
        self.now = self.old.trashed_time
        self.days: int | None = 30
        self.store = Store(folder / "state", now=lambda: self.now)
        self.queue = JobQueue(self.store, now=lambda: self.now)

    def _convert(self, name: str) -> TrashEntry:
        found = faults.run_conversion(write_old(self.games / name, SOURCE), trash_source=True).trashed
        assert found is not None
        return found

    def settings(self) -> tuple[int | None, list[Path]]:
        return self.days, [self.games]

    def work(self) -> list[Job]:
        """Let a worker begin, and work until nothing is left; return all jobs."""
        old_trash = OldTrash(self.queue, self.store, self.settings, now=lambda: self.now)
        asyncio.run(Manager(self.queue, self.store, threads=1, idle_s=0, old_trash=old_trash).work())
        return self.queue.jobs()

    def pass_days(self, days: float) -> None:
        self.now += days * DAY_S

    @property
    def left(self) -> list[str]:
        return [entry.name for entry in (self.old, self.young) if entry.is_there]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.store.close()


def rename_day(entry: TrashEntry, trashed_at: str) -> None:
    """Let an entry state another time."""
    path = entry.folder / "entry.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(entry.trashed_at, trashed_at), encoding="utf-8")


@pytest.mark.slow
def test_what_is_older_and_proven_is_removed(house: House) -> None:
    house.pass_days(30.01)
    (job,) = house.work()
    assert (job.state, job.result["done"], house.left) == (JobState.DONE, 2, [])
    assert (job.kind, job.idle_priority) == (TaskKind.PURGE, True)


def test_it_is_off_by_default(house: House) -> None:
    house.days = None
    house.pass_days(4000)
    assert (house.work(), house.left) == ([], ["old.iso", "young.iso"])


def test_what_is_younger_stays(house: House) -> None:
    rename_day(house.young, "2999-01-01T00:00:00+00:00")
    house.pass_days(30.01)
    house.work()
    assert house.left == ["young.iso"]


@pytest.mark.parametrize(
    "time", ["", "yesterday", "2026-01-01T00:00:00", "0000-00-00T00:00:00+00:00", "1970-01-01T00:02:00+00:00"]
)
def test_what_states_no_time_stays(house: House, time: str) -> None:
    rename_day(house.young, time)
    house.pass_days(4000)
    house.work()
    assert house.left == ["young.iso"]


@pytest.mark.slow
def test_what_is_not_proven_stays_without_a_failure_and_is_tried_again_a_day_later(house: House) -> None:
    kept = house.young.replacement_path.read_bytes()
    faults.flip_byte(house.young.replacement_path, len(kept) // 2)
    house.pass_days(31)
    (job,) = house.work()
    assert (job.state, job.result["done"], job.result["stayed"]) == (JobState.DONE, 1, 1)
    house.pass_days(0.5)
    assert len(house.work()) == 1
    house.young.replacement_path.write_bytes(kept)
    os.utime(house.young.replacement_path, ns=(0, house.young.replacement.mtime_ns))
    house.pass_days(0.6)
    assert (len(house.work()), house.left) == (2, [])


@pytest.mark.slow
def test_each_replacement_is_decoded_by_the_job_itself(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[Path] = []
    real = proof.Prover._decode

    def decode(prover: proof.Prover, image: Image, wanted: tuple[str, ...]) -> Mapping[str, str]:
        decoded.append(image.path)
        return real(prover, image, wanted)

    monkeypatch.setattr(proof.Prover, "_decode", decode)
    house.pass_days(31)
    house.work()
    assert decoded == [house.old.replacement_path, house.young.replacement_path]


def test_a_replacement_on_another_disk_is_no_proof_for_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = house.young.replacement_path

    def on_another_disk(held: object, replacement: object) -> os.stat_result | None:
        facts = real(held, replacement)  # type: ignore[arg-type]
        if facts is None or held.entry.replacement_path != elsewhere:  # type: ignore[attr-defined]
            return facts
        return os.stat_result((*facts[:2], facts.st_dev + 1, *facts[3:]), {"st_mtime_ns": facts.st_mtime_ns})

    real = proof.replacement_facts
    monkeypatch.setattr(proof, "replacement_facts", on_another_disk)
    with hold(house.young) as held:
        assert proof.find_other_disk(held) == f"{elsewhere}: is not on the disk of the trash"


def test_a_replacement_in_a_trash_or_linked_to_the_original_is_no_proof(house: House) -> None:
    for entry in (house.old, house.young):
        entry.replacement_path.unlink()
    os.link(house.old.file_path, house.old.replacement_path)
    house.young.replacement_path.symlink_to(house.young.file_path)
    house.pass_days(31)
    house.work()
    assert house.left == ["old.iso", "young.iso"]


@pytest.mark.slow
def test_an_entry_that_a_job_works_on_is_left_to_it(house: House) -> None:
    house.queue.ask(house.queue.add([trash_request(TaskKind.UNDO, [house.young])]), Action.PAUSE)
    house.pass_days(31)
    jobs = {job.kind: job for job in house.work()}
    assert jobs[TaskKind.UNDO].state is JobState.PAUSED
    task = jobs[TaskKind.PURGE].task
    assert isinstance(task, PurgeTask)
    assert (task.others, task.is_automatic, jobs[TaskKind.PURGE].path) == ((), True, house.old.folder)


@pytest.mark.slow
def test_a_clock_that_was_ahead_keeps_it_from_nothing(house: House) -> None:
    house.pass_days(400)
    house.work()
    trashed = house._convert("third.iso")
    rename_day(trashed, house.old.trashed_at)
    house.pass_days(-300)
    house.work()
    assert not trashed.is_there


def test_settings_that_cannot_be_read_stop_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> tuple[int | None, list[Path]]:
        raise StoreError("config.toml: not TOML")

    monkeypatch.setattr(house, "settings", broken)
    assert house.work() == []


def test_a_disk_that_does_not_answer_holds_up_no_worker_for_long(house: House, monkeypatch: pytest.MonkeyPatch) -> None:

    seconds = iter(range(0, 10_000, 10))
    monkeypatch.setattr("discpress.engine.worker.trash.old.ask_aside", lambda question: Future())
    old_trash = OldTrash(house.queue, house.store, house.settings, clock=lambda: next(seconds))
    manager = Manager(house.queue, house.store, threads=1, idle_s=0, old_trash=old_trash)
    asyncio.run(manager.work())
    assert house.left == ["old.iso", "young.iso"]

"""One job on several entries of the trash: progress, summary, entries that stay, runs after a kill."""

import os
from collections.abc import Iterator
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from sample_images import mixed

from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.undo import purge
from discpress.engine.errors import CancelledError, TrashError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.store import Store
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.units import format_size
from discpress.engine.worker.job_paths import places_of
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.trash.entries import trash_request
from discpress.engine.worker.turn import Outcome, Turn

PURGE, UNDO = TaskKind.PURGE, TaskKind.UNDO
NAMES = ("Okami [t-en by X] [red].iso", "b.iso", "c.iso")
CONTENT = {name: mixed(60_000 + 2048 * number, seed=number) for number, name in enumerate(NAMES)}
TOTAL = sum(map(len, CONTENT.values()))


class KilledError(BaseException):
    """Stands for a kill at one moment."""


class House:
    """Three converted titles whose originals are in trashes, and a queue."""

    def __init__(self, folder: Path) -> None:
        self.games = folder / "[/b]"
        self.entries: list[TrashEntry] = []
        for number, (name, data) in enumerate(CONTENT.items()):
            done = faults.run_conversion(write_old(self.games / str(number) / name, data), trash_source=True)
            assert done.trashed is not None
            self.entries.append(done.trashed)
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)
        self.progress = Progress()

    def add(self, kind: TaskKind, *, is_automatic: bool = False) -> int:
        (job_id,) = self.queue.add([trash_request(kind, self.entries, is_automatic=is_automatic)])
        return job_id

    def run(self, job_id: int, control: Control | None = None) -> Outcome:
        """Run the job once more."""
        assert self.queue.start(job_id)
        self.progress = Progress()
        turn = Turn(self.queue.job(job_id), self.queue, self.store, 2, control or Control(), self.progress)
        try:
            return run_job(turn)
        finally:
            self.queue.suspend(job_id)

    def log(self, job_id: int) -> str:
        return "\n".join(self.queue.log(job_id))

    @property
    def left(self) -> list[str]:
        return [entry.name for entry in self.entries if entry.is_there]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.store.close()


def damage(entry: TrashEntry) -> None:
    faults.flip_byte(entry.replacement_path, entry.replacement.size_bytes // 2)


def test_one_job_removes_all_entries(house: House) -> None:
    done = house.run(house.add(PURGE)).result
    assert (house.left, done["done"], done["freed_bytes"], done["stayed"]) == ([], 3, TOTAL, 0)
    assert done["summary"] == f"3 removed for good, {format_size(TOTAL)} freed"


def test_the_progress_goes_through_all_images_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    def begin(progress: Progress, stage: object, total_bytes: int) -> None:
        real(progress, stage, total_bytes)  # type: ignore[arg-type]
        seen.append((progress.done_bytes, progress.total_bytes))

    real = Progress.begin
    monkeypatch.setattr(Progress, "begin", begin)
    house.run(house.add(PURGE))
    sizes = [len(data) for data in CONTENT.values()]
    assert seen == [(0, TOTAL), (sizes[0], TOTAL), (sizes[0] + sizes[1], TOTAL)]
    assert (house.progress.done_bytes, house.progress.total_bytes) == (TOTAL, TOTAL)


@pytest.mark.slow
def test_an_entry_that_cannot_be_proven_stays_and_the_others_go(house: House) -> None:
    damage(house.entries[1])
    job_id = house.add(PURGE)
    with pytest.raises(TrashError, match=r"2 removed for good, .* freed; 1 stays: .*b\.iso: kept in the trash:"):
        house.run(job_id)
    assert house.left == ["b.iso"]
    assert "b.iso: kept in the trash" in house.log(job_id)


def test_a_retry_works_on_what_stayed_and_counts_the_whole_job(house: House) -> None:
    kept = house.entries[1].replacement_path.read_bytes()
    damage(house.entries[1])
    job_id = house.add(PURGE)
    with pytest.raises(TrashError):
        house.run(job_id)
    write_back(house.entries[1], kept)
    done = house.run(job_id).result
    assert (house.left, done["done"], done["freed_bytes"]) == ([], 3, TOTAL)


def write_back(entry: TrashEntry, data: bytes) -> None:

    entry.replacement_path.write_bytes(data)
    os.utime(entry.replacement_path, ns=(entry.replacement.mtime_ns, entry.replacement.mtime_ns))


def test_one_job_restores_all_entries(house: House) -> None:
    done = house.run(house.add(UNDO)).result
    assert {entry.name: entry.home_path.read_bytes() for entry in house.entries} == CONTENT
    assert done["summary"] == "3 restored"
    assert done["folders"] == sorted(str(entry.home) for entry in house.entries)


def test_an_undo_leaves_out_the_one_whose_name_is_taken(house: House) -> None:
    house.entries[0].home_path.write_bytes(b"in the way")
    with pytest.raises(TrashError, match=r"2 restored; 1 stays: .*in the way"):
        house.run(house.add(UNDO))
    assert house.left == [NAMES[0]]


def test_a_job_that_was_killed_goes_on_and_counts_what_it_had_done(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_killed() -> None:
        raise KilledError

    job_id = house.add(PURGE)
    with monkeypatch.context() as patch:
        faults.run_before(patch, HeldFolder, "remove_folder", be_killed)
        with pytest.raises(KilledError):
            house.run(job_id)
    done = house.run(job_id).result
    assert (house.left, done["done"], done["stayed"]) == ([], 3, 0)


def test_a_job_that_is_stopped_keeps_the_rest(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    control = Control()
    faults.run_after(monkeypatch, HeldFolder, "remove_folder", control.cancel)
    job_id = house.add(PURGE)
    with pytest.raises(CancelledError):
        house.run(job_id, control)
    assert house.left == ["b.iso", "c.iso"]


def test_an_entry_that_somebody_else_removed_is_no_failure(house: House) -> None:
    job_id = house.add(PURGE)
    purge(house.entries[2], 1, Control(), force=True)
    done = house.run(job_id).result
    assert (done["done"], done["stayed"]) == (2, 0)
    assert "it is not in the trash any more" in house.log(job_id)


def test_a_job_that_nobody_asked_for_does_not_fail(house: House) -> None:
    damage(house.entries[0])
    done = house.run(house.add(PURGE, is_automatic=True)).result
    assert (done["done"], done["stayed"], house.left) == (2, 1, [NAMES[0]])


def test_it_watches_the_disks_of_all_its_entries(house: House) -> None:
    job = house.queue.job(house.add(PURGE))
    assert {place.folder for place in places_of(job)} == {entry.home for entry in house.entries}

"""Undo and purge as jobs, begun anew wherever a run of them was killed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from queued_jobs import job_request
from sample_images import mixed, pack, read_back

from discpress.engine.cli.queue.views import name_of
from discpress.engine.convert.trash import undo as replace
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.held import HeldEntry, hold
from discpress.engine.convert.trash.undo import purge
from discpress.engine.errors import CancelledError, TrashError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.store import Store
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.worker.job_paths import source_is_away
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.trash.entries import trash_request
from discpress.engine.worker.turn import Outcome, Turn

SOURCE = mixed(300_000, seed=15)
PURGE, UNDO = TaskKind.PURGE, TaskKind.UNDO


class KilledError(BaseException):
    """Stands for a kill at one moment."""


def be_killed() -> None:
    raise KilledError


class Room:
    """A converted title whose original is in the trash, a store and its queue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "games"
        found = faults.run_conversion(write_old(self.folder / "game.iso", SOURCE), trash_source=True).trashed
        assert found is not None
        self.entry: TrashEntry = found
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)

    def add(self, kind: TaskKind) -> int:
        (job_id,) = self.queue.add([trash_request(kind, [self.entry])])
        return job_id

    def run(self, job_id: int, control: Control | None = None) -> Outcome:
        """Do a job once more."""
        assert self.queue.start(job_id)
        job = self.queue.job(job_id)
        try:
            return run_job(Turn(job, self.queue, self.store, 2, control or Control(), Progress()))
        finally:
            self.queue.suspend(job_id)

    def run_killed(self, job_id: int) -> None:
        with pytest.raises(KilledError):
            self.run(job_id)

    def names(self) -> list[str]:
        return faults.names_in(self.folder)

    def journal(self) -> list[tuple[str, object]]:
        return [(entry.kind, entry.payload["job"]) for entry in self.store.journal_entries()]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.store.close()


def test_a_purge_removes_the_original_for_good(room: Room) -> None:
    done = room.run(room.add(PURGE))
    assert done.result == {"path": str(room.folder / "game.iso"), "freed_bytes": len(SOURCE)}
    assert (room.names(), room.journal()) == (["game.zso"], [("purged", 1)])


def converted(room: Room) -> None:
    """Record the conversion of the entry as a finished job."""
    (job_id,) = room.queue.add([job_request(TaskKind.CONVERT, room.folder / "game.iso")])
    assert room.queue.start(job_id)
    sizes = {"source_bytes": len(SOURCE), "packed_bytes": len(SOURCE) - 1000}
    room.queue.finish(job_id, {**sizes, "trashed": str(room.entry.file_path)})


def test_a_conversion_has_saved_something_after_a_purge(room: Room) -> None:
    converted(room)
    assert room.queue.history().saved_bytes == 0
    room.run(room.add(PURGE))
    assert room.queue.history().saved_bytes == 1000


def test_a_conversion_that_was_undone_has_saved_nothing(room: Room) -> None:
    converted(room)
    room.run(room.add(UNDO))
    assert room.queue.history().saved_bytes == 0


def test_an_original_with_another_name_saves_nothing(room: Room) -> None:
    converted(room)
    os.link(room.entry.file_path, room.folder / "another name.iso")
    room.run(room.add(PURGE))
    assert room.queue.history().saved_bytes == 0


def test_a_purge_refuses_where_the_replacement_does_not_prove_itself(room: Room) -> None:
    faults.flip_byte(room.folder / "game.zso", 100_000)
    with pytest.raises(TrashError, match=r"game\.iso: kept in the trash:"):
        room.run(room.add(PURGE))
    assert room.entry.file_path.read_bytes() == SOURCE


def test_a_forced_retry_forces_no_purge(room: Room) -> None:
    (room.folder / "game.zso").unlink()
    job_id = room.add(PURGE)
    room.store.file.write(lambda connection: connection.execute("UPDATE queue_jobs SET force = 1"))
    with pytest.raises(TrashError):
        room.run(job_id)
    assert room.entry.is_there


def test_a_purge_that_is_cancelled_removes_nothing(room: Room) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(CancelledError):
        room.run(room.add(PURGE), control)
    assert room.entry.is_there


def test_an_undo_puts_the_original_back(room: Room) -> None:
    done = room.run(room.add(UNDO))
    assert (room.folder / "game.iso").read_bytes() == SOURCE
    assert read_back(Path(str(done.result["trashed"]))) == SOURCE
    assert room.journal() == [("undone", 1)]


def test_an_undo_leaves_another_disc_where_it_is(room: Room) -> None:
    (room.folder / "game.zso").unlink()
    pack(room.folder / "game.zso", mixed(300_000, seed=16))
    done = room.run(room.add(UNDO))
    assert (done.result["trashed"], "left as it is" in str(done.result["note"])) == (None, True)


def test_an_undo_refuses_where_the_name_is_taken(room: Room) -> None:
    (room.folder / "game.iso").write_bytes(b"in the way")
    with pytest.raises(TrashError, match="in the way"):
        room.run(room.add(UNDO))
    assert room.entry.is_there


@pytest.mark.parametrize("kind", [PURGE, UNDO])
def test_what_is_not_in_the_trash_any_more_is_said(room: Room, kind: TaskKind) -> None:
    job_id = room.add(kind)
    purge(room.entry, 1, Control(), force=True)
    with pytest.raises(TrashError, match=r"game\.iso: it is not in the trash any more"):
        room.run(job_id)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(replace, "_remove_stored"), (HeldFolder, "unlink_same"), (HeldFolder, "remove_folder")],
    ids=["proof", "unlink", "rmdir"],
)
@pytest.mark.parametrize("inject", [faults.run_before, faults.run_after], ids=["before", "after"])
def test_a_purge_that_was_killed_is_finished(
    room: Room, monkeypatch: pytest.MonkeyPatch, owner: object, name: str, inject: Callable[..., None]
) -> None:
    job_id = room.add(PURGE)
    with monkeypatch.context() as patch:
        inject(patch, owner, name, be_killed)
        room.run_killed(job_id)
    room.run(job_id)
    assert room.names() == ["game.zso"]


def test_a_purge_that_was_killed_before_the_description_went_is_finished(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = room.add(PURGE)
    with monkeypatch.context() as patch:
        faults.run_before(patch, HeldEntry, "drop", be_killed)
        room.run_killed(job_id)
    room.run(job_id)
    assert (room.names(), room.journal()) == (["game.zso"], [("purged", job_id)])


@pytest.mark.parametrize(
    ("owner", "step"),
    [(HeldEntry, "begin_undo"), (HeldFolder, "rename_new"), (HeldEntry, "drop"), (HeldFolder, "remove_folder")],
    ids=["begin", "rename", "drop", "rmdir"],
)
@pytest.mark.parametrize("inject", [faults.run_before, faults.run_after], ids=["before", "after"])
def test_an_undo_that_was_killed_is_finished(
    room: Room, monkeypatch: pytest.MonkeyPatch, owner: object, step: str, inject: Callable[..., None]
) -> None:
    job_id = room.add(UNDO)
    with monkeypatch.context() as patch:
        inject(patch, owner, step, be_killed)
        room.run_killed(job_id)
    room.run(job_id)
    assert (room.folder / "game.iso").read_bytes() == SOURCE
    assert not (room.folder / "game.zso").exists()


def test_a_purge_does_not_take_a_half_undone_entry_for_its_own_work(room: Room) -> None:
    job_id = room.add(PURGE)
    room.queue.start(job_id)
    room.queue.suspend(job_id)
    with hold(room.entry) as held:
        held.begin_undo()
    room.entry.file_path.rename(room.entry.home_path)
    with pytest.raises(TrashError):
        room.run(job_id)
    assert (room.entry.folder.is_dir(), room.entry.home_path.read_bytes()) == (True, SOURCE)


def test_a_trash_that_went_with_its_last_entry_is_no_disk_that_is_away(room: Room) -> None:
    job_id = room.add(PURGE)
    purge(room.entry, 1, Control(), force=True)
    assert not source_is_away(room.queue.job(job_id))


def test_the_queue_calls_it_by_the_file(room: Room) -> None:
    assert name_of(room.queue.job(room.add(PURGE))) == "purge game.iso"

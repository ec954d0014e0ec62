"""Jobs on split images: converted, resumed, finished after a kill, and checked as one image."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from queued_jobs import job_request
from sample_images import mixed, read_back
from split_images import IMAGE, ISO_NAMES, cut, write_parts

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.errors import SplitImageError, SuspendedError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import Store
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

ANY = ConversionRequest(target="any", level=1)
TRASHING = dataclasses.replace(ANY, trash_source=True)


class Room:
    """A store, its queue, and a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "[b] games"
        self.folder.mkdir()
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)
        self.progress = Progress()

    def add(self, kind: TaskKind = TaskKind.CONVERT, request: ConversionRequest | None = ANY) -> int:
        (job_id,) = self.queue.add([job_request(kind, self.folder / ISO_NAMES[0], request)])
        return job_id

    def run(self, job_id: int, control: Control | None = None) -> Outcome:
        """Begin a job, once more if it was begun before."""
        assert self.queue.start(job_id)
        self.progress = Progress()
        turn = Turn(self.queue.job(job_id), self.queue, self.store, 2, control or Control(), self.progress)
        try:
            return run_job(turn)
        finally:
            self.queue.suspend(job_id)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr("discpress.engine.convert.checkpoint.EVERY_BYTES", 1)
    room = Room(tmp_path)
    yield room
    room.store.close()


class SuspendInTheMidst(Control):
    """Asks for a suspension when two chunks are done."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room

    def check(self) -> None:
        if self._room.progress.done_bytes >= 2 * CHUNK_BYTES:
            self.suspend()
        super().check()


def test_a_job_moves_all_parts_to_the_trash(room: Room) -> None:
    write_parts(room.folder)
    done = room.run(room.add(request=TRASHING))
    assert read_back(Path(str(done.result["output"]))) == IMAGE
    assert not any((room.folder / name).exists() for name in ISO_NAMES)


@pytest.mark.parametrize("stored", [1, 2, 3])
def test_a_job_that_was_killed_while_the_parts_moved_moves_the_rest(stored: int, room: Room) -> None:
    paths = write_parts(room.folder)
    job_id = room.add(request=TRASHING)
    room.run(job_id)
    (entry,) = (each for each in entries_in(room.folder) if isinstance(each, TrashEntry))
    for kept, path in list(zip(entry.file_paths, paths, strict=True))[stored:]:
        kept.rename(path)
    done = room.run(job_id)
    assert done.result["trashed"] == str(entry.file_path)
    assert [path.read_bytes() for path in entry.file_paths] == cut(IMAGE)


@pytest.mark.slow
def test_a_stopped_job_goes_on_where_it_was(room: Room) -> None:
    data = mixed(3 * CHUNK_BYTES, seed=53)
    names = [f"Game.iso.{number:03d}" for number in range(1, len(cut(data)) + 1)]
    write_parts(room.folder, names, data)
    job_id = room.add()
    with pytest.raises(SuspendedError):
        room.run(job_id, SuspendInTheMidst(room))
    room.run(job_id)
    assert room.progress.resumed_bytes > 0
    assert read_back(room.folder / "Game.zso") == data


@pytest.mark.slow
def test_a_stopped_job_begins_again_if_any_part_has_changed(room: Room) -> None:
    data = mixed(3 * CHUNK_BYTES, seed=53)
    names = [f"Game.iso.{number:03d}" for number in range(1, len(cut(data)) + 1)]
    paths = write_parts(room.folder, names, data)
    job_id = room.add()
    with pytest.raises(SuspendedError):
        room.run(job_id, SuspendInTheMidst(room))
    assert JobCheckpointStore(room.queue, job_id).load() is not None
    piece = bytearray(paths[-1].read_bytes())
    piece[0] ^= 1
    paths[-1].write_bytes(piece)
    room.run(job_id)
    assert room.progress.resumed_bytes == 0
    assert read_back(room.folder / "Game.zso") == b"".join(path.read_bytes() for path in paths)


def test_a_verification_stores_a_digest_of_the_whole(room: Room) -> None:
    write_parts(room.folder)
    room.run(room.add(TaskKind.VERIFY, None))
    facts = [(room.folder / name).stat() for name in ISO_NAMES]
    first = room.folder / ISO_NAMES[0]
    (known,) = room.store.digests.of(first, FileIdentity.of_set(first, facts))
    assert known.size_bytes == len(IMAGE)


def test_a_job_without_a_part_fails_with_its_name(room: Room) -> None:
    write_parts(room.folder)[1].unlink()
    with pytest.raises(SplitImageError, match=ISO_NAMES[1]):
        room.run(room.add())

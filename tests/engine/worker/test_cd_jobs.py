"""Jobs that convert a CD to files, begun again after a kill: what an earlier run has published or put away counts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from disc_files import expected_files, files_in
from queued_jobs import job_request
from raw_discs import SHORT, write_chd

from discpress.engine.errors import ConflictError
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import JsonValue
from discpress.engine.store.store import Store
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

FILES = expected_files("Game.cue", SHORT)
SIZES = ("output", "source_bytes", "packed_bytes", "trashed")


class Room:
    """A store, its queue, and a CHD of a CD in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "[b]"
        self.folder.mkdir()
        self.path = write_chd(self.folder / "Game.chd", SHORT)
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)

    def add(self, *, trash_source: bool = False, checksums: tuple[str, ...] = ()) -> int:
        request = ConversionRequest(
            ImageFormat.ISO, unpacks=True, trash_source=trash_source, accept_incomplete=True, digests=checksums
        )
        parameters: dict[str, JsonValue] = {"checksums": [*checksums]} if checksums else {}
        (job_id,) = self.queue.add([job_request(TaskKind.CONVERT, self.path, request, parameters=parameters)])
        return job_id

    def run(self, job_id: int) -> Outcome:
        """Do a job once more, as after a kill."""
        assert self.queue.start(job_id)
        turn = Turn(self.queue.job(job_id), self.queue, self.store, 2, Control(), Progress())
        try:
            return run_job(turn)
        finally:
            self.queue.suspend(job_id)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.store.close()


def test_a_job_writes_all_files_and_lists_them(room: Room) -> None:
    done = room.run(room.add())
    assert files_in(room.folder).items() >= FILES.items()
    assert done.result["output_files"] == [str(room.folder / name) for name in FILES]
    assert done.result["packed_bytes"] == sum(map(len, FILES.values()))


def test_files_that_are_published_count_when_the_job_begins_again(room: Room) -> None:
    job_id = room.add(checksums=("sha1",))
    room.run(job_id)
    JobCheckpointStore(room.queue, job_id).begin(room.folder / "Game.cue")
    (room.folder / "Game.cue.sha1").unlink()
    before = {name: (room.folder / name).stat().st_ino for name in FILES}
    room.run(job_id)
    assert {name: (room.folder / name).stat().st_ino for name in FILES} == before
    lines = (room.folder / "Game.cue.sha1").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == [name for name in FILES if name.endswith(".bin")]


def test_a_published_file_that_was_changed_is_in_the_way(room: Room) -> None:
    job_id = room.add()
    room.run(job_id)
    JobCheckpointStore(room.queue, job_id).begin(room.folder / "Game.cue")
    (room.folder / "Game (Track 2).bin").write_bytes(b"mine")
    with pytest.raises(ConflictError):
        room.run(job_id)
    assert (room.folder / "Game (Track 2).bin").read_bytes() == b"mine"


def test_an_original_that_is_put_away_counts_when_the_job_begins_again(room: Room) -> None:
    job_id = room.add(trash_source=True)
    first = room.run(job_id)
    assert not room.path.exists()
    again = room.run(job_id)
    assert [again.result[name] for name in SIZES] == [first.result[name] for name in SIZES]

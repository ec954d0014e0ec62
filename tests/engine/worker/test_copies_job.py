"""Copies of a disc that a job moves to the trash, because the user keeps another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import write_old
from fault_injection import flip_byte
from memory_cds import ps2_disc
from queued_jobs import job_request
from sample_images import convert_image

from discpress.engine.cli.queue.views import name_of
from discpress.engine.config import Config
from discpress.engine.convert.trash.listing import entries_in
from discpress.engine.convert.trash.undo import undo
from discpress.engine.errors import CancelledError, DiscpressError, TrashError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.library.duplicates import choose_kept, find_copies, users_of_files
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.record_digests import decode_whole, save_decoded
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import DuplicatesTask
from discpress.engine.queue.titles.duplicates import duplicates_request
from discpress.engine.queue.titles.records import library_in
from discpress.engine.store.store import Store
from discpress.engine.worker.job_paths import places_of
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

DVD = ps2_disc("SLUS_203.12", kib=200)
ISO, ZSO, CSO = "Okami [t-en by X] [red].iso", "Okami.zso", "Okami.cso"


class KilledError(BaseException):
    """Stands for a kill at one moment."""


class Room:
    """A disc as ISO, ZSO and CSO, all decoded once, a store and its queue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "[b]"
        iso = write_old(self.folder / ISO, DVD)
        for name, image_format in ((ZSO, ImageFormat.ZSO), (CSO, ImageFormat.CSO)):
            path = self.folder / name
            convert_image(iso, path, image_format, level=1)
            write_old(path, path.read_bytes())
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)
        for _ in refresh(self.store, [self.folder], lambda: None):
            pass
        for name in (ISO, ZSO, CSO):
            with open_image(self.folder / name) as image:
                found = decode_whole(image, 1, Control(), Progress()).decoded
            assert found is not None
            save_decoded(self.store, self.folder / name, found)

    def add(self, kept: str) -> int:
        titles, states = library_in(self.store, Config(), [self.folder])
        (copies,) = find_copies(titles, states)
        title = next(each for each in copies.titles if each.path.name == kept)
        choice = choose_kept(copies, title, users_of_files(titles, [copies]), states)
        (number,) = self.queue.add([duplicates_request(choice, "Okami")])
        return number

    def run(self, number: int, control: Control | None = None) -> Outcome:
        assert self.queue.start(number)
        try:
            job = self.queue.job(number)
            return run_job(Turn(job, self.queue, self.store, 2, control or Control(), Progress()))
        finally:
            self.queue.suspend(number)

    @property
    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.is_file())

    @property
    def known(self) -> set[str]:
        return {title.path.name for title in self.store.titles()}

    def log(self, number: int) -> str:
        return "\n".join(self.queue.log(number))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.store.close()


@pytest.mark.slow
def test_the_others_move_after_the_kept_one_was_decoded_and_the_library_follows(room: Room) -> None:
    number = room.add(ZSO)
    job = room.queue.job(number)
    assert (name_of(job), job.path.name) == ("duplicates Okami and 2 more", ZSO)
    assert [place.folder for place in places_of(job)] == [room.folder, room.folder]
    done = room.run(number).result
    assert (done["done"], done["summary"]) == (2, "2 copies moved to the trash")
    assert room.names == [ZSO]
    assert room.known == {ZSO}
    entries = list(entries_in(room.folder))
    assert [entry.is_duplicate for entry in entries if not isinstance(entry, TrashError)] == [True, True]
    for entry in entries:
        assert not isinstance(entry, TrashError)
        undo(entry, 1, Control(), lambda kind, facts: None)
    assert (room.folder / ISO).read_bytes() == DVD


def test_nothing_moves_if_the_kept_copy_does_not_decode(room: Room) -> None:
    number = room.add(ZSO)
    flip_byte(room.folder / ZSO, 20_000)
    with pytest.raises(DiscpressError):
        room.run(number)
    assert room.names == sorted([ISO, ZSO, CSO])


@pytest.mark.slow
def test_a_copy_that_was_changed_stays_and_the_other_goes(room: Room) -> None:
    number = room.add(ZSO)
    write_old(room.folder / ISO, ps2_disc("SLUS_203.13", kib=200))
    with pytest.raises(TrashError, match=r"1 copy moved to the trash; 1 stays: .*does not decode to the same disc"):
        room.run(number)
    assert room.names == sorted([ISO, ZSO])
    assert f"{CSO}: in the trash; " in room.log(number)


def test_a_copy_that_a_conversion_works_on_stays(room: Room) -> None:
    number = room.add(ZSO)
    room.queue.add([job_request(TaskKind.CONVERT, room.folder / ISO)])
    with pytest.raises(TrashError, match="a job is working on it"):
        room.run(number)
    assert room.names == sorted([ISO, ZSO])


def test_a_run_after_a_kill_counts_what_is_moved_and_moves_the_rest(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = room.add(ZSO)

    def die(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(room.store, "append_journal", die)  # between the move and the entry of the journal
        with pytest.raises(KilledError):
            room.run(number)
    assert len(room.names) == 2
    assert room.run(number).result["done"] == 2
    assert room.names == [ZSO]
    assert room.known == {ZSO}


def test_a_stopped_job_moves_nothing_more(room: Room) -> None:
    control = Control()
    control.cancel()
    with pytest.raises(CancelledError):
        room.run(room.add(ISO), control)
    assert room.names == sorted([ISO, ZSO, CSO])


def test_a_copy_that_is_gone_without_an_entry_is_no_success(room: Room) -> None:
    number = room.add(ZSO)
    (room.folder / CSO).unlink()
    for _ in range(2):
        with pytest.raises(TrashError, match="1 stays"):
            room.run(number)
    assert isinstance(room.queue.job(number).task, DuplicatesTask)

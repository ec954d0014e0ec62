"""Each kind of job on real images, and what a job that is begun again finds finished."""

import contextlib
import dataclasses
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import write_old
from fault_injection import fail_with, names_in
from queued_jobs import job_request
from sample_images import compressible, incompressible, mixed, pack, read_back

from discpress.engine.convert.part.marker import make_marker
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.errors import (
    ConflictError,
    DamagedImageError,
    DiscpressError,
    StoreError,
    SuspendedError,
    UselessError,
    VerifyError,
)
from discpress.engine.formats import ImageFormat
from discpress.engine.measure import estimate
from discpress.engine.progress import Control, Progress, Stage
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.titles.records import TitleRecords
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.store import Store
from discpress.engine.system.files import FileIdentity
from discpress.engine.worker.checkpoint_store import JobCheckpointStore
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn, part_owner

SIZE = 1_000_000
ANY = ConversionRequest(target="any", level=1)


class Room:
    """A store, its queue, and images in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "games"
        self.folder.mkdir()
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)
        self.progress = Progress()

    def image(self, data: bytes | None = None, name: str = "game.iso") -> Path:
        return write_old(self.folder / name, mixed(SIZE) if data is None else data)

    def add(self, kind: TaskKind = TaskKind.CONVERT, name: str = "game.iso", **facts: Any) -> int:
        facts = {"request": ANY if kind is TaskKind.CONVERT else None} | facts
        (job_id,) = self.queue.add([job_request(kind, self.folder / name, **facts)])
        return job_id

    def start(self, job_id: int) -> Job:
        assert self.queue.start(job_id)
        return self.queue.job(job_id)

    def run(self, job_id: int, control: Control | None = None) -> Outcome:
        """Do a job once more."""
        self.progress = Progress()
        job = self.start(job_id)
        try:
            outcome = run_job(Turn(job, self.queue, self.store, 2, control or Control(), self.progress))
        except DiscpressError:
            self.queue.suspend(job_id)
            raise
        self.queue.suspend(job_id)
        return outcome

    def names(self) -> list[str]:
        return [name for name in names_in(self.folder) if not name.startswith(".discpress-trash")]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.store.close()


# Each kind.


def test_a_conversion_says_what_came_out(room: Room) -> None:
    room.image()
    done = room.run(room.add())
    output_path = room.folder / "game.zso"
    assert (done.result["output"], done.result["packed_bytes"]) == (str(output_path), output_path.stat().st_size)
    assert (done.result["verified"], done.result["original_bytes"], done.skipped) == (True, SIZE, "")


def test_the_log_of_a_conversion_says_that_the_control_group_limits_its_threads(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.convert.running.threads.memory_left", lambda: 0)
    room.image()
    room.run(job_id := room.add())
    assert room.queue.log(job_id)[-1].endswith("1 of 2 threads pack: the control group leaves 0 B of memory")


def test_a_conversion_says_how_much_smaller_its_result_is(room: Room) -> None:
    path = room.image()
    done = room.run(room.add())
    assert done.result["saving_bytes"] == SIZE - path.with_suffix(".zso").stat().st_size


def test_a_refusal_of_the_file_system_stands_in_the_log(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.image()
    job_id = room.add()
    monkeypatch.setattr(os, "utime", fail_with(errno.EPERM))
    room.run(job_id)
    assert [line for line in room.queue.log(job_id) if line.startswith("cannot set the time of the result: ")]


def test_a_conversion_decodes_to_its_source(room: Room) -> None:
    path = room.image()
    room.run(room.add())
    assert read_back(path.with_suffix(".zso")) == path.read_bytes()


def test_a_conversion_notes_itself_in_the_journal(room: Room) -> None:
    room.image()
    job_id = room.add()
    room.run(job_id)
    (entry,) = room.store.journal_entries()
    assert (entry.kind, entry.payload["job"]) == ("published", job_id)


def test_a_conversion_may_go_elsewhere(room: Room) -> None:
    room.image()
    room.run(room.add(output_folder=room.folder / "out"))
    assert room.names() == ["game.iso", "out", "out/game.zso"]


def test_a_conversion_to_the_trash_moves_its_source(room: Room) -> None:
    room.image()
    done = room.run(room.add(request=dataclasses.replace(ANY, trash_source=True)))
    assert room.names() == ["game.zso"]
    assert Path(str(done.result["trashed"])).read_bytes() == mixed(SIZE)


@pytest.mark.parametrize("is_forced", [False, True])
def test_what_does_not_shrink_is_left_unless_forced(is_forced: bool, room: Room) -> None:
    room.image(incompressible(SIZE))
    job_id = room.add(force=is_forced)
    if is_forced:
        room.run(job_id)
    else:
        with pytest.raises(UselessError):
            room.run(job_id)
    assert room.names() == ["game.iso", "game.zso"][: 1 + is_forced]


def test_a_small_image_is_packed_once_and_not_estimated_before(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate, "estimate", None)
    room.image()
    room.run(room.add())
    assert room.names() == ["game.iso", "game.zso"]


def test_what_hardly_shrinks_is_left_with_the_saving_as_the_reason(room: Room) -> None:
    room.image(incompressible(SIZE - SIZE // 50) + bytes(SIZE // 50))
    with pytest.raises(UselessError, match=r"it would shrink by only 1\.\d %: less than 3 % is not worth it"):
        room.run(room.add())
    assert room.names() == ["game.iso"]


def test_a_name_that_is_taken_is_an_error(room: Room) -> None:
    room.image()
    room.image(b"in the way", "game.zso")
    with pytest.raises(ConflictError):
        room.run(room.add())


def test_a_name_that_is_taken_is_skipped_where_requested(room: Room) -> None:
    room.image()
    room.image(b"in the way", "game.zso")
    done = room.run(room.add(request=dataclasses.replace(ANY, on_conflict=OnConflict.SKIP)))
    assert "exists already" in done.skipped


def test_a_file_in_the_way_goes_to_the_trash_where_requested(room: Room) -> None:
    room.image()
    room.image(b"in the way", "game.zso")
    room.run(room.add(request=dataclasses.replace(ANY, on_conflict=OnConflict.OVERWRITE)))
    (trashed,) = room.folder.glob(".discpress-trash/*/1.kept")
    assert (trashed.read_bytes(), read_back(room.folder / "game.zso") == mixed(SIZE)) == (b"in the way", True)


def test_a_verification_gives_digests(room: Room) -> None:
    pack(room.folder / "game.zso", mixed(SIZE))
    done = room.run(room.add(TaskKind.VERIFY, "game.zso"))
    assert (done.result["original_bytes"], sorted(done.result)) == (SIZE, ["crc32", "original_bytes", "xxh3"])


def test_a_verification_compares_digests(room: Room) -> None:
    room.image()
    with pytest.raises(VerifyError, match="sha1"):
        room.run(room.add(TaskKind.VERIFY, parameters={"sha1": "0" * 40}))


def test_a_verification_does_not_compare_its_device(room: Room) -> None:
    room.image()
    assert room.run(room.add(TaskKind.VERIFY, parameters={"device": 1})).result["original_bytes"] == SIZE


def test_a_scan_counts_images_and_keeps_them(room: Room) -> None:
    room.image()
    room.image(compressible(SIZE), "other.iso")
    done = room.run(room.add(TaskKind.SCAN, "."))
    assert (done.result, len(room.store.titles())) == ({"images": 2, "problems": 0}, 2)


def test_an_estimate_bounds_the_result(room: Room) -> None:
    path = room.image()
    done = room.run(room.add(TaskKind.ESTIMATE, request=ANY))
    room.run(room.add())
    packed_bytes = path.with_suffix(".zso").stat().st_size
    assert int(str(done.result["low_bytes"])) <= packed_bytes <= int(str(done.result["high_bytes"]))


@pytest.mark.parametrize("data", [bytes(SIZE), b"no disc at all\n" * 60_000], ids=["zeros", "text"])
def test_the_original_of_an_image_of_no_disc_stays_and_the_log_says_why(room: Room, data: bytes) -> None:
    path = room.image(data)
    job_id = room.add(request=dataclasses.replace(ANY, trash_source=True), force=True)
    assert room.run(job_id).result["trashed"] is None
    assert (path.read_bytes(), read_back(path.with_suffix(".zso"))) == (data, data)
    assert any("the original stays where it is" in line for line in room.queue.log(job_id))


@pytest.mark.parametrize("kind", [TaskKind.VERIFY, TaskKind.DOCTOR, TaskKind.CONVERT])
def test_damage_of_a_file_from_the_future_is_no_older_than_the_file(kind: TaskKind, room: Room) -> None:
    path = pack(room.folder / "game.zso", mixed(SIZE))
    data = path.read_bytes()
    write_old(path, data[:-3000] + b"\xff" * 2000 + data[-1000:], age_s=-9 * 3600)
    request = ConversionRequest(ImageFormat.ISO) if kind is TaskKind.CONVERT else None
    with contextlib.suppress(DamagedImageError):
        room.run(room.add(kind, "game.zso", request=request))
    ((at, damage),) = TitleRecords(room.store).read().damaged.values()
    assert (at >= path.stat().st_mtime_ns / 1e9, bool(damage)) == (True, True)


def test_a_doctor_tells_damage_from_what_a_target_cannot_load(room: Room) -> None:
    path = pack(room.folder / "game.zso", mixed(SIZE), block_size=16384)
    unloadable = room.run(room.add(TaskKind.DOCTOR, "game.zso", request=ConversionRequest(target="opl"))).result
    path.write_bytes(b"\xaa" + path.read_bytes()[1:])
    damaged = room.run(room.add(TaskKind.DOCTOR, "game.zso", request=ConversionRequest(target="opl"))).result
    assert [(each["errors"], each["damaged"]) for each in (unloadable, damaged)] == [(1, 0), (1, 1)]
    assert "damage" not in unloadable
    assert damaged["damage"]


def test_a_doctor_counts_findings(room: Room) -> None:
    path = pack(room.folder / "game.zso", mixed(SIZE))
    with path.open("r+b") as file:
        file.seek(-5000, os.SEEK_END)
        file.write(bytes(3000))
    assert int(str(room.run(room.add(TaskKind.DOCTOR, "game.zso")).result["errors"])) > 0


def test_a_doctor_finds_nothing_in_a_sound_image(room: Room) -> None:
    pack(room.folder / "game.zso", mixed(SIZE))
    assert room.run(room.add(TaskKind.DOCTOR, "game.zso")).result["errors"] == 0


@pytest.mark.parametrize(
    "kind",
    [
        TaskKind.CONVERT,
        TaskKind.VERIFY,
        TaskKind.SCAN,
        TaskKind.ESTIMATE,
        TaskKind.DOCTOR,
        TaskKind.SEEK,
        TaskKind.THROUGHPUT,
    ],
)
def test_every_kind_can_be_suspended(kind: TaskKind, room: Room) -> None:
    room.image()
    pack(room.folder / "packed.zso", mixed(SIZE))
    control = Control()
    control.suspend()
    names = {TaskKind.SCAN: ".", TaskKind.DOCTOR: "packed.zso"}
    job_id = room.add(kind, names.get(kind, "game.iso"))
    with pytest.raises(SuspendedError):
        room.run(job_id, control)


# Begun again.


def begin(room: Room, **facts: Any) -> int:
    """Queue a job that a worker began and was killed over."""
    job_id = room.add(**facts)
    room.start(job_id)
    room.queue.suspend(job_id)
    return job_id


def finished_elsewhere(room: Room) -> bytes:
    """Publish what the job itself would have published before it was killed."""
    room.run(room.add())
    return (room.folder / "game.zso").read_bytes()


def begin_published(room: Room, **facts: Any) -> int:
    """Queue a job that a worker was killed over after it had published what `finished_elsewhere` did."""
    stored = room.queue.checkpoint(1)
    assert stored is not None
    job_id = begin(room, **facts)
    room.queue.save_checkpoint(job_id, stored.facts, stored.head)
    return job_id


def test_a_published_result_counts(room: Room) -> None:
    room.image()
    published = finished_elsewhere(room)
    done = room.run(begin_published(room))
    assert (done.result["output"], done.result["saving_bytes"]) == (
        str(room.folder / "game.zso"),
        SIZE - len(published),
    )


def test_a_published_result_is_not_written_again(room: Room) -> None:
    path = room.image()
    finished_elsewhere(room)
    before = FileIdentity.of(path.with_suffix(".zso").stat())
    room.run(begin_published(room))
    assert FileIdentity.of(path.with_suffix(".zso").stat()) == before


def test_at_the_first_start_a_published_result_is_in_the_way(room: Room) -> None:
    room.image()
    finished_elsewhere(room)
    with pytest.raises(ConflictError):
        room.run(room.add())


def test_a_file_that_is_not_the_result_does_not_count(room: Room) -> None:
    room.image()
    pack(room.folder / "game.zso", mixed(SIZE, seed=5))
    with pytest.raises(ConflictError):
        room.run(begin(room))


def test_after_a_published_result_the_source_goes_to_the_trash(room: Room) -> None:
    room.image()
    finished_elsewhere(room)
    room.run(begin_published(room, request=dataclasses.replace(ANY, trash_source=True)))
    assert ("game.iso" in room.names(), len(list(room.folder.glob(".discpress-trash/*/1.kept")))) == (False, 1)


def test_a_source_in_the_trash_already_counts(room: Room) -> None:
    room.image()
    job_id = room.add(request=dataclasses.replace(ANY, trash_source=True))
    first = room.run(job_id)
    again = room.run(job_id)
    figures = ("output", "source_bytes", "packed_bytes", "trashed")
    assert [again.result[name] for name in figures] == [first.result[name] for name in figures]


def test_a_source_that_is_nowhere_fails(room: Room) -> None:
    path = room.image()
    job_id = begin(room, request=dataclasses.replace(ANY, trash_source=True))
    path.unlink()
    with pytest.raises(DiscpressError):
        room.run(job_id)


def test_a_second_name_left_by_a_crash_is_dropped(room: Room) -> None:
    path = room.image()
    finished_elsewhere(room)
    output_path = path.with_suffix(".zso")
    part_path_of(output_path).hardlink_to(output_path)
    room.run(begin_published(room))
    assert room.names() == ["game.iso", "game.zso"]


def test_an_older_result_that_was_to_be_overwritten_does_not_count(room: Room) -> None:
    room.image()
    old = finished_elsewhere(room)
    request = ConversionRequest(target="any", level=12, on_conflict=OnConflict.OVERWRITE)
    room.run(begin(room, request=request))
    assert (room.folder / "game.zso").read_bytes() != old


def test_a_published_result_of_another_name_counts(room: Room) -> None:
    room.image()
    room.image(b"in the way", "game.zso")
    job_id = room.add(request=dataclasses.replace(ANY, on_conflict=OnConflict.RENAME))
    room.run(job_id)
    room.run(job_id)  # killed after it had published, before it could say so
    assert room.names() == ["game (2).zso", "game.iso", "game.zso"]


def test_a_published_result_counts_where_the_state_file_could_not_be_written_before(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.image()
    save = JobQueue.save_checkpoint

    def save_unless_sealed(queue: JobQueue, job_id: int, facts: Any, head: bytes) -> None:
        if "sealed" in facts:
            raise StoreError("database or disk is full")
        save(queue, job_id, facts, head)

    monkeypatch.setattr(JobQueue, "save_checkpoint", save_unless_sealed)
    job_id = room.add()
    room.run(job_id)  # published, and then it could not say so
    before = FileIdentity.of((room.folder / "game.zso").stat())
    done = room.run(job_id)
    assert done.result["output"] == str(room.folder / "game.zso")
    assert FileIdentity.of((room.folder / "game.zso").stat()) == before


@pytest.mark.slow
def test_a_part_of_this_job_is_taken_up(room: Room) -> None:
    path = room.image(mixed(3 * 1024 * 1024))
    job_id = room.add()

    class Stopping(Control):
        """Stops at the second border of packing."""

        def check(self) -> None:
            if room.progress.stage is Stage.PACKING and room.progress.read_bytes >= 1024 * 1024:
                self.suspend()
            super().check()

    with pytest.raises(SuspendedError):
        room.run(job_id, Stopping())
    checkpoint = JobCheckpointStore(room.queue, job_id).load()
    assert checkpoint is not None
    room.run(job_id)
    assert read_back(path.with_suffix(".zso")) == path.read_bytes()


def test_a_checkpoint_comes_back_from_the_store_as_it_was(room: Room) -> None:
    room.image(mixed(3 * 1024 * 1024))
    job_id = room.add()
    checkpoint_store = JobCheckpointStore(room.queue, job_id)
    assert checkpoint_store.load() is None
    checkpoint = example_checkpoint()
    checkpoint_store.save(checkpoint)
    assert checkpoint_store.load() == checkpoint


def example_checkpoint() -> Any:
    from discpress.engine.convert.checkpoint import Checkpoint

    return Checkpoint(1 << 20, 9000, 512, 1, 0xFFFFFFFF, (2**64 - 1, 2**63, 5, -1, 2**62), "zso", bytes(4096))


@pytest.mark.parametrize("facts", [{}, {"identity": 5}, {"identity": [1], "unknown": 2}, {"identity": None}], ids=str)
def test_a_checkpoint_of_another_version_counts_as_none(facts: dict[str, Any], room: Room) -> None:
    room.image()
    job_id = room.add()
    room.queue.save_checkpoint(job_id, facts, bytes(4096))
    assert JobCheckpointStore(room.queue, job_id).load() is None


def test_parts_of_two_queues_differ(room: Room) -> None:
    room.image()
    first = room.queue.job(room.add())
    other = first._replace(created_at=first.created_at + 1)
    assert part_owner(first) != part_owner(other)


def test_a_part_of_another_run_is_begun_anew(room: Room) -> None:
    path = room.image()
    marker = make_marker("another", path, FileIdentity.of(path.stat()))
    part_path_of(path.with_suffix(".zso")).write_bytes(marker)
    room.run(room.add())
    assert room.names() == ["game.iso", "game.zso"]

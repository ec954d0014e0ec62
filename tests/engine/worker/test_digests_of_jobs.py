"""Every full decode of a job leaves its digests, with their grade, for the very file that was decoded."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import xxhash
from command_line import write_old
from queued_jobs import job_request
from sample_images import mixed, pack

from discpress.engine.convert.verify import digest_checked
from discpress.engine.errors import SourceChangedError, VerifyError
from discpress.engine.images.zso_cso.header import HEADER_SIZE
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import Store
from discpress.engine.system.filesystems import mount_name
from discpress.engine.worker.job_paths import AwayError, check_output
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Turn

DISC = mixed(600_000, seed=5)
XXH3 = xxhash.xxh3_128(DISC).hexdigest()


class Room:
    """A store, its queue, and an image as ISO and as ZSO."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "games [b]"
        self.iso = write_old(self.folder / "Okami [t-en by X] [red].iso", DISC)
        self.zso = pack(self.folder / "packed.zso", DISC)
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)

    def job(self, kind: TaskKind, path: Path, **facts: Any) -> Job:
        (number,) = self.queue.add([job_request(kind, path, **facts)])
        self.queue.start(number)
        return self.queue.job(number)

    def run(self, kind: TaskKind, path: Path, **facts: Any) -> None:
        job = self.job(kind, path, **facts)
        run_job(Turn(job, self.queue, self.store, 2, Control(), Progress()))

    def digests(self, path: Path, at: Path | None = None) -> list[Digests]:
        return self.store.digests.of(path, FileIdentity.at(at or path))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.store.close()


def check(found: list[Digests]) -> None:
    (digests,) = found
    assert (digests.grade, digests.xxh3, digests.size_bytes) == (Grade.DECODED, XXH3, len(DISC))
    assert len(digests.fingerprint) == 32


def test_a_verification(room: Room) -> None:
    room.run(TaskKind.VERIFY, room.zso)
    check(room.digests(room.zso))


@pytest.mark.parametrize("kind", [TaskKind.VERIFY, TaskKind.DOCTOR])
def test_a_file_that_decoded_to_other_bytes_before_is_damaged(kind: TaskKind, room: Room) -> None:
    room.run(TaskKind.VERIFY, room.zso)
    facts = room.zso.stat()
    (known,) = room.digests(room.zso)
    room.store.digests.save(room.zso, FileIdentity.at(room.zso), replace(known, xxh3="0" * 32))
    assert facts == room.zso.stat()
    job = room.job(kind, room.zso)
    if kind is TaskKind.VERIFY:
        with pytest.raises(VerifyError, match="its content changed, but not its size and time"):
            run_job(Turn(job, room.queue, room.store, 2, Control(), Progress()))
        return
    run_job(Turn(job, room.queue, room.store, 2, Control(), Progress()))
    assert any("its content changed" in line for line in room.queue.log(job.id))


def test_a_verification_with_sha1(room: Room) -> None:
    import hashlib

    sha1 = hashlib.sha1(DISC, usedforsecurity=False).hexdigest()
    room.run(TaskKind.VERIFY, room.zso, parameters={"sha1": sha1})
    assert room.digests(room.zso)[0].sha1 == sha1


def test_a_deep_examination(room: Room) -> None:
    room.run(TaskKind.DOCTOR, room.zso)
    check(room.digests(room.zso))


def test_a_deep_examination_of_a_damaged_file_leaves_none(room: Room) -> None:
    data = bytearray(room.zso.read_bytes())
    data[HEADER_SIZE] ^= 0xFF
    write_old(room.zso, bytes(data))
    room.run(TaskKind.DOCTOR, room.zso)
    assert room.digests(room.zso) == []


def test_a_conversion_leaves_those_of_source_and_result(room: Room) -> None:
    room.run(TaskKind.CONVERT, room.iso, request=ConversionRequest(target="any", level=1))
    check(room.digests(room.iso))
    check(room.digests(room.iso.with_suffix(".zso")))


def test_a_source_in_the_trash_keeps_them_for_an_undo(room: Room) -> None:
    room.run(TaskKind.CONVERT, room.iso, request=ConversionRequest(target="any", level=1, trash_source=True))
    (stored,) = room.folder.glob(".discpress-trash/*/1.kept")
    check(room.digests(room.iso, at=stored))


def test_a_result_that_was_not_decoded_has_none(room: Room) -> None:
    room.run(TaskKind.CONVERT, room.iso, request=ConversionRequest(target="any", level=1, verify=False))
    check(room.digests(room.iso))
    assert room.digests(room.iso.with_suffix(".zso")) == []


def test_a_file_that_changed_meanwhile_has_none(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    real = digest_checked

    def change(*arguments: Any, **options: Any) -> Any:
        found = real(*arguments, **options)
        write_old(room.zso, room.zso.read_bytes() + b"\0", age_s=99)
        return found

    monkeypatch.setattr("discpress.engine.convert.verify.digest_checked", change)
    with pytest.raises(SourceChangedError):
        room.run(TaskKind.VERIFY, room.zso)
    assert room.digests(room.zso) == []


# The disk of the output.


def output_job(room: Room, **parameters: Any) -> Job:
    return room.job(TaskKind.CONVERT, room.iso, output_folder=room.folder, parameters=parameters)


def test_an_output_on_a_disk_that_is_mounted_again_is_not_away(room: Room) -> None:
    device = room.folder.stat().st_dev + 7
    check_output(output_job(room, output_device=device, output_mount=mount_name(room.folder)))


def test_an_output_whose_disk_is_not_mounted_is_away(room: Room) -> None:
    device = room.folder.stat().st_dev + 7
    with pytest.raises(AwayError):
        check_output(output_job(room, output_device=device, output_mount=str(room.folder)))


@pytest.mark.parametrize(("mount", "is_away"), [("/", True), ("/mnt/share", False)])
def test_a_job_of_the_version_before_waits_if_nothing_is_mounted_there(
    mount: str, is_away: bool, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.worker.job_paths.mount_name", lambda path: mount)
    job = output_job(room, output_device=room.folder.stat().st_dev + 7)
    if is_away:
        with pytest.raises(AwayError):
            check_output(job)
    else:
        check_output(job)

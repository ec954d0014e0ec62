"""Jobs on images in archives: queued by their address, done and waited for like any other."""

import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_STORED

import pytest
from archive_files import CRC32, patch_directory, u32, write_zip
from queued_jobs import job_request
from sample_images import GOLDEN, mixed, read_back

from discpress.engine.errors import DamagedImageError, UselessError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.open import open_image
from discpress.engine.measure.estimate import Advice, estimate
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.background import BackgroundTask
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import GridTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.store import Store
from discpress.engine.worker.job_paths import source_is_away
from discpress.engine.worker.run_background import run_background_task
from discpress.engine.worker.run_job import run_job
from discpress.engine.worker.turn import Outcome, Turn

DISC = mixed(1_000_000, seed=50)
PSP = (GOLDEN / "psp.iso").read_bytes()
ANY = ConversionRequest(target="any", level=1)


class Room:
    """A store, its queue, and an archive of two images."""

    def __init__(self, folder: Path) -> None:
        self.path = write_zip(folder / "games" / "games.zip", {"game.iso": DISC, "psp.iso": PSP})
        os.utime(self.path, (1_000_000_000, 1_000_000_000))
        self.store = Store(folder / "state")
        self.queue = JobQueue(self.store)

    def job(
        self, kind: TaskKind = TaskKind.CONVERT, name: str = "game.iso", request: ConversionRequest | None = ANY
    ) -> Job:
        parameters: dict[str, Any] = {"device": self.path.stat().st_dev, "archive": str(self.path)}
        (job_id,) = self.queue.add([job_request(kind, self.path / name, request, parameters=parameters)])
        assert self.queue.start(job_id)
        return self.queue.job(job_id)

    def run(self, job: Job) -> Outcome:
        return run_job(Turn(job, self.queue, self.store, 2, Control(), Progress()))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.store.close()


def test_a_conversion_writes_beside_the_archive(room: Room) -> None:
    outcome = room.run(room.job())
    assert outcome.result["output"] == str(room.path.parent / "game.zso")
    assert read_back(room.path.parent / "game.zso") == DISC


def test_a_conversion_counts_with_the_share_of_the_archive(room: Room) -> None:
    outcome = room.run(room.job(name="psp.iso"))
    share = outcome.result["source_bytes"]
    assert isinstance(share, int)
    assert 0 < share < room.path.stat().st_size
    assert outcome.result["saving_bytes"] == share - int(str(outcome.result["packed_bytes"]))


def test_what_nobody_asked_for_by_name_is_skipped_if_its_archive_is_smaller(room: Room) -> None:
    with pytest.raises(UselessError, match="its archive is smaller"):
        room.run(room.job(name="psp.iso", request=dataclasses.replace(ANY, skip_useless=True)))
    assert not (room.path.parent / "psp.zso").exists()


def test_a_smaller_result_out_of_an_archive_is_written(room: Room) -> None:
    path = write_zip(room.path.with_name("stored.zip"), {"game.iso": DISC}, method=ZIP_STORED)
    room.path = path
    outcome = room.run(room.job(request=dataclasses.replace(ANY, skip_useless=True)))
    assert (outcome.skipped, (path.parent / "game.zso").exists()) == ("", True)


def test_a_conversion_out_of_an_archive_is_not_skipped_for_its_size(room: Room) -> None:
    """LZ4 packs less than the ZIP did; yet nothing plays a ZIP."""
    outcome = room.run(room.job(name="psp.iso"))
    saving = outcome.result["saving_bytes"]
    assert isinstance(saving, int)
    assert (outcome.skipped, saving < 0) == ("", True)


def test_an_archive_that_was_moved_to_the_trash_by_a_killed_run_is_found_there(room: Room, tmp_path: Path) -> None:
    write_zip(room.path, {"game.iso": DISC})
    os.utime(room.path, (1_000_000_000, 1_000_000_000))
    job = room.job(request=ConversionRequest(target="any", level=1, trash_source=True))
    assert room.run(job).result["trashed"]
    room.queue.suspend(job.id)
    assert room.queue.start(job.id)
    again = room.run(room.queue.job(job.id))
    assert again.result["output"] == str(room.path.parent / "game.zso")


def test_a_verification_compares_with_the_archive(room: Room) -> None:
    job = room.job(TaskKind.VERIFY, request=None)
    assert room.run(job).result["original_bytes"] == len(DISC)
    patch_directory(room.path, 0, CRC32, u32(7))
    with pytest.raises(DamagedImageError, match="the archive was made with 00000007"):
        room.run(job)


def test_an_examination_decodes_the_image_in_the_archive(room: Room) -> None:
    job = room.job(TaskKind.DOCTOR, request=None)
    assert room.run(job).result["errors"] == 0
    patch_directory(room.path, 0, CRC32, u32(7))
    assert room.run(job).result["errors"] == 1


def test_an_estimate_is_kept_for_the_image_and_not_for_its_archive(room: Room) -> None:
    room.run(room.job(TaskKind.ESTIMATE))
    archive = FileIdentity.at(room.path)
    assert room.store.estimates_of(archive) == []
    sizes = [info.compress_size for info in infos(room.path)]
    kept = room.store.estimates_of(archive.in_archive(1, sizes[0]))
    assert [each.original_bytes for each in kept] == [len(DISC)]


def infos(path: Path) -> list[Any]:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return archive.infolist()


@pytest.mark.slow
def test_a_table_of_estimates_is_kept_for_the_image(room: Room) -> None:
    run_background_task(BackgroundTask(GridTask(ANY), room.path / "psp.iso", 1, 0.0), room.store, 2, Control())
    size = infos(room.path)[1].compress_size
    identity = FileIdentity.at(room.path).in_archive(2, size)
    assert len(room.store.estimates_of(identity)) > 10


def test_the_digests_of_a_conversion_are_kept_for_the_image(room: Room) -> None:
    outcome = room.run(room.job())
    size = infos(room.path)[0].compress_size
    (known,) = room.store.digests.of(room.path / "game.iso", FileIdentity.at(room.path).in_archive(1, size))
    assert known.xxh3 == outcome.result["xxh3"]


def test_a_folder_that_is_away_is_told_from_an_archive_that_is_gone(room: Room) -> None:
    job = room.job()
    assert job.file_path == room.path
    assert not source_is_away(job)
    room.path.unlink()
    assert not source_is_away(job)
    shutil.rmtree(room.path.parent)
    assert source_is_away(job)


def test_an_estimate_does_not_advise_against_what_nothing_plays_in_an_archive(room: Room) -> None:
    with open_image(room.path / "game.iso") as image:
        found = estimate(image, Settings(ImageFormat.ZSO), random=Random(1), threads=2)
    assert found.advice is Advice.CONVERT

"""Sources that nod-rs does not read: unpacked next to the result first, proven, and gone after whatever happens."""

import errno
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import fault_injection as faults
import nintendo_discs as discs
import pytest
from sample_images import write_image

from discpress.engine.convert.part import part
from discpress.engine.convert.part.name import window_path
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import check_room
from discpress.engine.errors import CancelledError, DamagedImageError, FileLimitError, PartError, SpaceError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import write_all
from discpress.engine.system.filesystems import FileSystem

pytest.importorskip("nod_rs")
pytestmark = pytest.mark.slow

DISC = discs.small_disc()
NAME = "Okami [t-en by X] [red]"
RVZ = ImageFormat.RVZ
FOR_RVZ = ConversionRequest(format=RVZ, target="any")


@pytest.fixture
def source_path(tmp_path: Path) -> Path:
    """A ZSO of the disc, in a folder of its own."""
    iso_path = write_image(tmp_path / "iso" / f"{NAME}.iso", DISC)
    source_path = tmp_path / "[b]" / f"{NAME}.zso"
    source_path.parent.mkdir()
    faults.run_conversion(iso_path, source_path, format=ImageFormat.ZSO)
    return source_path


def convert(source_path: Path, **options: Any) -> Path:
    done = faults.run_conversion(source_path, format=RVZ, **options)
    assert (done.is_verified, done.digests.size_bytes) == (True, done.plan.original_bytes)
    return done.plan.output_path


def decoded(path: Path) -> bytes:
    with open_image(path) as image:
        return image.read_at(0, image.size)


def test_a_zso_becomes_an_rvz_in_one_job(source_path: Path) -> None:
    assert decoded(convert(source_path)) == DISC
    assert faults.names_in(source_path.parent) == [f"{NAME}.rvz", f"{NAME}.zso"]


def test_a_chd_becomes_an_rvz(tmp_path: Path) -> None:
    iso_path = write_image(tmp_path / "a.iso", DISC)
    chd_path = faults.run_conversion(iso_path, format=ImageFormat.CHD).plan.output_path
    assert decoded(convert(chd_path)) == DISC


def test_an_iso_in_a_zip_becomes_an_rvz(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "games.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{NAME}.iso", DISC)
    assert decoded(convert(tmp_path / "games.zip" / f"{NAME}.iso")) == DISC


def test_a_gcz_with_small_blocks_becomes_an_rvz(tmp_path: Path) -> None:
    path = convert(discs.write_golden(tmp_path, "gc.wit.gcz"))
    assert discs.sha1_of(decoded(path)) == discs.DISC_SHA1


def test_the_plan_names_the_space(source_path: Path) -> None:
    plan = plan_conversion(source_path, None, None, FOR_RVZ)
    assert "it is unpacked next to the result first, which takes 1 MiB there meanwhile" in plan.notices
    iso = plan_conversion(source_path.parents[1] / "iso" / f"{NAME}.iso", None, None, FOR_RVZ)
    assert not any("unpacked" in notice for notice in iso.notices)


def test_the_space_is_checked_before_the_work(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_conversion(source_path, None, None, FOR_RVZ)
    monkeypatch.setattr("discpress.engine.convert.preflight.free_bytes", lambda folder: plan.worst_bytes + 1000)
    monkeypatch.setattr("discpress.engine.convert.preflight.disk_bytes", lambda folder: 0)
    with pytest.raises(SpaceError, match=r"output up to .*, 1 MiB for the unpacked source"):
        convert(source_path)
    assert faults.names_in(source_path.parent) == [f"{NAME}.zso"]


def test_a_fat_file_system_that_cannot_take_it_is_named(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discpress.engine.convert.preflight.filesystem_of", lambda path: FileSystem("vfat", path, ""))
    plan = plan_conversion(source_path, None, None, FOR_RVZ)
    with pytest.raises(FileLimitError, match="the source is unpacked here first"):
        check_room(plan, 0, 1000, 5 << 30)


def test_a_full_disk_is_named_and_leaves_nothing(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: Any, offset: int) -> None:
        if offset > 100_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(fd, data, offset)

    monkeypatch.setattr(part, "write_all", full)
    with pytest.raises(SpaceError, match="No space left on device"):
        convert(source_path)
    assert faults.names_in(source_path.parent) == [f"{NAME}.zso"]


def test_a_damaged_source_is_named(source_path: Path) -> None:
    faults.flip_byte(source_path, source_path.stat().st_size - 5000)
    with pytest.raises(DamagedImageError, match=r"\[red\]\.zso: "):
        convert(source_path)
    assert faults.names_in(source_path.parent) == [f"{NAME}.zso"]


def test_a_stop_while_it_is_unpacked_leaves_nothing(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control = Control()
    faults.at_chunk(monkeypatch, 1, control.cancel)
    with pytest.raises(CancelledError):
        convert(source_path, control=control)
    assert faults.names_in(source_path.parent) == [f"{NAME}.zso"]


def test_the_original_goes_to_the_trash_after_the_proof(source_path: Path) -> None:
    os.utime(source_path, (1_000_000_000, 1_000_000_000))
    convert(source_path, trash_source=True)
    assert not source_path.exists()


_PROGRAM = """
import os, signal, sys
from pathlib import Path
import fault_injection as faults
from discpress.engine.images.nintendo.writer import NintendoLayout

def kill(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

NintendoLayout.pack = kill
faults.run_conversion(Path(sys.argv[1]), format="rvz")
"""


@pytest.mark.e2e
def test_the_unpacked_file_of_a_killed_run_is_removed_by_the_next(source_path: Path) -> None:
    words = [sys.executable, "-c", _PROGRAM, str(source_path)]
    support = str(Path(faults.__file__).parent)
    done = subprocess.run(words, env={"PYTHONPATH": support}, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    unpacked_path = faults.part_of(window_path(source_path.parent, source_path))
    assert unpacked_path.read_bytes() == DISC
    assert decoded(convert(source_path)) == DISC
    assert faults.names_in(source_path.parent) == [f"{NAME}.rvz", f"{NAME}.zso"]


def test_a_file_of_others_with_its_name_stays(source_path: Path) -> None:
    unpacked_path = faults.part_of(window_path(source_path.parent, source_path))
    unpacked_path.write_bytes(DISC[:-1] + b"!")
    with pytest.raises(PartError, match="was not written by discpress"):
        convert(source_path)
    assert unpacked_path.read_bytes() == DISC[:-1] + b"!"

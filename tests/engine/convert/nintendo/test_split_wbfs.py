"""A WBFS in parts: `.wbfs`, `.wbf1` and so on, proven and published as a set; a kill leaves nothing unknown."""

import os
from pathlib import Path
from typing import Any

import fault_injection as faults
import nintendo_discs as discs
import pytest
from command_line import write_old

from discpress.engine.convert.conversion import Conversion
from discpress.engine.convert.nintendo import split_files
from discpress.engine.convert.nintendo.split_files import PART_BYTES, count_parts
from discpress.engine.convert.part import new_part, split_part
from discpress.engine.convert.part.part import PartFile
from discpress.engine.errors import ConflictError, PartError, StorageError, VerifyError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.open import open_image
from discpress.engine.request import OnConflict
from discpress.engine.system.filesystems import FileSystem
from discpress.engine.units import GIB, MIB

DISC = discs.wii_disc()
NAME = "Okami [t-en by X] [red].iso"
PARTS = ["Okami [t-en by X] [red].wbf1", "Okami [t-en by X] [red].wbf2", "Okami [t-en by X] [red].wbfs"]
SMALL_PART = 3 * MIB - 32 * 1024
"""The disc takes 8 MiB as a WBFS."""

pytestmark = pytest.mark.slow


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nod_rs")
    monkeypatch.setattr(split_files, "PART_BYTES", SMALL_PART)
    monkeypatch.setattr(new_part, "PART_BYTES", SMALL_PART)


@pytest.fixture
def source_path(tmp_path: Path, small_parts: None) -> Path:
    return write_old(tmp_path / NAME, DISC)


def convert(source_path: Path, **options: Any) -> Conversion:
    output_path = source_path.with_suffix(".wbfs")
    return faults.run_conversion(source_path, output_path, target="usbloadergx", level=None, **options)


def test_the_parts_are_proven_and_read_as_one(source_path: Path) -> None:
    done = convert(source_path)
    folder = source_path.parent
    assert faults.names_in(folder) == sorted([NAME, *PARTS])
    sizes = [path.stat().st_size for path in done.plan.output_paths]
    assert (sizes[:2], sum(sizes), done.packed_bytes) == ([SMALL_PART] * 2, 8 * MIB, 8 * MIB)
    assert (done.is_verified, done.plan.part_count) == (True, 3)
    with open_image(done.plan.output_path) as image:
        assert image.read_at(0, image.size) == DISC


def test_the_joined_parts_are_the_file_that_is_not_split(source_path: Path, tmp_path: Path) -> None:
    parts = convert(source_path).plan.output_paths
    whole = faults.run_conversion(source_path, tmp_path / "whole.wbfs", format=ImageFormat.WBFS).plan.output_path
    assert b"".join(path.read_bytes() for path in parts) == whole.read_bytes()


def test_unneeded_parts_leave_nothing(source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_files, "PART_BYTES", 9 * MIB)
    monkeypatch.setattr(new_part, "PART_BYTES", 9 * MIB)
    done = convert(source_path)
    assert (done.plan.part_count, faults.names_in(source_path.parent)) == (1, sorted([NAME, PARTS[2]]))


@pytest.mark.parametrize(
    ("kind", "target", "name", "most_bytes", "count"),
    [
        ("ext4", "usbloadergx", "a.wbfs", 8 * GIB, 3),
        ("ext4", "usbloadergx", "a.wbfs", PART_BYTES, 0),
        ("ext4", "usbloadergx", "a.WBFS", PART_BYTES + 1, 2),
        ("ext4", "usbloadergx", "a.bin", 8 * GIB, 0),
        ("ext4", "dolphin", "a.wbfs", 8 * GIB, 0),
        ("vfat", "dolphin", "a.wbfs", 8 * GIB, 3),
        ("exfat", "dolphin", "a.wbfs", 8 * GIB, 0),
    ],
)
def test_a_wbfs_is_split_for_the_loader_and_on_fat32(
    kind: str, target: str, name: str, most_bytes: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(split_files, "filesystem_of", lambda folder: FileSystem(kind, folder, ""))
    settings = Settings(ImageFormat.WBFS, target=target)
    assert count_parts(settings, tmp_path / "new" / name, most_bytes) == count
    assert count_parts(Settings(ImageFormat.GAMECUBE_CISO, target=target), tmp_path / name, most_bytes) == 0


@pytest.mark.parametrize("name", PARTS)
def test_a_file_with_the_name_of_any_part_is_in_the_way(name: str, source_path: Path) -> None:
    source_path.with_name(name).write_bytes(b"mine")
    with pytest.raises(ConflictError, match="exists already"):
        convert(source_path)
    assert source_path.with_name(name).read_bytes() == b"mine"
    assert faults.names_in(source_path.parent) == sorted([NAME, name])


def test_all_files_in_the_way_are_overwritten_as_a_set(source_path: Path) -> None:
    for name in PARTS:
        source_path.with_name(name).write_bytes(b"mine")
    done = convert(source_path, on_conflict=OnConflict.OVERWRITE)
    assert done.overwritten is not None
    assert len(done.overwritten.file_paths) == 3
    with open_image(done.plan.output_path) as image:
        assert image.read_at(0, image.size) == DISC


def test_the_original_goes_to_the_trash_for_all_parts(source_path: Path) -> None:
    done = convert(source_path, trash_source=True, accept_incomplete=True)
    assert done.trashed is not None
    assert [Path(each.path).name for each in done.trashed.replacements] == [PARTS[2], *PARTS[:2]]


@pytest.mark.parametrize("number", [0, 2])
def test_a_byte_that_the_disk_changes_in_any_part_is_found(
    number: int, source_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = split_part.SplitPart.sync

    def damage(self: split_part.SplitPart) -> None:
        real(self)
        fd, at = self._parts[number].fd, (2_500_000, 100_000, 50_000)[number]
        os.pwrite(fd, bytes([os.pread(fd, 1, at)[0] ^ 1]), at)

    monkeypatch.setattr(split_part.SplitPart, "sync", damage)
    with pytest.raises(VerifyError):
        convert(source_path)
    assert faults.names_in(source_path.parent) == [NAME]


@pytest.mark.parametrize("fails", [2, 3])
def test_a_failed_publication_leaves_no_part(fails: int, source_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = PartFile.publish, [0]

    def publish(self: PartFile, *, comes_back: bool = False) -> object:
        calls[0] += 1
        if calls[0] == fails:
            raise StorageError("the disk is gone")
        return real(self, comes_back=comes_back)

    monkeypatch.setattr(PartFile, "publish", publish)
    with pytest.raises(StorageError, match="the disk is gone"):
        convert(source_path)
    assert faults.names_in(source_path.parent) == [NAME]


def test_a_part_that_is_none_of_ours_stays(source_path: Path) -> None:
    path = faults.part_of(source_path.with_name(PARTS[0]))
    path.write_bytes(b"mine" * 2000)
    with pytest.raises(PartError, match="was not written by discpress"):
        convert(source_path)
    assert path.read_bytes() == b"mine" * 2000
    assert faults.names_in(source_path.parent) == sorted([NAME, path.name])

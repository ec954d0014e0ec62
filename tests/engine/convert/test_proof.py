"""The proof: what was written is read back, decoded whole and compared with what was read (Safety rule 1)."""

import mmap
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
from sample_images import incompressible, mixed, write_image

from discpress.engine.convert import packing, verify
from discpress.engine.convert.digests import DigestSet
from discpress.engine.convert.part import part
from discpress.engine.convert.pipeline import Slot
from discpress.engine.convert.verify import ReadBack
from discpress.engine.errors import DamagedImageError, StorageError, VerifyError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import Image
from discpress.engine.system import cache

MIB = 1024 * 1024
NOISE = incompressible(3 * MIB, seed=3)
MIXED = mixed(3 * MIB, seed=3)


def source_of(folder: Path, data: bytes) -> Path:
    return write_image(folder / "game.iso", data)


def flip_after_sync(monkeypatch: pytest.MonkeyPatch, path: Path, offset: int) -> None:
    """Change a byte of the part on the disk, behind the back of the conversion, once it is synced."""
    faults.run_after(monkeypatch, part.PartFile, "sync", lambda: faults.flip_byte(path, offset))


# Index and plain blocks of incompressible data: 24 + 4 * 1537 = 6172 bytes before the first block.
@pytest.mark.parametrize("offset", [6172, 6172 + 1, MIB, 2 * MIB + 77, 6172 + 3 * MIB - 1])
def test_a_flipped_byte_in_a_plain_block_is_found(offset: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, NOISE)
    flip_after_sync(monkeypatch, faults.part_of(tmp_path / "game.zso"), offset)
    with pytest.raises(VerifyError, match=r"game\.zso: \w+ of the decoded image is"):
        faults.run_conversion(source_path)


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO])
def test_a_flipped_byte_publishes_nothing(
    image_format: ImageFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_path = source_of(tmp_path, MIXED)
    kept = faults.Kept.of(source_path)
    output_path = tmp_path / f"out.{image_format}"
    flip_after_sync(monkeypatch, faults.part_of(output_path), 500_000)
    with pytest.raises((VerifyError, DamagedImageError)):
        faults.run_conversion(source_path, output_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_flipped_byte_in_the_index_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, MIXED)
    flip_after_sync(monkeypatch, faults.part_of(tmp_path / "game.zso"), 5001)
    with pytest.raises((VerifyError, DamagedImageError)):
        faults.run_conversion(source_path)


def test_a_part_that_became_shorter_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, NOISE)
    part_path = faults.part_of(tmp_path / "game.zso")

    def cut() -> None:
        with part_path.open("r+b") as file:
            file.truncate(2 * MIB)

    faults.run_after(monkeypatch, part.PartFile, "sync", cut)
    with pytest.raises((VerifyError, DamagedImageError)):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.parametrize("offset", [0, 10, 24, 4095])
def test_a_head_that_reads_back_wrong_is_found(offset: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, MIXED)
    part_path = faults.part_of(tmp_path / "game.zso")

    def flip_once_sealed() -> None:
        if part_path.read_bytes()[:4] == b"ZISO":
            faults.flip_byte(part_path, offset)

    faults.run_after(monkeypatch, part, "drop_cached", flip_once_sealed)
    with pytest.raises(StorageError, match="its first bytes differ when read back"):
        faults.run_conversion(source_path)
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_the_whole_part_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, MIXED)
    seen: list[tuple[int, int]] = []
    real = verify.read_chunk

    def read_chunk(image: Image, slot: Slot) -> None:
        seen.append((slot.offset, slot.length))
        real(image, slot)

    monkeypatch.setattr(verify, "read_chunk", read_chunk)
    faults.run_conversion(source_path)
    assert sorted(seen) == [(0, MIB), (MIB, MIB), (2 * MIB, MIB)]


def test_a_digest_of_other_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, MIXED)
    real = verify.digest_image

    def digest_image(*arguments: Any, **options: Any) -> DigestSet:
        found = real(*arguments, **options)
        return DigestSet(found.values | {"xxh3": "0" * 32}, found.size_bytes)

    monkeypatch.setattr(packing, "digest_image", digest_image)
    with pytest.raises(VerifyError, match="xxh3 of the decoded image"):
        faults.run_conversion(source_path)


@pytest.mark.parametrize(("resident", "read_back"), [(0, ReadBack.COLD), (1, ReadBack.CACHED), (None, ReadBack.CACHED)])
def test_cold_is_said_only_where_mincore_shows_it(
    resident: int | None, read_back: ReadBack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part, "resident_pages", lambda fd, size: resident)
    assert faults.run_conversion(source_of(tmp_path, MIXED)).read_back is read_back


def test_pages_that_cannot_be_dropped_are_said_to_be_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "drop_cached", lambda *_: None)
    assert faults.run_conversion(source_of(tmp_path, MIXED)).read_back is ReadBack.CACHED


def test_mincore_counts_the_pages_in_memory(tmp_path: Path) -> None:
    path = write_image(tmp_path / "pages", NOISE)
    with path.open("rb") as file:
        file.read()
        assert cache.resident_pages(file.fileno(), len(NOISE)) == len(NOISE) // mmap.PAGESIZE


def test_without_verify_nothing_is_claimed(tmp_path: Path) -> None:
    done = faults.run_conversion(source_of(tmp_path, MIXED), verify=False)
    assert (done.read_back, done.is_verified) == (ReadBack.NONE, False)


def test_an_iso_is_proven_as_what_it_will_be_whatever_it_begins_with(tmp_path: Path) -> None:
    """A CSO of a raw CD dump: other programs make them, and `-d` must give the dump back."""
    raw_cd = b"\x00" + b"\xff" * 10 + b"\x00" + incompressible(2352 * 8 - 12, seed=4)
    packed_path = tmp_path / "raw.zso"
    source_path = write_image(tmp_path / "raw.bin", b"X" + raw_cd[1:])
    faults.run_conversion(source_path, packed_path)
    at = packed_path.read_bytes().index(b"X" + raw_cd[1:12])
    with packed_path.open("r+b") as file:
        file.seek(at)
        file.write(b"\x00")
    faults.run_conversion(packed_path, tmp_path / "out.iso", format=ImageFormat.ISO)
    assert (tmp_path / "out.iso").read_bytes() == raw_cd

"""The proof: what was written is read back, decoded whole and compared with what was read (Safety rule 1)."""

import mmap
import threading
from pathlib import Path
from typing import Any

import fault_injection as faults
import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_images import incompressible, mixed, write_image

from discpress.engine.convert import verify
from discpress.engine.convert.digests import ChunkDigests, DigestSet
from discpress.engine.convert.part import part
from discpress.engine.convert.pipeline import Slot
from discpress.engine.convert.verify import ReadBack, prove_image
from discpress.engine.errors import ProofError, StorageError, VerifyError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.images.registry import codec_of
from discpress.engine.progress import Control, Progress
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
@pytest.mark.parametrize(
    ("offset", "chunk"), [(6172, 1), (6172 + 1, 1), (MIB, 1), (6172 + MIB, 2), (2 * MIB + 77, 2), (6171 + 3 * MIB, 3)]
)
def test_a_flipped_byte_in_a_plain_block_is_found_and_its_chunk_is_named(
    offset: int, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_path = source_of(tmp_path, NOISE)
    flip_after_sync(monkeypatch, faults.part_of(tmp_path / "game.zso"), offset)
    with pytest.raises(VerifyError, match=rf"game\.zso: chunk {chunk} of 3 of the decoded image differs"):
        faults.run_conversion(source_path)


def test_the_place_of_a_wrong_chunk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed_path = sample_images.pack(tmp_path / "game.zso", MIXED)
    flip_after_sync(monkeypatch, faults.part_of(tmp_path / "game.iso"), 2 * MIB)
    with pytest.raises(VerifyError, match=r"chunk 3 of 3 of .*: bytes 2097152 to 3145727$"):
        faults.run_conversion(packed_path, tmp_path / "game.iso", format=ImageFormat.ISO)


def test_what_packing_does_to_the_bytes_in_memory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest of a chunk is that of the bytes as they were read, not as they were packed."""
    codec = type(codec_of(Settings(ImageFormat.ZSO)))
    real = codec.pack

    def pack(self: Any, chunk: memoryview, *arguments: Any) -> int:
        chunk[77] ^= 1
        return real(self, chunk, *arguments)

    monkeypatch.setattr(codec, "pack", pack)
    with pytest.raises(VerifyError, match=r"chunk [123] of 3"):
        faults.run_conversion(source_of(tmp_path, MIXED))
    assert faults.names_in(tmp_path) == ["game.iso"]


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO])
def test_a_flipped_byte_publishes_nothing(
    image_format: ImageFormat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_path = source_of(tmp_path, MIXED)
    kept = faults.Kept.of(source_path)
    output_path = tmp_path / f"out.{image_format}"
    flip_after_sync(monkeypatch, faults.part_of(output_path), 500_000)
    with pytest.raises(ProofError):
        faults.run_conversion(source_path, output_path)
    kept.check()
    assert faults.names_in(tmp_path) == ["game.iso"]


def test_a_flipped_byte_in_the_index_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, MIXED)
    flip_after_sync(monkeypatch, faults.part_of(tmp_path / "game.zso"), 5001)
    with pytest.raises(ProofError):
        faults.run_conversion(source_path)


def test_a_part_that_became_shorter_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source_path = source_of(tmp_path, NOISE)
    part_path = faults.part_of(tmp_path / "game.zso")

    def cut() -> None:
        with part_path.open("r+b") as file:
            file.truncate(2 * MIB)

    faults.run_after(monkeypatch, part.PartFile, "sync", cut)
    with pytest.raises(ProofError):
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


def test_each_chunk_is_compared_in_the_thread_that_decoded_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: dict[int, int] = {}
    compared: dict[int, int] = {}
    real = verify.read_chunk

    def read_chunk(image: Image, slot: Slot) -> None:
        decoded[slot.number] = threading.get_ident()
        real(image, slot)

    def is_of(self: ChunkDigests, number: int, data: Any) -> bool:
        compared[number] = threading.get_ident()
        return True

    monkeypatch.setattr(verify, "read_chunk", read_chunk)
    monkeypatch.setattr(ChunkDigests, "is_of", is_of)
    faults.run_conversion(source_of(tmp_path, MIXED))
    assert decoded == compared
    assert decoded.keys() == {0, 1, 2}


def prove(image: Image, chunks: ChunkDigests, expected: DigestSet) -> None:
    prove_image(image, chunks, expected, None, 2, Control(), Progress(), name="game.iso")


def chunks_of(data: bytes, chunk_bytes: int) -> ChunkDigests:
    """Return the digests of the chunks of data."""
    chunks = ChunkDigests(len(data), chunk_bytes)
    for number in range(chunks.chunks):
        chunks.take(number, data[number * chunk_bytes : (number + 1) * chunk_bytes])
    return chunks


@given(
    size=st.integers(1, 5 * 4096),
    chunk_bytes=st.sampled_from([2048, 4096, 6144]),
    place=st.floats(0, 1, exclude_max=True),
)
@settings(deadline=None, max_examples=30)
def test_a_byte_that_differs_is_in_the_chunk_that_is_named(size: int, chunk_bytes: int, place: float) -> None:
    at = int(place * size)
    data = bytearray(NOISE[:size])
    chunks = chunks_of(bytes(data), chunk_bytes)
    prove(PlainImage(sample_images.MemorySource(bytes(data))), chunks, DigestSet({}, size))
    data[at] ^= 1
    with pytest.raises(VerifyError, match=rf"chunk {at // chunk_bytes + 1} of {-(-size // chunk_bytes)} of"):
        prove(PlainImage(sample_images.MemorySource(bytes(data))), chunks, DigestSet({}, size))


@pytest.mark.parametrize("size", [4095, 4097, 8192])
def test_another_size_is_found_even_if_all_there_is_is_right(size: int) -> None:
    image = PlainImage(sample_images.MemorySource(bytes(size)))
    with pytest.raises(VerifyError, match=rf"game\.iso: decodes to {size} bytes, but the source has 4096"):
        prove(image, chunks_of(bytes(4096), 2048), DigestSet({}, 4096))


@pytest.mark.parametrize("data", [b"", bytes(16), NOISE[:2048]])
def test_a_chunk_that_was_never_read_equals_nothing(data: bytes) -> None:
    assert not ChunkDigests(2048, 2048).is_of(0, data)


def test_a_chd_that_states_the_digest_of_another_image_is_refused(tmp_path: Path) -> None:
    path = sample_images.pack(tmp_path / "game.chd", MIXED, ImageFormat.CHD, 4096)
    with open_image(path) as image:
        sha1 = image.recorded["sha1"]
        prove(image, chunks_of(MIXED, MIB), DigestSet({"sha1": sha1}, len(MIXED)))
        with pytest.raises(VerifyError, match="its header states another sha1 than the source has"):
            prove(image, chunks_of(MIXED, MIB), DigestSet({"sha1": "0" * 40}, len(MIXED)))


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

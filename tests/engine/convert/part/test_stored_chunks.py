"""The part as the proof reads it: direct reads give the bytes on the disk, and usual ones are made otherwise."""

import errno
import mmap
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fault_injection import fail_with, run_conversion
from patience import HANG_S
from sample_images import incompressible, write_image

from discpress.engine.convert.part import stored_chunks
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.stored_chunks import StoredChunks
from discpress.engine.errors import StorageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.open import open_image
from discpress.engine.system.access import Access
from discpress.engine.system.cache import DIRECT_ALIGNMENT, open_direct
from discpress.engine.system.files import FileIdentity
from discpress.engine.system.filesystems import filesystem_of

DATA = incompressible(100_000, seed=8)


@pytest.fixture
def part() -> Iterator[PartFile]:
    """A part on a real disk, because the folder of the other tests may be in memory."""
    with TemporaryDirectory(dir="/var/tmp") as name:
        yield from part_in(Path(name))


def part_in(folder: Path) -> Iterator[PartFile]:
    source = write_image(folder / "game.iso", DATA)
    facts = source.stat()
    part = PartFile(
        folder / "game.zso",
        job="test",
        source_path=source,
        source=FileIdentity.of(facts),
        access=Access.of_all([facts]),
        is_copy_of_source=lambda path: False,
    )
    part.write_at(0, DATA)
    part.sync()
    yield part
    part.discard()


def buffer_of(size: int = 128 * 1024) -> memoryview:
    return memoryview(mmap.mmap(-1, size))


def needs_direct(part: PartFile) -> str:
    """Return the type of a file system that allows direct reads; skip the test on others."""
    kind = filesystem_of(part.path).kind
    fd = open_direct(part.fd, kind)
    if fd < 0:
        pytest.skip(f"no direct reads on {kind}")
    os.close(fd)
    return kind


@pytest.mark.parametrize("kind", ["", "tmpfs", "fuse.sshfs", "overlay"])
def test_only_file_systems_that_are_known_to_read_the_disk_are_read_directly(part: PartFile, kind: str) -> None:
    assert open_direct(part.fd, kind) == -1


@pytest.mark.parametrize(("start", "end"), [(5000, 90_000), (8192, 8193), (4096, 100_000), (99_999, 100_000)])
def test_fetched_bytes_are_those_of_the_disk(part: PartFile, start: int, end: int) -> None:
    """They are told from bytes in memory by the buffer, which the test changes behind the back of the reader."""
    buffer = buffer_of()
    chunks = StoredChunks(part, needs_direct(part))
    chunks.fetch(buffer, start, end)
    assert chunks.read_at(start, end - start) == DATA[start:end]
    buffer[:] = bytes(len(buffer))
    read = bytearray(end - start)
    assert (chunks.read_into(read, start), bytes(read)) == (end - start, bytes(end - start))
    chunks.close()


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 50_000), (4095, 9000), (9000, 9000), (9000, 5000), (5000, 5000 + (1 << 20)), (0, 0)],
    ids=["head", "within-head", "empty", "backwards", "too-long", "unknown"],
)
def test_what_cannot_be_fetched_is_read_as_usual(part: PartFile, start: int, end: int) -> None:
    chunks = StoredChunks(part, needs_direct(part))
    chunks.fetch(buffer_of(), start, end)
    assert chunks.read_at(0, len(DATA) + 1) == DATA
    chunks.close()


def test_bytes_beyond_the_fetched_ones_are_read_as_usual(part: PartFile) -> None:
    chunks = StoredChunks(part, needs_direct(part))
    chunks.fetch(buffer_of(), 8192, 16384)
    assert chunks.read_at(16_000, 1000) == DATA[16_000:17_000]
    assert chunks.read_at(5000, 4000) == DATA[5000:9000]
    chunks.close()


def test_a_refused_direct_read_is_the_last_one(part: PartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = StoredChunks(part, needs_direct(part))
    with monkeypatch.context() as refusing:
        refusing.setattr(os, "preadv", fail_with(errno.EINVAL))
        chunks.fetch(buffer_of(), 8192, 16384)
    buffer = buffer_of()
    chunks.fetch(buffer, 8192, 16384)
    assert not any(buffer)
    assert chunks.read_at(8192, 100) == DATA[8192:8292]
    chunks.close()


def test_a_direct_read_that_is_refused_disturbs_none_of_another_thread(
    part: PartFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was closed at once, so that the other read met a closed file, or one that another job had opened."""
    chunks = StoredChunks(part, needs_direct(part))
    both, read = threading.Barrier(2, timeout=HANG_S), os.preadv

    def refuse_together(fd: int, buffers: Sequence[memoryview], offset: int) -> int:
        both.wait()
        if threading.current_thread() is threading.main_thread():
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        is_refused.wait(HANG_S)
        return read(fd, buffers, offset)

    is_refused = threading.Event()
    monkeypatch.setattr(os, "preadv", refuse_together)
    with ThreadPoolExecutor(1) as executor:
        other = executor.submit(chunks.fetch, buffer_of(), 8192, 16384)
        chunks.fetch(buffer_of(), 8192, 16384)
        is_refused.set()
        other.result()
    chunks.close()


def test_a_disk_that_fails_is_named(part: PartFile, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = StoredChunks(part, needs_direct(part))
    monkeypatch.setattr(os, "preadv", fail_with(errno.EIO))
    with pytest.raises(StorageError, match="read it back at byte 8192"):
        chunks.fetch(buffer_of(), 8192, 16384)
    chunks.close()


@pytest.mark.parametrize("image_format", [ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD])
@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_the_span_of_a_chunk_contains_all_of_its_blocks(image_format: ImageFormat, chunk: int, tmp_path: Path) -> None:
    """Zeros, of which a CHD stores one hunk; noise; then noise that a CHD has already."""
    mib = 1 << 20
    noise = incompressible(mib // 2, seed=9)
    source = write_image(tmp_path / "game.iso", bytes(mib) + noise + bytes(mib // 2) + noise[::-1] + noise)
    done = run_conversion(source, tmp_path / f"out.{image_format}", format=image_format)
    with open_image(done.plan.output_path) as image:
        start, end = image.stored_span(chunk * mib, mib)
        count = mib // image.block_size
        blocks = image.locate(chunk * count, count)
        inside = [block for block in blocks if start <= block.offset and block.offset + block.length <= end]
    assert len(inside) >= (count // 2 if chunk else 1)
    assert start < end <= start + mib + DIRECT_ALIGNMENT


def test_an_image_is_proven_where_direct_reads_are_impossible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_chunks, "open_direct", lambda fd, kind: -1)
    assert run_conversion(write_image(tmp_path / "game.iso", DATA)).is_verified

"""Nothing read from a file is believed: random headers, random indexes and mutated images are refused or read,
never a crash, a hang, or memory by their own word."""

import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError, DiscpressError
from discpress.engine.images.open import open_source
from discpress.engine.images.registry import FORMATS, detect
from discpress.engine.units import KIB, MIB

GOLDEN = sample_images.GOLDEN
NAMES = sorted(path.name for path in GOLDEN.glob("*.?[sa][ox]"))
U32 = 2**32 - 1
READ_BYTES = 64 * KIB
MOST_BYTES = 4 * MIB
"""Memory for one read of 64 KiB: a block of 1 MiB, its stored bytes, and the same again on the way."""

FIELDS_8 = st.sampled_from([0, 1, 2, 3, 11, 12, 20, 31, 32, 63, 64, 255]) | st.integers(0, 255)
FIELDS_32 = st.sampled_from([0, 1, 24, 2048, 3000, 16384, MIB, 2 * MIB, 2**31, U32]) | st.integers(0, U32)
FIELDS_64 = (
    st.sampled_from([0, 1, 2047, 2048, 2049, 2**32, 2**40, 2**63, 2**64 - 1])
    | st.integers(0, 2**64 - 1)
    | st.integers(0, 4 * MIB)
)
RUNS = st.builds(lambda piece, count: piece * count, st.binary(max_size=8), st.integers(0, 9000))
BODIES = st.binary(max_size=600) | RUNS
LIKELY_BLOCKS = st.sampled_from([2048, 4096, 65536, MIB])


@cache
def bytes_of(name: str) -> bytes:
    return (GOLDEN / name).read_bytes()


@contextmanager
def little_memory() -> Iterator[None]:
    """AssertionError when the body asks Python for more than MOST_BYTES at once."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= MOST_BYTES
    finally:
        tracemalloc.stop()


def poke(data: bytes) -> None:
    """Open an image and read its start, its middle, its end; DiscpressError at any point is an answer."""
    source = sample_images.MemorySource(data)
    with little_memory():
        try:
            image = open_source(source)
        except DiscpressError:
            return
        for offset in {0, image.size // 2, max(0, image.size - READ_BYTES), image.size}:
            try:
                decoded = image.read_at(offset, READ_BYTES)
            except DiscpressError:
                continue
            assert len(decoded) == min(READ_BYTES, image.size - offset)
    assert source.longest_read <= MOST_BYTES // 2


@pytest.mark.slow
@given(head=st.binary(max_size=64), file_bytes=st.integers(0, 2**64))
@settings(deadline=None, max_examples=200)
def test_any_first_bytes_have_a_format(head: bytes, file_bytes: int) -> None:
    assert detect(head, file_bytes) in FORMATS


@pytest.mark.slow
@given(
    magic=st.sampled_from([b"ZISO", b"CISO"]),
    header_size=FIELDS_32,
    total_bytes=FIELDS_64,
    block_size=FIELDS_32,
    version=FIELDS_8,
    shift=FIELDS_8,
    body=BODIES,
)
@settings(deadline=None, max_examples=300)
def test_any_header_is_refused_or_read(
    magic: bytes, header_size: int, total_bytes: int, block_size: int, version: int, shift: int, body: bytes
) -> None:
    poke(struct.pack("<4sIQIBB2x", magic, header_size, total_bytes, block_size, version, shift) + body)


@pytest.mark.slow
@given(
    magic=st.sampled_from([b"ZISO", b"CISO"]),
    version=st.integers(0, 2),
    block_size=LIKELY_BLOCKS,
    shift=st.integers(0, 31),
    entries=st.lists(st.integers(0, U32) | st.integers(24, 400).map(lambda each: each | 2**31), min_size=2, max_size=8),
    body=BODIES,
)
@settings(deadline=None, max_examples=300)
def test_any_index_behind_a_sound_header_is_refused_or_read(
    magic: bytes, version: int, block_size: int, shift: int, entries: list[int], body: bytes
) -> None:
    total_bytes = (len(entries) - 1) * block_size - 5
    head = struct.pack("<4sIQIBB2x", magic, 24, total_bytes, block_size, min(version, 1 + (magic == b"CISO")), shift)
    poke(head + struct.pack(f"<{len(entries)}I", *entries) + body)


@pytest.mark.slow
@given(
    block_size=LIKELY_BLOCKS,
    shift=st.integers(0, 13),
    version=st.integers(0, 2),
    steps=st.lists(st.tuples(st.integers(0, 1500), st.booleans()), min_size=1, max_size=6),
    body=st.binary(min_size=100, max_size=3000),
)
@settings(deadline=None, max_examples=300)
def test_any_blocks_behind_a_rising_index_are_refused_or_read(
    block_size: int, shift: int, version: int, steps: list[tuple[int, bool]], body: bytes
) -> None:
    start = 24 + 4 * (len(steps) + 1)
    position, entries = -(-start >> shift), []
    for length, flag in steps:
        entries.append(position | flag << 31)
        position += length >> min(shift, 6)
    entries.append(position)
    head = struct.pack("<4sIQIBB2x", b"CISO", 24, len(steps) * block_size, block_size, version, shift)
    poke(head + struct.pack(f"<{len(entries)}I", *entries) + body * 3)


@pytest.mark.slow
@given(size=FIELDS_32, version=FIELDS_32, areas=FIELDS_32, body=BODIES)
@settings(deadline=None, max_examples=300)
def test_any_dax_header_is_refused_or_read(size: int, version: int, areas: int, body: bytes) -> None:
    poke(struct.pack("<4sIII16x", b"DAX\0", size, version, areas) + body)


@pytest.mark.slow
@given(
    blocks=st.lists(st.tuples(FIELDS_32 | st.integers(60, 400), st.integers(0, 65535)), min_size=1, max_size=6),
    areas=st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=4),
    body=st.binary(max_size=600),
)
@settings(deadline=None, max_examples=300)
def test_any_dax_tables_are_refused_or_read(
    blocks: list[tuple[int, int]], areas: list[tuple[int, int]], body: bytes
) -> None:
    head = struct.pack("<4sIII16x", b"DAX\0", len(blocks) * 8192 - 9, 1, len(areas))
    offsets = struct.pack(f"<{len(blocks)}I", *(offset for offset, _ in blocks))
    lengths = struct.pack(f"<{len(blocks)}H", *(length for _, length in blocks))
    poke(head + offsets + lengths + b"".join(struct.pack("<II", *area) for area in areas) + body)


@pytest.mark.slow
@given(name=st.sampled_from(NAMES), draw=st.data())
@settings(deadline=None, max_examples=300)
def test_a_mutated_golden_image_is_refused_or_read(name: str, draw: st.DataObject) -> None:
    """Most hits go to the header and the index, where they do the most harm."""
    data = bytearray(bytes_of(name))
    places = st.integers(0, 23) | st.integers(24, 1500) | st.integers(0, len(data) - 1)
    for place in draw.draw(st.lists(places, min_size=1, max_size=6)):
        data[place] = draw.draw(st.integers(0, 255))
    poke(bytes(data[: draw.draw(st.sampled_from([len(data), len(data) // 2, 2048]))]))


@pytest.mark.parametrize("total_bytes", [2**40, 2**63, 2**64 - 1])
def test_a_huge_size_is_refused_before_anything_is_allocated(total_bytes: int) -> None:
    data = struct.pack("<4sIQIBB2x", b"ZISO", 24, total_bytes, 2048, 1, 0) + bytes(10_000)
    with little_memory(), pytest.raises(DamagedImageError, match="does not fit a file of 10024 bytes"):
        open_source(sample_images.MemorySource(data))


@pytest.mark.parametrize("shift", [20, 31])
def test_a_huge_alignment_allocates_nothing(shift: int) -> None:
    """Block size + alignment is allowed as a stored length: up to 2 GiB at shift 31."""
    data = struct.pack("<4sIQIBB2x2I", b"ZISO", 24, 2048, 2048, 1, shift, 1, 2)
    source = SparseSource(data, size_bytes=3 << shift)
    image = open_source(source)
    with little_memory(), pytest.raises(DamagedImageError):
        image.read_at(0, 2048)
    assert source.longest_read <= 16 * KIB


class SparseSource(sample_images.MemorySource):
    """A few bytes and a large hole behind them."""

    def __init__(self, data: bytes, size_bytes: int) -> None:
        super().__init__(data)
        self.size_bytes = size_bytes

    def read_into(self, buffer: bytearray | memoryview, offset: int) -> int:
        memoryview(buffer)[:] = bytes(len(buffer))
        super().read_into(buffer, offset)
        return min(len(buffer), self.size_bytes - offset)


def many_areas(blocks: int) -> bytes:
    """Return a DAX of 14 bytes a block, each plain area of which covers all of them."""
    head = struct.pack("<4sIII16x", b"DAX\0", blocks * 8192 - 1, 1, blocks)
    return head + bytes(6 * blocks) + struct.pack("<II", 0, blocks) * blocks


def test_overlapping_areas_of_a_dax_are_refused_at_the_first_block_too_many() -> None:
    """Marking them all would take the square of their number: 131,072 areas of as many blocks once took 1.0 s."""
    blocks = 1 << 17
    source = sample_images.MemorySource(many_areas(blocks))
    with pytest.raises(DamagedImageError, match=f"its plain areas overlap: {2 * blocks} blocks of {blocks}"):
        open_source(source)


@pytest.mark.parametrize("name", [path.name for path in sorted(Path(GOLDEN).glob("*.chd"))[:1]])
@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_a_mutated_foreign_image_is_never_more_than_refused(name: str, data: st.DataObject) -> None:
    mutated = bytearray(bytes_of(name)[:4096])
    mutated[data.draw(st.integers(0, 15))] = data.draw(st.integers(0, 255))
    poke(bytes(mutated))

"""How any codec packs a chunk: layout, padding, plain blocks, and what is never compressed twice."""

from array import array
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.codecs.blocks import PLAIN_BIT, align_up, pack_blocks

BLOCK = 2048
DIRTY = b"\xaa"


class Compressor:
    """Packs a block to as many bytes as its first byte says times ten, and remembers what it was asked."""

    def __init__(self, byte: bytes = b"z") -> None:
        self.byte = byte
        self.asked: list[int] = []

    def __call__(self, block: memoryview) -> bytes:
        self.asked.append(block[0])
        return self.byte * max(1, min(10 * block[0], BLOCK + 8))


def block(tenths: int) -> bytes:
    """Return a block that `Compressor` packs to ten times this."""
    return bytes([tenths]) * BLOCK


PLAIN = 205  # packs to 2050 bytes
TIGHT = 204  # packs to 2040 bytes


def pack(
    chunk: bytes,
    alignment: int = 1,
    compress: Callable[[memoryview], bytes] | None = None,
    probe: Callable[[memoryview], bytes] | None = None,
) -> tuple[bytes, list[int]]:
    """Pack into memory that was used before, as slots are."""
    count = len(chunk) // BLOCK
    out = bytearray(DIRTY * len(chunk))
    lengths = array("I", [7] * count)
    used = pack_blocks(memoryview(chunk), BLOCK, alignment, memoryview(out), lengths, compress or Compressor(), probe)
    return bytes(out[:used]), list(lengths)


@pytest.mark.parametrize(
    ("offset", "alignment", "expected"), [(0, 4, 0), (1, 4, 4), (4, 4, 4), (5, 1, 5), (2049, 2048, 4096)]
)
def test_align_up(offset: int, alignment: int, expected: int) -> None:
    assert expected == align_up(offset, alignment)


def test_blocks_follow_one_another() -> None:
    assert pack(block(1) + block(2)) == (b"z" * 30, [10, 20])


def test_each_block_is_padded_with_zeros_to_the_alignment() -> None:
    """Whatever the reused memory held before."""
    assert pack(block(1) + block(2), 16) == (b"z" * 10 + bytes(6) + b"z" * 20 + bytes(12), [16, 32])


def test_a_block_that_does_not_shrink_is_kept_plain() -> None:
    assert pack(block(PLAIN)) == (block(PLAIN), [BLOCK | PLAIN_BIT])


def test_a_block_that_shrinks_by_a_byte_is_kept_packed() -> None:
    assert pack(block(1), compress=lambda _: b"z" * (BLOCK - 1)) == (b"z" * (BLOCK - 1), [BLOCK - 1])


def test_a_block_of_the_same_length_is_kept_plain() -> None:
    assert pack(block(1), compress=lambda _: b"z" * BLOCK) == (block(1), [BLOCK | PLAIN_BIT])


def test_a_block_that_only_shrinks_before_it_is_aligned_is_kept_plain() -> None:
    """docs/formats.md, section 1, rule 3 of the writer: no stored block of 2048 or more but a plain one."""
    assert pack(block(TIGHT), 16) == (block(TIGHT), [BLOCK | PLAIN_BIT])


def test_with_alignment_of_a_block_everything_is_plain() -> None:
    assert pack(block(1), BLOCK) == (block(1), [BLOCK | PLAIN_BIT])


def test_zero_blocks_are_compressed_once() -> None:
    compress = Compressor()
    pack(block(0) + block(1) + block(0) + block(0), compress=compress)
    assert compress.asked == [0, 1]


def test_a_block_that_only_starts_and_ends_with_zeros_is_compressed_itself() -> None:
    nearly = bytes(100) + b"\1" + bytes(BLOCK - 101)
    packed, lengths = pack(bytes(BLOCK) + nearly, compress=lambda each: bytes([sum(each)]))
    assert (packed, lengths) == (b"\0\1", [1, 1])


def test_the_probe_is_asked_only_behind_a_plain_block() -> None:
    probe = Compressor()
    pack(block(1) + block(PLAIN) + block(2) + block(3), probe=probe)
    assert probe.asked == [2]


def test_the_slow_compressor_is_skipped_where_the_probe_does_not_help() -> None:
    compress = Compressor()
    pack(block(PLAIN) + block(PLAIN + 1) + block(3), compress=compress, probe=Compressor())
    assert compress.asked == [PLAIN, 3]


def test_what_the_slow_compressor_makes_is_kept_where_the_probe_helps() -> None:
    packed, lengths = pack(block(PLAIN) + block(3), probe=Compressor(b"p"))
    assert (packed[BLOCK:], lengths[1]) == (b"z" * 30, 30)


def test_the_probe_counts_the_alignment() -> None:
    compress = Compressor()
    pack(block(PLAIN) + block(TIGHT), 16, compress=compress, probe=Compressor())
    assert compress.asked == [PLAIN]


def test_every_call_starts_without_memory_of_the_last() -> None:
    """The bytes of a chunk must not depend on the chunk that the same thread packed before."""
    probe = Compressor()
    pack(block(PLAIN), probe=probe)
    pack(block(2), probe=probe)
    assert probe.asked == []


def test_lengths_behind_the_chunk_are_left_alone() -> None:
    lengths = array("I", [7, 7])
    pack_blocks(memoryview(block(1)), BLOCK, 1, memoryview(bytearray(BLOCK)), lengths, Compressor(), None)
    assert list(lengths) == [10, 7]


@pytest.mark.slow
@given(tenths=st.lists(st.integers(0, 255), min_size=1, max_size=8), shift=st.integers(0, 11))
def test_the_lengths_add_up_to_the_bytes_used(tenths: list[int], shift: int) -> None:
    packed, lengths = pack(b"".join(map(block, tenths)), 1 << shift, probe=Compressor())
    assert len(packed) == sum(length & ~PLAIN_BIT for length in lengths)


@pytest.mark.slow
@given(tenths=st.lists(st.integers(0, 255), min_size=1, max_size=8), shift=st.integers(0, 11))
def test_every_stored_block_is_aligned_and_no_longer_than_a_block(tenths: list[int], shift: int) -> None:
    _, lengths = pack(b"".join(map(block, tenths)), 1 << shift, probe=Compressor())
    stored = [length & ~PLAIN_BIT for length in lengths]
    assert [length for length in stored if length % (1 << shift) or length > BLOCK] == []

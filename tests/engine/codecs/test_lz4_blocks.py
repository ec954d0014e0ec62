"""Raw LZ4 blocks: packed, decoded from under any padding, and safe against hostile bytes."""

from array import array

import lz4.block
import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.blocks import PLAIN_BIT, BlockError
from discpress.engine.codecs.lz4_blocks import MAX_TRIED_PADDING, Lz4Codec, find_block_end

BLOCK = 2048
CODEC = Lz4Codec()
TEXT = sample_images.compressible(BLOCK)
LEVELS = range(13)
SHIFTS = range(12)
PADDING_BYTES = [b"\0", b"X"]


def packed(data: bytes, level: int = 9) -> bytes:
    block: bytes = lz4.block.compress(data, "high_compression", compression=level, store_size=False)
    return block


def decode(stored: bytes, max_padding: int = 0, block_size: int = BLOCK) -> bytes:
    return CODEC.decode(memoryview(stored), block_size, max_padding)


def pack(chunk: bytes, level: int, block_size: int = BLOCK) -> list[bytes]:
    """Return the stored blocks of a chunk."""
    out = memoryview(bytearray(len(chunk)))
    lengths = array("I", bytes(4 * (len(chunk) // block_size)))
    CODEC.pack(memoryview(chunk), block_size, 1, level, out, lengths)
    blocks, position = [], 0
    for length in lengths:
        blocks.append(bytes(out[position : position + (length & ~PLAIN_BIT)]))
        position += length & ~PLAIN_BIT
    return blocks


@st.composite
def blocks(draw: st.DrawFn, size: int = BLOCK) -> bytes:
    """Blocks that end in literals, in matches, in zeros, in repeats."""
    start = draw(st.binary(max_size=300))
    filler = draw(st.binary(min_size=1, max_size=40))
    end = draw(st.binary(max_size=60))
    middle = (filler * (size // len(filler) + 1))[: max(0, size - len(start) - len(end))]
    return (start + middle + end)[:size]


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_packs_blocks_that_liblz4_decodes(level: int) -> None:
    stored = pack(TEXT * 2, level)
    assert [lz4.block.decompress(each, uncompressed_size=BLOCK) for each in stored] == [TEXT, TEXT]


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_makes_text_smaller(level: int) -> None:
    assert len(pack(TEXT, level)[0]) < BLOCK // 4


def test_level_0_is_the_fast_level() -> None:
    assert pack(TEXT, 0) == pack(TEXT, 1)


def test_a_high_level_is_no_larger_than_the_fast_one() -> None:
    data = sample_images.mixed(64 * BLOCK)
    assert sum(map(len, pack(data, 12))) < sum(map(len, pack(data, 1)))


def test_the_same_chunk_is_packed_to_the_same_bytes() -> None:
    data = sample_images.mixed(64 * BLOCK)
    assert pack(data, 9) == pack(data, 9)


def test_noise_stays_plain() -> None:
    noise = sample_images.incompressible(BLOCK)
    assert [noise] == pack(noise, 12)


@pytest.mark.parametrize("padding_byte", PADDING_BYTES)
@pytest.mark.parametrize("shift", SHIFTS)
def test_a_block_is_found_under_any_padding_that_its_shift_allows(shift: int, padding_byte: bytes) -> None:
    most = (1 << shift) - 1
    block = packed(TEXT)
    stored = [block + padding_byte * padding for padding in {0, 1, most // 2, most} if padding <= most]
    assert [TEXT] * len(stored) == [decode(each, most) for each in stored]


@pytest.mark.slow
@given(data=blocks(), shift=st.integers(0, 11), padding_byte=st.sampled_from(PADDING_BYTES), draw=st.data())
@settings(deadline=None, max_examples=200)
def test_what_is_decoded_from_under_padding_is_the_block(
    data: bytes, shift: int, padding_byte: bytes, draw: st.DataObject
) -> None:
    padding = draw.draw(st.integers(0, (1 << shift) - 1))
    assert data == decode(packed(data) + padding_byte * padding, (1 << shift) - 1)


def test_more_padding_than_the_shift_allows_is_refused() -> None:
    with pytest.raises(BlockError):
        decode(packed(TEXT) + bytes(4), 3)


def test_without_a_shift_no_padding_is_taken() -> None:
    with pytest.raises(BlockError):
        decode(packed(TEXT) + b"\0")


def test_a_block_cut_short_is_refused() -> None:
    with pytest.raises(BlockError):
        decode(packed(TEXT)[:-1])


def test_an_empty_block_is_refused() -> None:
    with pytest.raises(BlockError):
        decode(b"")


def test_a_block_that_holds_more_than_a_block_is_refused() -> None:
    with pytest.raises(BlockError):
        decode(packed(TEXT + b"!"))


def test_a_block_that_holds_less_than_a_block_is_refused() -> None:
    with pytest.raises(BlockError, match="does not decode to 2048 bytes"):
        decode(packed(TEXT[:-1]))


@pytest.mark.parametrize("padding", [0, 1, MAX_TRIED_PADDING, MAX_TRIED_PADDING + 1, 2047])
def test_a_block_of_any_length_is_found_where_its_length_is_known(padding: int) -> None:
    """Danixu's ziso does not fill the last block."""
    assert TEXT[:700] == decode(packed(TEXT[:700]) + bytes(padding), padding, block_size=700)


@pytest.mark.slow
@given(data=blocks())
@settings(deadline=None, max_examples=200)
def test_the_end_of_a_block_is_where_liblz4_ended_it(data: bytes) -> None:
    block = packed(data)
    assert len(block) == find_block_end(memoryview(block + b"X" * 3000), BLOCK)


@pytest.mark.parametrize("block_size", [2048, 16384, 65536, 1 << 20])
def test_the_end_of_a_large_block_is_found(block_size: int) -> None:
    """Long runs have many length bytes of 255."""
    data = bytes(block_size // 2) + sample_images.incompressible(block_size // 2)
    block = packed(data)
    assert len(block) == find_block_end(memoryview(block + bytes(100)), block_size)


def test_a_block_cut_short_has_no_end() -> None:
    assert find_block_end(memoryview(packed(TEXT)[:-1]), BLOCK) is None


def test_a_block_of_another_size_has_no_end() -> None:
    assert find_block_end(memoryview(packed(TEXT)), BLOCK - 1) is None


@pytest.mark.slow
@given(stored=st.binary(max_size=400) | st.binary(max_size=60).map(lambda each: each + b"\xff" * 300))
@settings(deadline=None, max_examples=300)
def test_the_end_of_any_bytes_lies_within_them(stored: bytes) -> None:
    end = find_block_end(memoryview(stored), BLOCK)
    assert end is None or 0 < end <= len(stored)


@pytest.mark.slow
@given(stored=st.binary(max_size=400), max_padding=st.integers(0, 2047))
@settings(deadline=None, max_examples=300)
def test_hostile_bytes_decode_to_a_block_or_are_refused(stored: bytes, max_padding: int) -> None:
    try:
        decoded = decode(stored, max_padding)
    except BlockError:
        return
    assert len(decoded) == BLOCK


def test_a_match_from_before_the_block_is_refused_under_wide_padding() -> None:
    """One literal, then a match 2 bytes back."""
    stored = bytearray(packed(bytes(BLOCK)) + bytes(15))
    stored[2] = 2
    with pytest.raises(BlockError):
        decode(bytes(stored), 15)


@pytest.mark.slow
@given(draw=st.data())
@settings(deadline=None, max_examples=300)
def test_a_damaged_block_decodes_to_a_block_or_is_refused(draw: st.DataObject) -> None:
    stored = bytearray(packed(draw.draw(blocks())) + bytes(15))
    for position in draw.draw(st.lists(st.integers(0, len(stored) - 1), min_size=1, max_size=3)):
        stored[position] = draw.draw(st.integers(0, 255))
    try:
        decoded = decode(bytes(stored), 15)
    except BlockError:
        return
    assert len(decoded) == BLOCK

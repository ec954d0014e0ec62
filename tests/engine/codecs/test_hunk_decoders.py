"""The decoders of CHD hunks on sound and on any other bytes."""

import contextlib
import lzma
import random

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.blocks import BlockError, Decoder, DecoderMissingError
from discpress.engine.codecs.flac.decoder import FlacDecoder
from discpress.engine.codecs.huff import HuffDecoder
from discpress.engine.codecs.huffman import BitReader, HuffmanError, canonical_codes, lookup_table, read_run_lengths
from discpress.engine.codecs.lzma_hunks import LzmaDecoder
from discpress.engine.codecs.zstd import ZstdDecoder

DECODERS: tuple[Decoder, ...] = (ZstdDecoder(), LzmaDecoder(), HuffDecoder(), FlacDecoder())
SIZE = 2048


def text(size: int = SIZE) -> bytes:
    return (b"sector of a disc " * (size // 17 + 1))[:size]


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.sampled_from(DECODERS), st.binary(max_size=300))
def test_any_bytes_give_a_whole_hunk_or_a_block_error(decoder: Decoder, stored: bytes) -> None:
    with contextlib.suppress(BlockError):
        assert len(decoder.decode(memoryview(stored), SIZE, 0)) == SIZE


class TestZstd:
    @pytest.mark.parametrize("with_size", [True, False])
    def test_a_frame_decodes_whether_it_says_its_size_or_not(self, with_size: bool) -> None:
        packed = zstandard.ZstdCompressor(level=3, write_content_size=with_size).compress(text())
        assert ZstdDecoder().decode(memoryview(packed), SIZE, 0) == text()

    def test_a_frame_that_claims_a_terabyte_is_refused_before_it_is_decoded(self) -> None:
        # magic, descriptor (8-byte content size, single segment), size, one empty last block (RFC 8878)
        packed = bytes.fromhex("28b52ffd e0") + (2**40).to_bytes(8, "little") + bytes.fromhex("010000")
        with pytest.raises(BlockError, match="does not decode to 2048 bytes"):
            ZstdDecoder().decode(memoryview(packed), SIZE, 0)

    @pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1])
    def test_a_frame_of_another_size_is_refused(self, size: int) -> None:
        packed = zstandard.ZstdCompressor(write_content_size=False).compress(text(size))
        with pytest.raises(BlockError):
            ZstdDecoder().decode(memoryview(packed), SIZE, 0)


class TestLzma:
    def test_what_follows_a_full_hunk_is_not_decoded(self) -> None:
        filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 4096, "lc": 3, "lp": 0, "pb": 2}]
        packed = lzma.compress(text(100_000_000 // 100), lzma.FORMAT_RAW, filters=filters)
        assert LzmaDecoder().decode(memoryview(packed), SIZE, 0) == text()


class TestHuffman:
    def test_sixteen_codes_of_four_bits_are_their_symbols(self) -> None:
        assert [(4, number, number) for number in range(16)] == canonical_codes([4] * 16, 8)

    def test_longer_codes_come_first(self) -> None:
        assert canonical_codes([2, 1, 2], 8) == [(2, 0, 0), (2, 1, 2), (1, 1, 1)]

    @pytest.mark.parametrize("lengths", [[], [0], [2], [1, 1, 1], [2, 2, 2], [9, 9], [3, 3, 1]])
    def test_lengths_that_make_no_code_are_refused(self, lengths: list[int]) -> None:
        with pytest.raises(HuffmanError):
            canonical_codes(lengths, 8)

    def test_one_symbol_alone_has_a_code_of_one_bit(self) -> None:
        assert lookup_table([0, 1], 8) == ([(1, 1), (0, 0)], 1)

    def test_a_run_of_lengths_is_unrolled(self) -> None:
        assert read_run_lengths(BitReader(b"\x14\xd0"), 16, 4) == [4] * 16

    def test_bits_beyond_the_end_are_refused(self) -> None:
        bits = BitReader(b"\x80")
        assert bits.read(8) == 128
        with pytest.raises(HuffmanError):
            bits.read(1)

    @settings(max_examples=50, deadline=None)
    @given(st.integers(1, 30), st.integers(0, 2**32))
    def test_every_symbol_of_a_full_code_is_found_by_its_bits(self, splits: int, seed: int) -> None:
        chance = random.Random(seed)
        lengths = [0]
        for _ in range(splits):  # split leaves of a tree at random: the lengths always fill it
            leaf = min(range(len(lengths)), key=lambda place: (lengths[place] >= 16, chance.random()))
            lengths[leaf] += 1
            lengths.append(lengths[leaf])
        table, width = lookup_table(lengths, 16)
        assert {symbol for _, symbol in table} == set(range(len(lengths)))
        assert sum(length == 0 for length, _ in table) == 0
        assert len(table) == 1 << width


class TestFlac:
    def test_without_its_package_it_says_what_to_install(self) -> None:
        """Nor does the native kernel decode these bytes."""
        with pytest.raises(DecoderMissingError) as caught:
            FlacDecoder(lambda: None).decode(memoryview(b"L"), SIZE, 0)
        assert caught.value.package == "miniaudio"

"""Deflate blocks of CSO and DAX: packed, decoded, and safe against hostile bytes."""

import tracemalloc
import zlib
from array import array

import pytest
import sample_images
from hypothesis import given, settings
from hypothesis import strategies as st

from discpress.engine.codecs.blocks import PLAIN_BIT, BlockError
from discpress.engine.codecs.deflate import RAW, ZLIB, DeflateCodec
from discpress.engine.codecs.kernels import lz4_codec
from discpress.engine.errors import UsageError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.registry import codec_of
from discpress.engine.units import KIB, MIB

BLOCK = 2048
TEXT = sample_images.compressible(BLOCK)
LEVELS = range(10)
CODECS = {wbits: DeflateCodec(wbits) for wbits in (RAW, ZLIB)}
both_kinds = pytest.mark.parametrize("wbits", [RAW, ZLIB])


def pack(block: bytes, level: int, wbits: int = RAW) -> tuple[bytes, int]:
    """Return the one stored block and its length field."""
    out = memoryview(bytearray(len(block)))
    lengths = array("I", [0])
    used = CODECS[wbits].pack(memoryview(block), len(block), 1, level, out, lengths)
    return bytes(out[:used]), lengths[0]


def decode(stored: bytes, wbits: int = RAW, max_padding: int = 0) -> bytes:
    return CODECS[wbits].decode(memoryview(stored), BLOCK, max_padding)


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_packs_a_raw_stream(level: int) -> None:
    stored, _ = pack(TEXT, level)
    assert zlib.decompress(stored, RAW) == TEXT


def test_level_0_still_compresses() -> None:
    assert pack(TEXT, 0) == pack(TEXT, 1)


@both_kinds
def test_a_packed_block_decodes(wbits: int) -> None:
    assert decode(pack(TEXT, 9, wbits)[0], wbits) == TEXT


def test_noise_stays_plain() -> None:
    noise = sample_images.incompressible(BLOCK)
    assert pack(noise, 9) == (noise, BLOCK | PLAIN_BIT)


@both_kinds
@pytest.mark.parametrize("padding_byte", [b"\0", b"X"])
def test_padding_of_any_length_is_ignored(wbits: int, padding_byte: bytes) -> None:
    assert decode(zlib.compress(TEXT, 9, wbits) + padding_byte * 2047, wbits, 2047) == TEXT


@pytest.mark.parametrize("data", [TEXT + b"!", TEXT[:-1], b""])
def test_a_block_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(BlockError, match="does not decode to 2048 bytes"):
        decode(zlib.compress(data, 9, RAW))


@pytest.mark.slow
def test_a_bomb_costs_no_memory() -> None:
    bomb = zlib.compress(bytes(64 * MIB), 9, RAW)
    tracemalloc.start()
    try:
        with pytest.raises(BlockError):
            decode(bomb)
        assert tracemalloc.get_traced_memory()[1] < 512 * KIB
    finally:
        tracemalloc.stop()


def test_a_zlib_checksum_is_checked() -> None:
    stored = bytearray(zlib.compress(TEXT, 9, ZLIB))
    stored[-1] ^= 1
    with pytest.raises(BlockError, match="does not decode"):
        decode(bytes(stored), ZLIB)


@pytest.mark.slow
@both_kinds
@given(stored=st.binary(max_size=400), max_padding=st.integers(0, 2047))
@settings(deadline=None, max_examples=200)
def test_hostile_bytes_decode_to_a_block_or_are_refused(wbits: int, stored: bytes, max_padding: int) -> None:
    try:
        decoded = decode(stored, wbits, max_padding)
    except BlockError:
        return
    assert len(decoded) == BLOCK


@given(data=st.binary(max_size=BLOCK), level=st.integers(0, 9), wbits=st.sampled_from([RAW, ZLIB]))
@settings(deadline=None, max_examples=100)
def test_a_stream_of_any_length_decodes_where_its_length_is_known(data: bytes, level: int, wbits: int) -> None:
    assert data == CODECS[wbits].decode(memoryview(zlib.compress(data, level, wbits)), len(data), 0)


@pytest.mark.parametrize(
    ("image_format", "name", "max_level"), [(ImageFormat.ZSO, lz4_codec().name, 12), (ImageFormat.CSO, "zlib plain", 9)]
)
def test_each_written_format_has_its_codec(image_format: ImageFormat, name: str, max_level: int) -> None:
    codec = codec_of(Settings(image_format))
    assert (codec.name, codec.max_level) == (name, max_level)


@pytest.mark.parametrize("image_format", [ImageFormat.DAX, ImageFormat.JSO])
def test_a_format_that_is_not_written_here_has_no_codec(image_format: ImageFormat) -> None:
    with pytest.raises(UsageError, match=r"cannot be written: use zso, cso, chd, rvz, .* or iso"):
        codec_of(Settings(image_format))

"""Decodes the codecs cdlz, cdzl, cdzs and cdfl of CHD hunks: frames of a CD (docs/formats.md, section 3).

A hunk decodes to frames, whose sectors and subcode are packed apart, see `cd.frames`. Of cdlz, cdzl and cdzs, the bytes
are

    bitmap; length of the sectors' stream: u16, or u24 if the hunk has 64 KiB;
    the stream of the sectors; the stream of the subcode, to the end
"""

import zlib

from discpress.engine.codecs.blocks import BlockError, Decoder
from discpress.engine.codecs.cd.frames import FRAME_BYTES, SUBCODE_BYTES, join_frames
from discpress.engine.codecs.crc import ends_of_zero, with_reversed_bits
from discpress.engine.codecs.deflate import RAW, DeflateCodec
from discpress.engine.codecs.flac.decoder import (
    LoadPackage,
    decode_frames,
    decode_natively,
    in_byte_order,
    load_miniaudio,
)
from discpress.engine.codecs.lzma_hunks import LzmaDecoder
from discpress.engine.codecs.sector_codes import SECTOR_BYTES
from discpress.engine.codecs.zstd import ZstdDecoder

LONG_HUNK = 64 * 1024
"""Bytes of a hunk from which on the length of its sectors' stream has 3 bytes instead of 2."""

_FLAC_POLYNOMIAL = 0xA001  # 0x8005 reflected
_FLAC_CRC_BITS = 16
_MOST_ENDS = 64  # places that are tried, from the end on: that of the last FLAC frame is the first but by chance
_DEFLATE_SLACK = 64  # a deflate stream is at most this much longer than its content, and 1/100


class CdDecoder:
    """Decodes hunks whose sectors and subcode are streams of two codecs."""

    def __init__(self, name: str, sectors: Decoder, subcode: Decoder) -> None:
        self.name = name
        self._sectors = sectors
        self._subcode = subcode

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one hunk, see `Decoder.decode`."""
        frames = block_size // FRAME_BYTES
        bitmap_bytes = -(-frames // 8)
        start = bitmap_bytes + (2 if block_size < LONG_HUNK else 3)
        length = int.from_bytes(stored[bitmap_bytes:start], "big")
        if len(stored) <= start + length:
            raise BlockError(f"{self.name} hunk does not decode: its {len(stored)} bytes end inside its streams")
        sectors = self._sectors.decode(stored[start : start + length], frames * SECTOR_BYTES, 0)
        subcode = self._subcode.decode(stored[start + length :], frames * SUBCODE_BYTES, 0)
        return join_frames(stored[:bitmap_bytes], sectors, subcode)


class CdFlacDecoder:
    """Decodes hunks of sound: bare FLAC frames, and subcode as raw deflate after the last one.

    The samples are the stored bytes of the frames as big-endian words.
    """

    name = "cdfl"

    def __init__(self, load_package: LoadPackage = load_miniaudio) -> None:
        self._load_package = load_package

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one hunk, see `Decoder.decode`; DecoderMissingError if the package is not installed."""
        frames = block_size // FRAME_BYTES
        found = decode_natively(stored, frames * SECTOR_BYTES)
        subcode = found and _inflated(stored[found[1] :], frames * SUBCODE_BYTES)
        if found is None or subcode is None:
            flac_bytes, subcode = _find_subcode(stored, frames * SUBCODE_BYTES)
            samples = decode_frames(stored[:flac_bytes], frames * SECTOR_BYTES, self._load_package)
            found = in_byte_order(samples, is_big=True), flac_bytes
        return join_frames(bytes(-(-frames // 8)), found[0], subcode)


def _find_subcode(stored: memoryview, subcode_bytes: int) -> tuple[int, bytes]:
    """Return the place of the subcode's stream after FLAC frames of unknown length, and the subcode.

    A place fits if the bytes before it are whole FLAC frames, and the rest is one deflate stream of the right size.
    Each FLAC frame ends with its crc16, so that the crc16 over all of them is 0 (RFC 9639, section 9.3). BlockError if
    no place fits.
    """
    longest = subcode_bytes + subcode_bytes // 100 + _DEFLATE_SLACK
    first = max(1, len(stored) - longest)
    ends = [*ends_of_zero(with_reversed_bits(stored), _FLAC_POLYNOMIAL, _FLAC_CRC_BITS, first)]
    for place in ends[: -_MOST_ENDS - 1 : -1]:
        subcode = _inflated(stored[place:], subcode_bytes)
        if subcode is not None:
            return place, subcode
    raise BlockError("cdfl hunk does not decode: its FLAC frames or their subcode are damaged")


def _inflated(stored: memoryview, size: int) -> bytes | None:
    """Return the bytes of one deflate stream; None if it is damaged, does not end here, or has another size."""
    inflate = zlib.decompressobj(RAW)
    try:
        data = inflate.decompress(stored, size + 1)
    except zlib.error:
        return None
    return data if inflate.eof and not inflate.unused_data and len(data) == size else None


CD_DECODERS: dict[bytes, Decoder] = {
    b"cdlz": CdDecoder("cdlz", LzmaDecoder(), DeflateCodec()),
    b"cdzl": CdDecoder("cdzl", DeflateCodec(), DeflateCodec()),
    b"cdzs": CdDecoder("cdzs", ZstdDecoder(), ZstdDecoder()),
    b"cdfl": CdFlacDecoder(),
}
"""Decoders by the tags in the header of a CHD."""

"""Packs hunks of a CHD of a CD with the codecs cdlz, cdzl, cdzs and cdfl; `cd_hunks` describes what they store.

chdman packs the subcode of cdzs with Zstandard, that of the others with deflate at level 9; so does this module.
"""

import zlib
from collections.abc import Callable
from functools import cached_property, lru_cache

from discpress.engine.codecs.blocks import CompressBlock
from discpress.engine.codecs.cd.frames import FRAME_BYTES, Streams, split_frames
from discpress.engine.codecs.cd_hunks import LONG_HUNK
from discpress.engine.codecs.deflate import RAW
from discpress.engine.codecs.flac.encoder import encode_flac
from discpress.engine.codecs.lzma_hunks import compress_hunk
from discpress.engine.codecs.sector_codes import SECTOR_BYTES
from discpress.engine.codecs.zstd import ZstdCompressors
from discpress.engine.system.files import Readable

_MAX_FLAC_BLOCK = 2352
_SAMPLES = SECTOR_BYTES // 4
_DEFLATE_LEVEL = 9

_zstd = ZstdCompressors()


class CdHunk:
    """A hunk of whole frames; what several codecs need of it is made once."""

    def __init__(self, frames: Readable) -> None:
        """Take frames of FRAME_BYTES bytes; ValueError for another number of bytes."""
        if not len(frames) or len(frames) % FRAME_BYTES:
            raise ValueError(f"expected whole frames of {FRAME_BYTES} bytes, got {len(frames)} bytes")
        self.frames = memoryview(frames)

    def packed(self, codec: bytes, level: int) -> bytes:
        """Return the hunk as a codec of CD_PACKERS stores it; it may be longer than the frames.

        Levels are those of lzma (0 to 9), zlib (1 to 9) and Zstandard (1 to 22); FLAC has none. KeyError for another
        codec, ValueError if its streams are too long for the format.
        """
        return CD_PACKERS[codec](self, level)

    @cached_property
    def sectors(self) -> bytes:
        """The sectors of all frames, without their subcode."""
        starts = range(0, len(self.frames), FRAME_BYTES)
        return b"".join(self.frames[start : start + SECTOR_BYTES] for start in starts)

    @cached_property
    def streams(self) -> Streams:
        """The streams of the frames."""
        return split_frames(self.frames)

    @property
    def is_data(self) -> bool:
        """Whether every sector has the right sync and ECC, as no sound has."""
        frames = len(self.frames) // FRAME_BYTES
        return int.from_bytes(self.streams.bitmap, "little") == (1 << frames) - 1

    @cached_property
    def deflated_subcode(self) -> bytes:
        """The subcode as raw deflate."""
        return _deflated_subcode(self.streams.subcode)


def flac_block_size(frames: int) -> int:
    """Return the samples of a FLAC block in a hunk of so many frames, as chdman chooses them."""
    size = frames * _SAMPLES
    while size > _MAX_FLAC_BLOCK:
        size //= 2
    return size


def _pack_flac(hunk: CdHunk, level: int) -> bytes:
    block_size = flac_block_size(len(hunk.frames) // FRAME_BYTES)
    return encode_flac(hunk.sectors, block_size) + hunk.deflated_subcode


def _pack_lzma(hunk: CdHunk, level: int) -> bytes:
    return _joined(hunk, lambda sectors: compress_hunk(sectors, level), hunk.deflated_subcode)


def _pack_deflate(hunk: CdHunk, level: int) -> bytes:
    return _joined(hunk, lambda sectors: zlib.compress(sectors, level, RAW), hunk.deflated_subcode)


def _pack_zstd(hunk: CdHunk, level: int) -> bytes:
    compress = _zstd.compressor(level)
    return _joined(hunk, compress, bytes(compress(memoryview(hunk.streams.subcode))))


def _joined(hunk: CdHunk, compress: CompressBlock, subcode: bytes) -> bytes:
    bitmap, sectors, _ = hunk.streams
    packed = compress(memoryview(sectors))
    width = 2 if len(hunk.frames) < LONG_HUNK else 3
    if len(packed) >> 8 * width:
        raise ValueError(f"the length {len(packed)} of the stream does not fit into {width} bytes")
    return b"".join((bitmap, len(packed).to_bytes(width, "big"), packed, subcode))


@lru_cache(maxsize=16)
def _deflated_subcode(subcode: bytes) -> bytes:
    """Return subcode as raw deflate; that of nearly all discs is zeros in each hunk."""
    return zlib.compress(subcode, _DEFLATE_LEVEL, RAW)


CD_PACKERS: dict[bytes, Callable[[CdHunk, int], bytes]] = {
    b"cdlz": _pack_lzma,
    b"cdzl": _pack_deflate,
    b"cdzs": _pack_zstd,
    b"cdfl": _pack_flac,
}
"""Packers by the tags in the header of a CHD, see `CdHunk.packed`."""

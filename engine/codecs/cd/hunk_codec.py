"""Packs the hunks of a CHD of a CD, each with the codec that makes it smallest, or plain if none helps.

A codec that cannot win is not tried: in hunks of data FLAC, and mostly deflate; LZMA in hunks of sound.
"""

import zlib
from array import array
from collections.abc import Mapping, Sequence

import zstandard

from discpress.engine.codecs.blocks import PLAIN_BIT, is_zero
from discpress.engine.codecs.cd_packing import CdHunk
from discpress.engine.codecs.chd.notes import SLOT_SHIFT
from discpress.engine.codecs.flac.encoder import is_fast
from discpress.engine.codecs.hunks import working_bytes
from discpress.engine.codecs.lzma_hunks import lzma_version
from discpress.engine.formats import CD_FRAME_BYTES, METHOD_LEVELS, SECTOR_SIZE, Method, highest_level_of
from discpress.engine.units import KIB

_BASES = {Method.CDLZ: Method.LZMA, Method.CDZL: Method.ZLIB, Method.CDZS: Method.ZSTD}
"""The method that packs the sectors, by the method of the hunk."""
_VERSIONS = {
    Method.CDLZ: f"zlib {zlib.ZLIB_RUNTIME_VERSION}",
    Method.CDZL: f"zlib {zlib.ZLIB_RUNTIME_VERSION}",
    Method.CDZS: f"zstd {'.'.join(map(str, zstandard.ZSTD_VERSION))}",
    Method.CDFL: f"flac 1, zlib {zlib.ZLIB_RUNTIME_VERSION}",
}
"""The encoders that decide the bytes of a hunk. Raise the number of `flac` if our own encoder makes other bytes."""
_CHOICE = "choice 3"
"""The rules of `_best`. Raise the number if other codecs are tried."""
_LZMA, _DEFLATE, _FLAC = b"cdlz", b"cdzl", b"cdfl"
_FLAC_BYTES = 512 * KIB
_SOUND_SHARE = 0.75
"""LZMA takes at least this share of deflate's bytes for samples: a hunk is smaller than the window of both."""
_FEW_BYTES = 512
_NOISE_SHARE = 0.9
"""Deflate beats LZMA only for hunks of few bytes, and for data that hardly shrinks: in 640 hunks, for no others."""


def _version_of(method: Method) -> str:
    return f"{lzma_version()}, {_VERSIONS[method]}" if method is Method.CDLZ else _VERSIONS[method]


def cd_working_bytes(methods: Sequence[Method], hunk_size: int, level: int) -> int:
    """Return the most bytes of memory that one packing thread takes besides source and output."""
    bases = [_BASES[method] for method in methods if method in _BASES]
    return 4 * hunk_size + working_bytes(bases, hunk_size, level) + (_FLAC_BYTES if Method.CDFL in methods else 0)


class CdHunkCodec:
    """Packs a chunk of hunks, see `HunkCodec`."""

    def __init__(self, methods: Sequence[Method]) -> None:
        """Take some of CD_METHODS, each once and in their order.

        Without a native kernel no hunk is packed by FLAC, unless it is the only method.
        """
        self.methods = tuple(methods)
        # In plain Python, FLAC takes 0.4 s for a hunk, and a CD would take hours.
        self._used = tuple(each for each in methods if each is not Method.CDFL or len(methods) == 1 or is_fast())
        self.name = f"chd {'+'.join(self._used)} plain"
        self.version = ", ".join((_CHOICE, *(_version_of(method) for method in methods)))
        self.max_level = highest_level_of(methods)

    def pack(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
    ) -> int:
        """Pack a chunk; each codec cuts the level to its highest. A run of zero hunks is packed once."""
        codecs = [
            (slot << SLOT_SHIFT, method.encode("ascii"), _level_of(method, level))
            for slot, method in enumerate(self.methods)
            if method in self._used
        ]
        zeros: tuple[int, bytes] | None = None
        position = 0
        for number in range(len(chunk) // block_size):
            hunk = chunk[number * block_size : (number + 1) * block_size]
            if is_zero(hunk):
                zeros = slot, packed = zeros or _best(hunk, codecs)
            else:
                slot, packed = _best(hunk, codecs)
            length = len(packed)
            if length >= block_size:
                slot, length = PLAIN_BIT, block_size
            out[position : position + length] = hunk if slot == PLAIN_BIT else packed
            lengths[number] = slot | length
            position += length
        return position

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Raise TypeError, because only the map of the file names the codec of a hunk."""
        raise TypeError("hunks are decoded by the decoder that their map names")


def _level_of(method: Method, level: int) -> int:
    base = _BASES.get(method)
    return level if base is None else max(1, min(level, METHOD_LEVELS[base]))


def _best(frames: memoryview, codecs: Sequence[tuple[int, bytes, int]]) -> tuple[int, bytes]:
    """Return the slot and the bytes of the smallest packing; of equal ones, the first, as chdman does."""
    hunk = CdHunk(frames)
    found: dict[bytes, bytes] = {}
    is_data = len(codecs) > 1 and hunk.is_data
    order = codecs if is_data else sorted(codecs, key=lambda each: each[1] == _LZMA)
    for _, codec, level in order:
        if not (_loses_data(codec, found, len(frames)) if is_data else codec == _LZMA and _is_sound(found)):
            found[codec] = hunk.packed(codec, level)
    return min(((slot, found[codec]) for slot, codec, _ in codecs if codec in found), key=lambda each: len(each[1]))


def _loses_data(codec: bytes, found: Mapping[bytes, bytes], hunk_bytes: int) -> bool:
    """Return whether a codec cannot beat those that packed a hunk of data before it."""
    if codec == _FLAC:
        return bool(found)
    most = _NOISE_SHARE * SECTOR_SIZE * (hunk_bytes // CD_FRAME_BYTES)
    return codec == _DEFLATE and _LZMA in found and _FEW_BYTES <= len(found[_LZMA]) < most


def _is_sound(found: Mapping[bytes, bytes]) -> bool:
    """Return whether FLAC made a hunk so much smaller than deflate that LZMA cannot do better."""
    return _FLAC in found and _DEFLATE in found and len(found[_FLAC]) <= _SOUND_SHARE * len(found[_DEFLATE])

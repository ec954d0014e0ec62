"""Packs the hunks of a CHD, each with the codec that makes it smallest, or plain if none helps."""

from array import array
from collections.abc import Callable, Sequence

import zstandard

from discpress.engine.codecs import libdeflate
from discpress.engine.codecs.blocks import PLAIN_BIT, CompressBlock, is_zero
from discpress.engine.codecs.chd.libraries import Library
from discpress.engine.codecs.chd.notes import SLOT_SHIFT
from discpress.engine.codecs.chd.packing import ChunkPacker, Packing, chunk_packer
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.libdeflate import LibdeflateCodec
from discpress.engine.codecs.lzma_hunks import compress_hunk, lzma_version
from discpress.engine.codecs.zstd import ZstdCompressors
from discpress.engine.formats import METHOD_LEVELS, Method, highest_level_of, in_order
from discpress.engine.units import MIB

_ZSTD_SMALL_LEVELS = 8
_PROBE_LEVEL = 1
_PROBED_ABOVE = 2  # lower levels are about as fast as the probe


def _lzma_compressor(level: int) -> CompressBlock:
    def compress(hunk: memoryview) -> bytes:
        return compress_hunk(hunk, level)

    return compress


_zstd = ZstdCompressors()
_deflate = LibdeflateCodec() if libdeflate.VERSION else DeflateCodec()  # no PSP firmware loads a CHD
_MAKERS: dict[Method, Callable[[int], CompressBlock]] = {
    Method.ZSTD: _zstd.compressor,
    Method.LZMA: _lzma_compressor,
    Method.ZLIB: _deflate.compressor,
}
_LIBRARIES = {
    Method.ZSTD: Library.ZSTD,
    Method.LZMA: Library.LZMA,
    Method.ZLIB: Library.LIBDEFLATE if libdeflate.VERSION else Library.ZLIB,
}
_VERSIONS = {
    Method.ZSTD: f"zstd {'.'.join(map(str, zstandard.ZSTD_VERSION))}",
    Method.ZLIB: f"{_deflate.name.split()[0]} {_deflate.version}",
}


def _version_of(method: Method) -> str:
    return lzma_version() if method is Method.LZMA else _VERSIONS[method]


def working_bytes(methods: Sequence[Method], hunk_size: int, level: int) -> int:
    """Return the most bytes of memory that one packing thread takes besides source and output; measured, rounded up."""
    by_method = {
        Method.ZSTD: (19 if level > _ZSTD_SMALL_LEVELS else 5) * hunk_size + MIB,
        Method.LZMA: 12 * hunk_size + MIB,  # liblzma's match finder over a dictionary of one hunk
        Method.ZLIB: MIB // 2,
    }
    return 3 * hunk_size + sum(by_method[method] for method in methods)


class HunkCodec:
    """Packs a chunk of hunks, see `Codec.pack`; each length also contains the number of the best codec (SLOT_SHIFT)."""

    def __init__(self, methods: Sequence[Method]) -> None:
        """Take some of HUNK_METHODS, each once and in their order."""
        self.methods = tuple(methods)
        self.name = f"chd {'+'.join(methods)} plain"
        # Zstandard is always included, because it decides which hunks are worth trying.
        self.version = ", ".join(_version_of(method) for method in in_order((*methods, Method.ZSTD)))
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
        """Pack a chunk; each codec cuts the level to its highest. Hunks are never aligned.

        The native kernel packs it if it makes the same bytes; `pack_plainly` is the reference.
        """
        packer = self._packer(level)
        if packer is not None:
            return packer.pack(chunk, block_size, out, lengths)
        return self.pack_plainly(chunk, block_size, level, out, lengths)

    def _packer(self, level: int) -> ChunkPacker | None:
        probe = Packing(Library.ZSTD, _PROBE_LEVEL, _zstd.compressor(_PROBE_LEVEL)) if level > _PROBED_ABOVE else None
        return chunk_packer([_way(method, level) for method in self.methods], probe)

    def pack_plainly(
        self, chunk: memoryview, block_size: int, level: int, out: memoryview, lengths: "array[int]"
    ) -> int:
        """Pack a chunk without the native kernel, see `pack`.

        After a plain hunk, Zstandard at its fastest first tests whether packing would help. A run of zero hunks is
        packed once.
        """
        compressors = [(slot << SLOT_SHIFT, _way(method, level).compress) for slot, method in enumerate(self.methods)]
        probe = _zstd.compressor(_PROBE_LEVEL) if level > _PROBED_ABOVE else None
        zeros: tuple[int, bytes | bytearray] | None = None
        position = 0
        was_plain = False
        for number in range(len(chunk) // block_size):
            hunk = chunk[number * block_size : (number + 1) * block_size]
            if is_zero(hunk):
                zeros = slot, packed = zeros or _best(hunk, compressors)
            elif was_plain and probe is not None and len(probe(hunk)) >= block_size:
                slot, packed = 0, b""
            else:
                slot, packed = _best(hunk, compressors)
            length = len(packed)
            was_plain = not packed or length >= block_size
            if was_plain:
                slot, length = PLAIN_BIT, block_size
            out[position : position + length] = hunk if was_plain else packed
            lengths[number] = slot | length
            position += length
        return position

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Raise TypeError, because only the map of the file names the codec of a hunk."""
        raise TypeError("hunks are decoded by the decoder that their map names")


def _way(method: Method, level: int) -> Packing:
    """Return the way to pack hunks by a method at a level, which its highest one cuts."""
    own_level = max(1, min(level, METHOD_LEVELS[method]))
    return Packing(_LIBRARIES[method], own_level, _MAKERS[method](own_level))


def _best(hunk: memoryview, compressors: Sequence[tuple[int, CompressBlock]]) -> tuple[int, bytes | bytearray]:
    """Return the slot and the bytes of the smallest packing; of equal ones, the first."""
    return min(((slot, compress(hunk)) for slot, compress in compressors), key=lambda packed: len(packed[1]))

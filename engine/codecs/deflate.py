"""Deflate blocks of CSO and DAX, by zlib, because PSP firmware crashes on blocks made by libdeflate."""

import zlib
from array import array

from discpress.engine.codecs.blocks import BlockError, CompressBlock, pack_blocks
from discpress.engine.formats import METHOD_LEVELS, Method

RAW = -15
"""wbits of a raw deflate stream (CSO)."""
ZLIB = 15
"""wbits of a stream with zlib header and checksum (DAX)."""


class DeflateCodec:
    """Deflate, either raw or with the zlib header; levels 1 to 9."""

    name = "zlib plain"
    version = zlib.ZLIB_RUNTIME_VERSION
    max_level = METHOD_LEVELS[Method.ZLIB]

    def __init__(self, wbits: int = RAW) -> None:
        self._wbits = wbits

    def pack(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
    ) -> int:
        """Pack a chunk, see `Codec.pack`; level 0 counts as 1."""
        compress, probe = self.compressor(max(level, 1)), self.compressor(1) if level > 1 else None
        return pack_blocks(chunk, block_size, alignment, out, lengths, compress, probe)

    def compressor(self, level: int) -> CompressBlock:
        """Return a function that packs one block at a level from 1 to 9."""
        return lambda block: zlib.compress(block, level, self._wbits)

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one block, see `Codec.decode`; a stream marks its own end, so padding needs no search."""
        try:
            decoded = zlib.decompressobj(self._wbits).decompress(stored, block_size + 1)
        except zlib.error as error:
            raise BlockError(f"deflate block does not decode: {error}") from error
        if len(decoded) != block_size:
            raise BlockError(f"deflate block does not decode to {block_size} bytes")
        return decoded

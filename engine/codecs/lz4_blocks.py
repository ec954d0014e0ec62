"""Raw LZ4 blocks of ZSO, by the `lz4` package: the plain kernel, and the reference for the native one."""

from array import array

import lz4
import lz4.block

from discpress.engine.codecs.blocks import BlockError, CompressBlock, pack_blocks
from discpress.engine.formats import METHOD_LEVELS, Method

FAST_LEVEL = 1
MAX_TRIED_PADDING = 7  # alignment 8, enough for 16 GiB; `find_block_end` finds longer paddings


class Lz4Codec:
    """LZ4 without frame, size prefix or dictionary. Level 1 is the fast compressor, levels 3 to 12 are HC."""

    name = "lz4 plain"
    version = lz4.library_version_string()
    max_level = METHOD_LEVELS[Method.LZ4]

    def pack(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
    ) -> int:
        """Pack a chunk, see `Codec.pack`."""
        if level <= FAST_LEVEL:
            return pack_blocks(chunk, block_size, alignment, out, lengths, _compress_fast, None)
        return pack_blocks(chunk, block_size, alignment, out, lengths, high_compressor(level), _compress_fast)

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one block, see `Codec.decode`.

        liblz4 refuses padding after a block. So each possible length is tried, the longest first, and only a result of
        full length counts (docs/formats.md, section 1).
        """
        ends = [len(stored) - padding for padding in range(min(max_padding, MAX_TRIED_PADDING, len(stored) - 1) + 1)]
        for end in ends:
            decoded = _try_decode(stored[:end], block_size)
            if len(decoded) == block_size:
                return decoded
        if max_padding > MAX_TRIED_PADDING:
            decoded = _try_decode(stored[: find_block_end(stored, block_size)], block_size)
            if len(decoded) == block_size:
                return decoded
        raise BlockError(f"LZ4 block does not decode to {block_size} bytes")


def high_compressor(level: int) -> CompressBlock:
    """Return a function that packs one block at an HC level."""

    def compress(block: memoryview) -> bytes:
        packed: bytes = lz4.block.compress(block, "high_compression", compression=level, store_size=False)
        return packed

    return compress


def _compress_fast(block: memoryview) -> bytes:
    packed: bytes = lz4.block.compress(block, "default", store_size=False)
    return packed


def _try_decode(stored: memoryview, block_size: int) -> bytes:
    try:
        decoded: bytes = lz4.block.decompress(stored, uncompressed_size=block_size)
    except lz4.block.LZ4BlockError:
        return b""
    return decoded


def find_block_end(stored: memoryview, block_size: int) -> int | None:
    """Return the end of the LZ4 block at the start of `stored`, by walking its sequences; None if it is broken.

    A sequence is a token (literal length << 4 | match length - 4), more length bytes while they are 255, the literals,
    a 2-byte offset and more match length bytes. The last sequence ends with its literals (lz4_Block_format.md of
    liblz4).
    """
    position = produced = 0
    try:
        while True:
            token = stored[position]
            position += 1
            literals, position = _walk_length(stored, position, token >> 4)
            position += literals
            produced += literals
            if produced >= block_size:
                return position if produced == block_size and position <= len(stored) else None
            match, position = _walk_length(stored, position + 2, token & 15)
            produced += match + 4
            if produced > block_size:
                return None
    except IndexError:
        return None


def _walk_length(stored: memoryview, position: int, length: int) -> tuple[int, int]:
    if length == 15:
        while True:
            extra = stored[position]
            position += 1
            length += extra
            if extra != 255:
                break
    return length, position

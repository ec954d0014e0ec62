"""The codec `lzma` of CHD hunks: raw LZMA1 without a header; lc 3, lp 0, pb 2 (docs/formats.md, section 3)."""

import lzma

from discpress.engine.codecs.blocks import BlockError

_LEAST_DICTIONARY = 4096


class LzmaDecoder:
    """Decodes hunks; a stream ends when the hunk is full, or with a marker after it."""

    name = "lzma"

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Decode one hunk, see `Decoder.decode`."""
        try:
            decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[lzma_filter(block_size)])
            decoded = decoder.decompress(stored, block_size)
        except (lzma.LZMAError, EOFError) as error:
            raise BlockError(f"lzma hunk does not decode: {error}") from error
        if len(decoded) != block_size:
            raise BlockError(f"lzma hunk does not decode to {block_size} bytes")
        return decoded


def lzma_filter(block_size: int, level: int = 6) -> dict[str, int]:
    """Return the filter for a hunk of `block_size` bytes; the level matters only for packing."""
    return {
        "id": lzma.FILTER_LZMA1,
        "preset": level,
        "dict_size": max(block_size, _LEAST_DICTIONARY),
        "lc": 3,
        "lp": 0,
        "pb": 2,
    }

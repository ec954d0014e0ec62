"""The codec `lzma` of CHD hunks: raw LZMA1 without a header; lc 3, lp 0, pb 2 (docs/formats.md, section 3)."""

import lzma
import platform

from discpress.engine.codecs.blocks import BlockError
from discpress.engine.system.files import Readable

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


def compress_hunk(data: Readable, level: int) -> bytes:
    """Return raw LZMA of a hunk, without an end marker if liblzma can leave it out; readers accept both."""
    from discpress.engine.codecs.chd.lzma_encoder import unmarked_encoder  # noqa: PLC0415 - loads ctypes, for this only

    encode, chosen = unmarked_encoder(), lzma_filter(len(data), level)
    return lzma.compress(data, lzma.FORMAT_RAW, filters=[chosen]) if encode is None else encode(data, chosen)


def lzma_version() -> str:
    """Return a text of what the bytes of `compress_hunk` depend on; the module does not tell its library's version."""
    from discpress.engine.codecs.chd.lzma_encoder import unmarked_encoder  # noqa: PLC0415 - as above

    ending = "with" if unmarked_encoder() is None else "without"
    return f"lzma of Python {platform.python_version()} {ending} end marker"


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

"""Deflate blocks for emulators by libdeflate, where the optional package `deflate` is installed.

At equal levels it packs blocks of 2 KiB in half of zlib's time to no more bytes (tests/bench/cso.py; `isal` and
`zlib-ng` were faster only if the result was larger). PSP firmware crashes on its blocks (docs/formats.md, section 1).
"""

from engine.codecs.blocks import CompressBlock
from engine.codecs.deflate import DeflateCodec

try:
    import deflate
except ImportError:
    VERSION = ""
else:
    VERSION = deflate.__version__
    """Of the package, which has a libdeflate of its own; empty where it is not installed."""


class LibdeflateCodec(DeflateCodec):
    """Raw deflate by libdeflate, levels 1 to 9; decodes by zlib."""

    name = "libdeflate plain"
    version = VERSION

    def compressor(self, level: int) -> CompressBlock:
        """Return what packs one block at a level from 1 to 9."""
        return lambda block: deflate.deflate_compress(block, level)

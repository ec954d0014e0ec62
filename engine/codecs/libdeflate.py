"""Deflate blocks for emulators, by libdeflate (optional package `deflate`).

At equal levels libdeflate packs blocks of 2 KiB in half of zlib's time to no more bytes (tests/bench/cso.py; `isal` and
`zlib-ng` were faster only with larger results). Levels 10 to 12, which zlib lacks, make a disc 0.2 to 0.3 % smaller.
PSP firmware crashes on its blocks (docs/formats.md, section 1).
"""

from discpress.engine.codecs.blocks import CompressBlock
from discpress.engine.codecs.deflate import DeflateCodec

try:
    import deflate
except ImportError:
    VERSION = ""
else:
    VERSION = deflate.__version__
    """Version of the package, which bundles its libdeflate; empty if it is not installed."""


class LibdeflateCodec(DeflateCodec):
    """Raw deflate: packs with libdeflate, levels 1 to 12, and decodes with zlib."""

    name = "libdeflate plain"
    version = VERSION
    max_level = 12

    def compressor(self, level: int) -> CompressBlock:
        """Return a function that packs one block at a level from 1 to 12."""
        return lambda block: deflate.deflate_compress(block, level)

"""Which codec packs which format, and how a user's level fits it."""

from engine.codecs import libdeflate
from engine.codecs.blocks import Codec
from engine.codecs.deflate import DeflateCodec
from engine.codecs.kernels import lz4_codec
from engine.codecs.libdeflate import LibdeflateCodec
from engine.codecs.lz4_blocks import Lz4Codec
from engine.formats import ImageFormat, Method

WRITTEN_METHODS = {ImageFormat.ZSO: Method.LZ4, ImageFormat.CSO: Method.ZLIB}
"""The one method of each packed format that is written: neither header has a field for another."""


def codec_for(image_format: ImageFormat, *, for_emulators: bool = False) -> Codec:
    """Return the codec that packs blocks of a written format, by the kernel of this process; KeyError for any other.

    `for_emulators` allows what PSP firmware does not take.
    """
    if WRITTEN_METHODS[image_format] is Method.LZ4:
        return lz4_codec()
    return LibdeflateCodec() if for_emulators and libdeflate.VERSION else DeflateCodec()


def highest_level(image_format: ImageFormat) -> int:
    """Return the highest level of a written format; no kernel is looked for."""
    return (Lz4Codec if WRITTEN_METHODS[image_format] is Method.LZ4 else DeflateCodec).max_level

"""Which codec packs which format, and how a user's level fits it."""

from engine.codecs.blocks import Codec
from engine.codecs.deflate import DeflateCodec
from engine.codecs.lz4_blocks import Lz4Codec
from engine.formats import ImageFormat, Method

WRITTEN_METHODS = {ImageFormat.ZSO: Method.LZ4, ImageFormat.CSO: Method.ZLIB}
"""The one method of each packed format that is written: neither header has a field for another."""


def codec_for(image_format: ImageFormat) -> Codec:
    """Return the codec that packs blocks of a written format; KeyError for any other."""
    codecs: dict[ImageFormat, Codec] = {ImageFormat.ZSO: Lz4Codec(), ImageFormat.CSO: DeflateCodec()}
    return codecs[image_format]

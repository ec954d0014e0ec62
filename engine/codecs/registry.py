"""The codec and the highest level of each written format."""

from collections.abc import Sequence

from discpress.engine.codecs import libdeflate
from discpress.engine.codecs.blocks import Codec
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.hunks import HunkCodec, highest_hunk_level
from discpress.engine.codecs.kernels import lz4_codec
from discpress.engine.codecs.libdeflate import LibdeflateCodec
from discpress.engine.codecs.lz4_blocks import Lz4Codec
from discpress.engine.formats import HUNK_METHODS, ImageFormat, Method

WRITTEN_METHODS = {
    ImageFormat.ZSO: (Method.LZ4,),
    ImageFormat.CSO: (Method.ZLIB,),
    ImageFormat.CHD: HUNK_METHODS,
}
"""The methods of each written packed format; the headers of ZSO and CSO have no field for another method."""


def codec_for(image_format: ImageFormat, methods: Sequence[Method] = (), *, for_emulators: bool = False) -> Codec:
    """Return the codec that packs blocks of a written format, with the kernel of this process.

    `methods` are those of a CHD; `for_emulators` allows blocks that PSP firmware cannot load. KeyError for a format
    that discpress does not write.
    """
    if image_format is ImageFormat.CHD:
        return HunkCodec(methods)
    if Method.LZ4 in WRITTEN_METHODS[image_format]:
        return lz4_codec()
    return LibdeflateCodec() if for_emulators and libdeflate.VERSION else DeflateCodec()


def highest_level(image_format: ImageFormat, methods: Sequence[Method] = ()) -> int:
    """Return the highest level of a written format, without loading a kernel. `methods` are those of a CHD."""
    if image_format is ImageFormat.CHD:
        return highest_hunk_level(methods)
    return (Lz4Codec if Method.LZ4 in WRITTEN_METHODS[image_format] else DeflateCodec).max_level

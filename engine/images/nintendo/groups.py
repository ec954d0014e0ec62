"""The groups of an RVZ, WIA or GCZ as nod-rs stores them, without nod-rs: their bytes have the same lengths.

Source: wia.rs and gcz.rs of nod. Codecs: zlib and liblzma of Python, and the package `zstandard`; nod-rs uses the same
libraries.
"""

import lzma
import zlib
from collections.abc import Callable, Sequence

from discpress.engine.codecs.blocks import align_up
from discpress.engine.codecs.zstd import ZstdCompressors
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.nintendo.clusters import CLUSTER_BYTES, CONTENT_BYTES
from discpress.engine.images.nintendo.content import Area, Piece
from discpress.engine.images.nintendo.rvz_padding import pack_padding

_ZSTD = ZstdCompressors()
_UNIT = 4
"""Groups of an RVZ or WIA begin at multiples of it."""
_EXCEPTIONS = bytes(2)
"""Before the content of a partition: the empty list of its exceptions; nod-rs never writes any."""
_HEADER_BYTES = 0x48 + 0xDC + 68
"""The two headers of an RVZ or WIA, and the mark of NKit 2 after them."""
_PARTITION_BYTES = 48
_AREA_BYTES = 24
_GROUP_BYTES = {ImageFormat.RVZ: 12, ImageFormat.WIA: 8}
_HEAD_BYTES = 0x80
"""First bytes of the disc, which are in the second header."""
_MOST_QUICK_LEVEL = {ImageFormat.RVZ: 9, ImageFormat.GCZ: 9}
_GCZ_HEADER_BYTES = 32
_GCZ_BLOCK_BYTES = 12


def is_quick(settings: Settings) -> bool:
    """Return whether packing takes little time."""
    return settings.level <= _MOST_QUICK_LEVEL.get(settings.format, 0)


def takes_areas(image_format: ImageFormat) -> bool:
    """Return whether the partitions of a disc are packed decrypted, as areas of their own: not in a GCZ."""
    return image_format is not ImageFormat.GCZ


def table_bytes(image_format: ImageFormat, block_size: int, areas: Sequence[Area]) -> int:
    """Return the bytes of a file before its first group."""
    first = 0 if image_format is ImageFormat.GCZ else _HEAD_BYTES
    groups = sum(-(-(area.end - max(first, area.start)) // block_size) for area in areas)
    if image_format is ImageFormat.GCZ:
        return _GCZ_HEADER_BYTES + _GCZ_BLOCK_BYTES * groups
    partitions = sum(area.clusters is not None for area in areas)
    tables = _PARTITION_BYTES * partitions + _AREA_BYTES * (1 + 2 * partitions)
    return align_up(_HEADER_BYTES + tables + _GROUP_BYTES[image_format] * groups, _UNIT)


def stored_groups(settings: Settings, piece: Piece) -> list[bytes]:
    """Return the stored bytes of each group in a piece that begins with a group; none for zeros, as in the file."""
    pack = _PACKERS[settings.format]
    size = settings.block_size
    if piece.is_in_partition:
        size = size // CLUSTER_BYTES * CONTENT_BYTES
    starts = range(0, len(piece.data), size)
    return [pack(settings, piece._replace(data=piece.data[at : at + size], offset=piece.offset + at)) for at in starts]


def _aligned(data: bytes) -> bytes:
    return data.ljust(align_up(len(data), _UNIT), b"\0")


def _pack_rvz(settings: Settings, group: Piece) -> bytes:
    if not group.data.strip(b"\0"):
        return b""
    exceptions = _EXCEPTIONS if group.is_in_partition else b""
    content = pack_padding(group.data, group.offset, *group.origin)
    plain = _aligned(_aligned(exceptions) + content)
    packed = _aligned(bytes(_ZSTD.compressor(settings.level)(memoryview(exceptions + content))))
    return packed if len(packed) < len(plain) else plain


def _pack_wia(settings: Settings, group: Piece) -> bytes:
    if not group.data.strip(b"\0"):
        return b""
    exceptions = _EXCEPTIONS if group.is_in_partition else b""
    filters = [{"id": lzma.FILTER_LZMA1, "preset": settings.level}]
    return _aligned(lzma.compress(exceptions + group.data, lzma.FORMAT_RAW, filters=filters))


def _pack_gcz(settings: Settings, group: Piece) -> bytes:
    block = group.data.ljust(settings.block_size, b"\0")
    packed = zlib.compress(block, settings.level)
    return packed if len(packed) <= len(block) else block


_PACKERS: dict[ImageFormat, Callable[[Settings, Piece], bytes]] = {
    ImageFormat.RVZ: _pack_rvz,
    ImageFormat.WIA: _pack_wia,
    ImageFormat.GCZ: _pack_gcz,
}

"""GameCube and Wii discs in other programs' formats: reads the header of the disc through that of the file.

Layouts: WiaAndRvz.md of Dolphin's docs for WIA and RVZ; its source for GCZ and CISO; libwbfs for WBFS. WIA, RVZ and
WBFS are big-endian, GCZ and CISO little-endian. Every number is checked before it is used.
"""

import hashlib
import zlib
from struct import Struct

from discpress.engine.discs.headers import NINTENDO_BYTES, nintendo_disc
from discpress.engine.discs.info import DiscInfo, ForeignImage, Found
from discpress.engine.formats import MAX_DISC_BYTES
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.systems import System

# magic, versions, size of the second header, its SHA-1, size of the disc, size of this file; SHA-1 of the bytes before
_WIA = Struct(">4s4x4xI20sQQ20s")
_WIA_DISC = Struct(">I12x")  # kind of disc; how it is packed; the disc's first bytes follow
_WIA_HASHED = 0x34
_WIA_KINDS = {1: System.GAMECUBE, 2: System.WII}

_GCZ = Struct("<IIQQII")  # magic, kind, packed bytes, disc bytes, block size, blocks
_GCZ_KINDS = {0: System.GAMECUBE, 1: System.WII}
_GCZ_PLAIN = 1 << 63
_GCZ_MAX_BLOCK = 16 * 1024 * 1024
_GCZ_LOOK = 64 * 1024

_CISO_HEADER_BYTES = 0x8000
_WBFS_SECTOR_BITS = range(9, 17)


def read_wbfs(source: ByteSource) -> ForeignImage:
    """Return the facts of a WBFS, which states no size. StorageError if the disk fails."""
    bits = read_bytes(source, 8, 1)
    offset = 1 << bits[0] if bits and bits[0] in _WBFS_SECTOR_BITS else source.size_bytes
    return _disc(read_bytes(source, offset, NINTENDO_BYTES), System.WII)


def read_gamecube_ciso(source: ByteSource) -> ForeignImage:
    """Return the facts of a GameCube CISO, which states no size. StorageError if the disk fails."""
    has_first_block = read_bytes(source, 8, 1) == b"\1"
    offset = _CISO_HEADER_BYTES if has_first_block else source.size_bytes
    return _disc(read_bytes(source, offset, NINTENDO_BYTES), System.UNKNOWN)


def _disc(head: bytes, system: System, original_bytes: int = 0) -> ForeignImage:
    disc = nintendo_disc(head) or DiscInfo(system, found=Found.NAME if system is System.UNKNOWN else Found.INSIDE)
    return ForeignImage(disc, original_bytes if 0 < original_bytes <= MAX_DISC_BYTES else 0)


def read_wia(source: ByteSource) -> ForeignImage:
    """Return the facts of a WIA or RVZ, without implausible ones. StorageError if the disk fails."""
    head = read_bytes(source, 0, _WIA.size)
    if len(head) < _WIA.size:
        return ForeignImage(DiscInfo())
    _, _, _, disc_bytes, file_bytes, digest = _WIA.unpack(head)
    is_whole = hashlib.sha1(head[:_WIA_HASHED], usedforsecurity=False).digest() == digest
    if not is_whole or file_bytes != source.size_bytes:
        disc_bytes = 0
    second = read_bytes(source, _WIA.size, _WIA_DISC.size + NINTENDO_BYTES)
    if len(second) < _WIA_DISC.size:
        return _disc(b"", System.UNKNOWN, disc_bytes)
    (kind,) = _WIA_DISC.unpack_from(second)
    return _disc(second[_WIA_DISC.size :], _WIA_KINDS.get(kind, System.UNKNOWN), disc_bytes)


def read_gcz(source: ByteSource) -> ForeignImage:
    """Return the facts of a GCZ, without implausible ones. StorageError if the disk fails."""
    head = read_bytes(source, 0, _GCZ.size)
    if len(head) < _GCZ.size:
        return ForeignImage(DiscInfo())
    _, kind, packed_bytes, disc_bytes, block_size, blocks = _GCZ.unpack(head)
    data_offset = _GCZ.size + 12 * blocks
    is_possible = (
        0 < block_size <= _GCZ_MAX_BLOCK
        and blocks == -(-disc_bytes // block_size)
        and data_offset + packed_bytes <= source.size_bytes
    )
    system = _GCZ_KINDS.get(kind, System.UNKNOWN)
    if not is_possible:
        return _disc(b"", system)
    pointer = int.from_bytes(read_bytes(source, _GCZ.size, 8), "little")
    stored = read_bytes(source, data_offset + (pointer & ~_GCZ_PLAIN), _GCZ_LOOK)
    if not pointer & _GCZ_PLAIN:
        try:
            stored = zlib.decompressobj().decompress(stored, NINTENDO_BYTES)
        except zlib.error:
            stored = b""
    return _disc(stored, system, disc_bytes)

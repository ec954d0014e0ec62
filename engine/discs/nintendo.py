"""GameCube and Wii discs in other programs' formats: reads the header of the disc through that of the file.

Layouts: WiaAndRvz.md of Dolphin's docs for WIA and RVZ; its source for GCZ, CISO and TGC; libwbfs for WBFS. WIA, RVZ,
TGC and WBFS are big-endian, GCZ and CISO little-endian. Every number is checked before it is used.
"""

import hashlib
import zlib
from dataclasses import replace
from struct import Struct

from discpress.engine.discs.headers import NINTENDO_BYTES, nintendo_disc
from discpress.engine.discs.info import DiscInfo, ForeignImage, Found
from discpress.engine.formats import MAX_DISC_BYTES
from discpress.engine.images.nintendo_loss import LOSS_BYTES, describe_absent_blocks, describe_loss
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.wbfs import read_wbfs_header
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

_CISO = Struct("<4sI")  # magic, block size; a byte for each block follows
_CISO_HEADER_BYTES = 0x8000
_CISO_BLOCKS = range(0x8000, 1 << 28)

_TGC = Struct(">4s4xI")  # magic, version, offset of the disc's header
_TGC_MOVED = "its files are moved, so it is no exact copy of a disc"


def read_wbfs(source: ByteSource) -> ForeignImage:
    """Return the facts of a WBFS, which states no size of the disc. StorageError if the disk fails."""
    header = read_wbfs_header(source)
    if header is None:
        return _disc(b"", System.WII)
    found = _disc(read_bytes(source, header.disc_offset, NINTENDO_BYTES), System.WII)
    found = replace(found, problem=describe_absent_blocks(found.disc.system, header.stored, header.block_size))
    return _checked(found, source, header.needed_bytes)


def read_gamecube_ciso(source: ByteSource) -> ForeignImage:
    """Return the facts of a GameCube CISO, which states no size. StorageError if the disk fails."""
    head = read_bytes(source, 0, _CISO_HEADER_BYTES)
    if len(head) < _CISO_HEADER_BYTES:
        return _checked(_disc(b"", System.UNKNOWN), source, _CISO_HEADER_BYTES)
    _, block_size = _CISO.unpack_from(head)
    stored = [number for number, is_stored in enumerate(head[_CISO.size :]) if is_stored == 1]
    start = read_bytes(source, _CISO_HEADER_BYTES, LOSS_BYTES) if 0 in stored[:1] else b""
    found = _disc(start, System.UNKNOWN)
    if not stored or block_size not in _CISO_BLOCKS:
        return found
    absent = describe_absent_blocks(found.disc.system, stored, block_size)
    # The last block may end with the disc.
    needed_bytes = _CISO_HEADER_BYTES + (len(stored) - 1) * block_size + 1
    return _checked(replace(found, problem=found.problem or absent), source, needed_bytes)


def read_tgc(source: ByteSource) -> ForeignImage:
    """Return the facts of a TGC, a disc in a file of a demo disc. StorageError if the disk fails."""
    head = read_bytes(source, 0, _TGC.size)
    if len(head) < _TGC.size:
        return ForeignImage(DiscInfo(System.GAMECUBE, found=Found.INSIDE))
    _, offset = _TGC.unpack(head)
    return replace(_disc(read_bytes(source, offset, NINTENDO_BYTES), System.GAMECUBE), problem=_TGC_MOVED)


def _disc(head: bytes, system: System, original_bytes: int = 0) -> ForeignImage:
    """Return the facts in the first bytes of a disc, of at most LOSS_BYTES; `system` is that of an unknown disc."""
    disc = nintendo_disc(head) or DiscInfo(system, found=Found.NAME if system is System.UNKNOWN else Found.INSIDE)
    original_bytes = original_bytes if 0 < original_bytes <= MAX_DISC_BYTES else 0
    return ForeignImage(disc, original_bytes, problem=describe_loss(disc.system, head, original_bytes))


def _checked(found: ForeignImage, source: ByteSource, needed_bytes: int) -> ForeignImage:
    """Return the facts, with the problem of a file that is shorter than its header allows."""
    if source.size_bytes >= needed_bytes:
        return found
    problem = f"cut short: by its header it has at least {needed_bytes} bytes, here are {source.size_bytes}"
    return replace(found, original_bytes=0, problem=problem, is_cut=True)


def read_wia(source: ByteSource) -> ForeignImage:
    """Return the facts of a WIA or RVZ, without implausible ones. StorageError if the disk fails."""
    head = read_bytes(source, 0, _WIA.size)
    if len(head) < _WIA.size:
        return ForeignImage(DiscInfo())
    _, _, _, disc_bytes, file_bytes, digest = _WIA.unpack(head)
    is_sound = hashlib.sha1(head[:_WIA_HASHED], usedforsecurity=False).digest() == digest
    if not is_sound or file_bytes < source.size_bytes:
        disc_bytes = 0
    needed_bytes = file_bytes if is_sound else 0
    second = read_bytes(source, _WIA.size, _WIA_DISC.size + NINTENDO_BYTES)
    if len(second) < _WIA_DISC.size:
        return _checked(_disc(b"", System.UNKNOWN, disc_bytes), source, needed_bytes)
    (kind,) = _WIA_DISC.unpack_from(second)
    found = _disc(second[_WIA_DISC.size :], _WIA_KINDS.get(kind, System.UNKNOWN), disc_bytes)
    return _checked(found, source, needed_bytes)


def read_gcz(source: ByteSource) -> ForeignImage:
    """Return the facts of a GCZ, without implausible ones. StorageError if the disk fails."""
    head = read_bytes(source, 0, _GCZ.size)
    if len(head) < _GCZ.size:
        return ForeignImage(DiscInfo())
    _, kind, packed_bytes, disc_bytes, block_size, blocks = _GCZ.unpack(head)
    data_offset = _GCZ.size + 12 * blocks
    is_possible = (
        0 < block_size <= _GCZ_MAX_BLOCK
        and 0 < disc_bytes <= MAX_DISC_BYTES
        and blocks == -(-disc_bytes // block_size)
        and packed_bytes <= blocks * block_size
    )
    system = _GCZ_KINDS.get(kind, System.UNKNOWN)
    if not is_possible:
        return _disc(b"", system)
    pointer = int.from_bytes(read_bytes(source, _GCZ.size, 8), "little")
    stored = read_bytes(source, data_offset + (pointer & ~_GCZ_PLAIN), _GCZ_LOOK)
    if not pointer & _GCZ_PLAIN:
        try:
            stored = zlib.decompressobj().decompress(stored, LOSS_BYTES)
        except zlib.error:
            stored = b""
    return _checked(_disc(stored[:LOSS_BYTES], system, disc_bytes), source, data_offset + packed_bytes)

"""GameCube and Wii discs: reads the header of the disc in images of other programs' formats.

Layouts: WiaAndRvz.md of Dolphin's docs for WIA and RVZ; its source for GCZ and CISO; libwbfs for WBFS. WIA, RVZ, WBFS
and the disc header are big-endian, GCZ and CISO little-endian. Every number is checked before it is used.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass
from struct import Struct

from discpress.engine.discs.file_titles import clean_text
from discpress.engine.discs.identity import System
from discpress.engine.formats import MAX_DISC_BYTES, ImageFormat
from discpress.engine.images.known_disc import GAMECUBE_MAGIC, WII_MAGIC
from discpress.engine.images.source import ByteSource, read_bytes

_DISC = Struct(">6s18xII64s")  # game id, magic of a Wii disc, of a GameCube disc, title
_GAME_ID = re.compile(rb"[A-Z0-9]{6}")
_REGIONS = {"E": "US", "P": "EU", "D": "EU", "F": "EU", "I": "EU", "S": "EU", "J": "JP", "K": "KR", "W": "AS"}

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


@dataclass(frozen=True, slots=True)
class NintendoDisc:
    """The facts in the header of such a file."""

    system: System = System.UNKNOWN
    game_id: str = ""
    """`GALE01`; empty if it cannot be read."""
    title: str = ""
    region: str = ""
    original_bytes: int = 0
    """Size of the disc if the header states a plausible one, else 0."""


def read_nintendo(source: ByteSource, image_format: ImageFormat) -> NintendoDisc:
    """Return the facts of a WBFS, WIA, RVZ, GCZ or GameCube CISO, without implausible ones. StorageError if the disk
    fails."""
    if image_format in {ImageFormat.WIA, ImageFormat.RVZ}:
        return _read_wia(source)
    if image_format is ImageFormat.GCZ:
        return _read_gcz(source)
    if image_format is ImageFormat.WBFS:
        bits = read_bytes(source, 8, 1)
        offset = 1 << bits[0] if bits and bits[0] in _WBFS_SECTOR_BITS else source.size_bytes
        return _disc(read_bytes(source, offset, _DISC.size), System.WII)
    has_first_block = read_bytes(source, 8, 1) == b"\1"
    offset = _CISO_HEADER_BYTES if has_first_block else source.size_bytes
    return _disc(read_bytes(source, offset, _DISC.size), System.UNKNOWN)


def _disc(head: bytes, system: System, original_bytes: int = 0) -> NintendoDisc:
    if not 0 < original_bytes <= MAX_DISC_BYTES:
        original_bytes = 0
    if len(head) < _DISC.size:
        return NintendoDisc(system, original_bytes=original_bytes)
    game_id, wii, gamecube, title = _DISC.unpack_from(head)
    if wii == WII_MAGIC:
        system = System.WII
    elif gamecube == GAMECUBE_MAGIC:
        system = System.GAMECUBE
    else:
        return NintendoDisc(system, original_bytes=original_bytes)
    serial = game_id.decode("ascii") if _GAME_ID.fullmatch(game_id) else ""
    name = clean_text(title.partition(b"\0")[0].decode("utf-8", "replace"))
    return NintendoDisc(system, serial, name, _REGIONS.get(serial[3:4], ""), original_bytes)


def _read_wia(source: ByteSource) -> NintendoDisc:
    head = read_bytes(source, 0, _WIA.size)
    if len(head) < _WIA.size:
        return NintendoDisc()
    _, _, _, disc_bytes, file_bytes, digest = _WIA.unpack(head)
    is_whole = hashlib.sha1(head[:_WIA_HASHED], usedforsecurity=False).digest() == digest
    if not is_whole or file_bytes != source.size_bytes:
        disc_bytes = 0
    second = read_bytes(source, _WIA.size, _WIA_DISC.size + _DISC.size)
    if len(second) < _WIA_DISC.size:
        return NintendoDisc(original_bytes=disc_bytes if disc_bytes <= MAX_DISC_BYTES else 0)
    (kind,) = _WIA_DISC.unpack_from(second)
    return _disc(second[_WIA_DISC.size :], _WIA_KINDS.get(kind, System.UNKNOWN), disc_bytes)


def _read_gcz(source: ByteSource) -> NintendoDisc:
    head = read_bytes(source, 0, _GCZ.size)
    if len(head) < _GCZ.size:
        return NintendoDisc()
    _, kind, packed_bytes, disc_bytes, block_size, blocks = _GCZ.unpack(head)
    data_offset = _GCZ.size + 12 * blocks
    is_possible = (
        0 < block_size <= _GCZ_MAX_BLOCK
        and blocks == -(-disc_bytes // block_size)
        and data_offset + packed_bytes <= source.size_bytes
    )
    system = _GCZ_KINDS.get(kind, System.UNKNOWN)
    if not is_possible:
        return NintendoDisc(system)
    pointer = int.from_bytes(read_bytes(source, _GCZ.size, 8), "little")
    stored = read_bytes(source, data_offset + (pointer & ~_GCZ_PLAIN), _GCZ_LOOK)
    if not pointer & _GCZ_PLAIN:
        try:
            stored = zlib.decompressobj().decompress(stored, _DISC.size)
        except zlib.error:
            stored = b""
    return _disc(stored, system, disc_bytes)

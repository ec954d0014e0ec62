"""The headers of WIA, RVZ, GCZ, WBFS, CISO and TGC: the size of the disc, its first bytes, and the fewest bytes of the
file.

Layouts: WiaAndRvz.md of Dolphin's docs for WIA and RVZ; its source for GCZ, CISO and TGC; libwbfs for WBFS; nkit.rs of
nod for NKit 2. WIA, RVZ, TGC, WBFS and NKit are big-endian, GCZ and CISO little-endian. Every number is checked before
it is used.
"""

import hashlib
import operator
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from struct import Struct

from discpress.engine.formats import MAX_DISC_BYTES, ImageFormat
from discpress.engine.images.nintendo.blocks import BlockMap
from discpress.engine.images.nintendo_loss import LOSS_BYTES, describe_absent_blocks, describe_loss
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.wbfs import read_wbfs_header
from discpress.engine.systems import System

# magic, versions, size of the second header, its SHA-1, size of the disc, size of this file; SHA-1 of the bytes before
_WIA = Struct(">4s4x4xI20sQQ20s")
_WIA_DISC = Struct(">IIiI")  # kind of disc, method, level, chunk size; the disc's first bytes follow
_WIA_HASHED = 0x34
_WIA_HEAD_BYTES = 0x80
_WIA_KINDS = {1: System.GAMECUBE, 2: System.WII}
_WIA_METHODS = ("", "purge", "bzip2", "lzma", "lzma2", "zstd")

GCZ_HEADER = Struct("<IIQQII")  # magic, kind, packed bytes, disc bytes, block size, blocks
_GCZ_KINDS = {0: System.GAMECUBE, 1: System.WII}
GCZ_PLAIN = 1 << 63
_GCZ_MAX_BLOCK = 16 * 1024 * 1024
_GCZ_LOOK = 64 * 1024

_CISO = Struct("<4sI")  # magic, block size; a byte for each block follows
_CISO_HEADER_BYTES = 0x8000
_CISO_BLOCKS = range(0x8000, 1 << 28)
_IS_ONE = bytes(byte == 1 for byte in range(256))
"""Of the byte of a block, whether it is stored."""

_WBFS_COPY_BYTES = 0x100
"""Bytes of the disc's start that are in the header too."""
_WBFS_NKIT_OFFSET = 0x10000

_TGC = Struct(">4s4xI28xI8xI")  # magic, version, offset of the disc's header; size of user data; original start of it


@dataclass(frozen=True, slots=True)
class PackedDisc:
    """A packed GameCube or Wii disc as the header of its file describes it."""

    system: System = System.UNKNOWN
    """The system that the header states; UNKNOWN if it states none."""
    head: bytes = b""
    """The first bytes of the disc, at most LOSS_BYTES; empty if they are not known without decoding."""
    disc_bytes: int = 0
    """Size of the disc; 0 if the header states none or an impossible one."""
    block_size: int = 0
    """Decoded bytes of a block or chunk; 0 if there are none, or the header is impossible."""
    method: str = ""
    """The codec of the blocks; empty if there is none."""
    needed_bytes: int = 0
    """The fewest bytes of a whole file; 0 if unknown."""
    blocks: BlockMap | None = None
    """The stored blocks of a WBFS or CISO."""
    is_moved: bool = False
    """Whether the files of the disc are at other places, as in a TGC."""
    states_size: bool = True
    """Whether the file states the size of the disc, which a WBFS or CISO does with a mark of NKit 2 only."""

    def describe_loss(self, system: System) -> str:
        """Return the loss of the disc of a system as a clause; empty if nothing shows a loss."""
        if self.is_moved:
            return "its files are moved, so it is no exact copy of a disc"
        if self.states_size or self.blocks is None:
            return describe_loss(system, self.head, self.disc_bytes)
        absent = describe_absent_blocks(system, self.blocks.stored, self.block_size)
        return describe_loss(system, self.head, 0) or absent

    def describe_cut(self, file_bytes: int) -> str:
        """Return the problem of a file of so many bytes, which are fewer than `needed_bytes`."""
        return f"cut short: by its header it has at least {self.needed_bytes} bytes, here are {file_bytes}"


def read_packed_disc(source: ByteSource, image_format: ImageFormat) -> PackedDisc:
    """Return the facts in the header of a file in one of these formats. No bytes make it fail; StorageError."""
    return _READERS[image_format](source)


def _read_wbfs(source: ByteSource) -> PackedDisc:
    header = read_wbfs_header(source)
    if header is None:
        return PackedDisc(System.WII)
    blocks = BlockMap(header.block_size, header.places, 0, _WBFS_NKIT_OFFSET)
    head = read_bytes(source, header.disc_offset, _WBFS_COPY_BYTES)
    start = blocks.read_at(source, 0, LOSS_BYTES)
    return _with_blocks(
        source,
        PackedDisc(
            System.WII,
            start if start.startswith(head) else head,
            block_size=header.block_size,
            needed_bytes=header.needed_bytes,
            blocks=blocks,
        ),
    )


def _with_blocks(source: ByteSource, found: PackedDisc) -> PackedDisc:
    """Return the facts of a WBFS or CISO with the size of the disc."""
    assert found.blocks is not None
    marked_bytes = found.blocks.marked_bytes(source)
    disc_bytes = found.blocks.guess_bytes(source, found.head) if marked_bytes is None else _possible(marked_bytes)
    return replace(found, disc_bytes=disc_bytes, states_size=marked_bytes is not None)


def _read_ciso(source: ByteSource) -> PackedDisc:
    head = read_bytes(source, 0, _CISO_HEADER_BYTES)
    if len(head) < _CISO_HEADER_BYTES:
        return PackedDisc(needed_bytes=_CISO_HEADER_BYTES)
    _, block_size = _CISO.unpack_from(head)
    stored = head[_CISO.size :].translate(_IS_ONE)
    if block_size not in _CISO_BLOCKS or not any(stored):
        return PackedDisc()
    places = tuple(map(operator.mul, accumulate(stored), stored))
    data_bytes = _CISO_HEADER_BYTES + sum(stored) * block_size
    blocks = BlockMap(block_size, places, _CISO_HEADER_BYTES - block_size, data_bytes)
    # The last block may end with the disc.
    found = PackedDisc(
        head=blocks.read_at(source, 0, LOSS_BYTES) if places[0] else b"",
        block_size=block_size,
        needed_bytes=data_bytes - block_size + 1,
        blocks=blocks,
    )
    return _with_blocks(source, found)


def _read_tgc(source: ByteSource) -> PackedDisc:
    head = read_bytes(source, 0, _TGC.size)
    if len(head) < _TGC.size:
        return PackedDisc(System.GAMECUBE)
    _, offset, data_bytes, start = _TGC.unpack(head)
    disc_bytes = _possible(start + data_bytes)
    return PackedDisc(System.GAMECUBE, read_bytes(source, offset, LOSS_BYTES), disc_bytes, is_moved=True)


def _read_wia(source: ByteSource) -> PackedDisc:
    head = read_bytes(source, 0, _WIA.size)
    if len(head) < _WIA.size:
        return PackedDisc()
    _, _, _, disc_bytes, file_bytes, digest = _WIA.unpack(head)
    is_sound = hashlib.sha1(head[:_WIA_HASHED], usedforsecurity=False).digest() == digest
    disc_bytes = _possible(disc_bytes) if is_sound and file_bytes >= source.size_bytes else 0
    needed_bytes = file_bytes if is_sound else 0
    second = read_bytes(source, _WIA.size, _WIA_DISC.size + _WIA_HEAD_BYTES)
    if len(second) < _WIA_DISC.size:
        return PackedDisc(disc_bytes=disc_bytes, needed_bytes=needed_bytes)
    kind, method, _, block_size = _WIA_DISC.unpack_from(second)
    return PackedDisc(
        _WIA_KINDS.get(kind, System.UNKNOWN),
        second[_WIA_DISC.size :],
        disc_bytes,
        block_size,
        _WIA_METHODS[method] if method < len(_WIA_METHODS) else "",
        needed_bytes,
    )


def _read_gcz(source: ByteSource) -> PackedDisc:
    head = read_bytes(source, 0, GCZ_HEADER.size)
    if len(head) < GCZ_HEADER.size:
        return PackedDisc()
    _, kind, packed_bytes, disc_bytes, block_size, blocks = GCZ_HEADER.unpack(head)
    data_offset = GCZ_HEADER.size + 12 * blocks
    is_possible = (
        0 < block_size <= _GCZ_MAX_BLOCK
        and 0 < disc_bytes <= MAX_DISC_BYTES
        and blocks == -(-disc_bytes // block_size)
        and packed_bytes <= blocks * block_size
    )
    system = _GCZ_KINDS.get(kind, System.UNKNOWN)
    if not is_possible:
        return PackedDisc(system)
    pointer = int.from_bytes(read_bytes(source, GCZ_HEADER.size, 8), "little")
    stored = read_bytes(source, data_offset + (pointer & ~GCZ_PLAIN), _GCZ_LOOK)
    if not pointer & GCZ_PLAIN:
        try:
            stored = zlib.decompressobj().decompress(stored, LOSS_BYTES)
        except zlib.error:
            stored = b""
    return PackedDisc(system, stored[:LOSS_BYTES], disc_bytes, block_size, "zlib", data_offset + packed_bytes)


def _possible(disc_bytes: int) -> int:
    return disc_bytes if 0 < disc_bytes <= MAX_DISC_BYTES else 0


_READERS: Mapping[ImageFormat, Callable[[ByteSource], PackedDisc]] = {
    ImageFormat.GAMECUBE_CISO: _read_ciso,
    ImageFormat.GCZ: _read_gcz,
    ImageFormat.RVZ: _read_wia,
    ImageFormat.TGC: _read_tgc,
    ImageFormat.WBFS: _read_wbfs,
    ImageFormat.WIA: _read_wia,
}

PACKED_DISCS = frozenset(_READERS)
"""The packed forms of GameCube and Wii discs."""

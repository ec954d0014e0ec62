"""The header of a WBFS: its size, and the blocks of the disc that it stores.

Layout: libwbfs. Big-endian. A disc has at most 143,432 * 2 sectors of 32 KiB, and its map has an entry for each block:
0, or the number of the block in the file. Every number is checked before it is used.
"""

from dataclasses import dataclass
from struct import Struct

from discpress.engine.images.source import ByteSource, read_bytes

WBFS_MAGIC = b"WBFS"
_HEAD = Struct(">4sIBB")  # magic, sectors of the file, log2 of a sector's bytes, log2 of a block's bytes
_SECTOR_BITS = range(9, 17)
_BLOCK_BITS = range(18, 28)
"""Block numbers have 16 bits, so that smaller blocks cannot reach the end of a disc."""
_DISC_HEAD_BYTES = 0x100
_MOST_DISC_BYTES = 143_432 * 2 * 0x8000


@dataclass(frozen=True, slots=True)
class Wbfs:
    """The header of a WBFS."""

    file_bytes: int
    """Bytes of the file, or of all its parts, as the header states them."""
    disc_offset: int
    """Offset of the copy of the disc's first 256 bytes."""
    block_size: int
    """Bytes of a block."""
    places: tuple[int, ...]
    """For each block of the disc its number in the file, 0 if it is not stored."""

    @property
    def stored(self) -> tuple[int, ...]:
        """The numbers of the stored blocks on the disc."""
        return tuple(number for number, place in enumerate(self.places) if place)

    @property
    def needed_bytes(self) -> int:
        """The fewest bytes of a whole file: the header may state where the last block ends, else it may be short."""
        last = max(self.places, default=0)
        start, end = last * self.block_size, (last + 1) * self.block_size
        return self.file_bytes if start < self.file_bytes <= end else start + 1


def read_wbfs_header(source: ByteSource) -> Wbfs | None:
    """Return the header of a WBFS; None if it is impossible. StorageError if the disk fails."""
    head = read_bytes(source, 0, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, sectors, sector_bits, block_bits = _HEAD.unpack(head)
    if magic != WBFS_MAGIC or sector_bits not in _SECTOR_BITS or block_bits not in _BLOCK_BITS:
        return None
    disc_offset, block_size = 1 << sector_bits, 1 << block_bits
    entries = Struct(f">{-(-_MOST_DISC_BYTES // block_size)}H")
    table = read_bytes(source, disc_offset + _DISC_HEAD_BYTES, entries.size).ljust(entries.size, b"\0")
    return Wbfs(sectors << sector_bits, disc_offset, block_size, entries.unpack(table))

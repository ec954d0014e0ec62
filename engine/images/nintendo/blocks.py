"""The blocks of a disc that a WBFS or a CISO stores, and the size of the disc, which neither states.

The size is that of the NKit 2 mark, which nod-rs writes, or it follows from the disc as in nod's guess_disc_size: the
size of a full dump of the smallest medium that contains all partitions. Layouts: nkit.rs of nod; wiibrew.org, Wii disc.
All numbers are big-endian, and offsets on the disc count 4 bytes.
"""

from dataclasses import dataclass
from struct import Struct

from discpress.engine.formats import MAX_DISC_BYTES
from discpress.engine.images.known_disc import find_mark
from discpress.engine.images.nintendo.partitions import DATA, find_partitions
from discpress.engine.images.nintendo_loss import FULL_BYTES
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.systems import System

_NKIT = Struct(">8sHHQ")  # magic with the version, size of the header, flags, size of the disc
_NKIT_2 = b"NKIT  v2"
_NKIT_HAS_SIZE = 1


@dataclass(frozen=True, slots=True)
class BlockMap:
    """The places of a disc's blocks in a file."""

    block_size: int
    """Bytes of a block."""
    places: tuple[int, ...]
    """For each block of the disc its number in the file, from 1; 0 if it is not stored."""
    start: int
    """Offset of a block with the number 0, which may be negative."""
    nkit_offset: int
    """Offset at which the mark of NKit 2 would be."""

    @property
    def stored(self) -> tuple[int, ...]:
        """The numbers of the stored blocks on the disc."""
        return tuple(number for number, place in enumerate(self.places) if place)

    def place_of(self, number: int) -> int | None:
        """Return the offset of a block of the disc in the file; None if it is not stored."""
        place = self.places[number] if number < len(self.places) else 0
        return self.start + place * self.block_size if place else None

    def read_at(self, source: ByteSource, offset: int, length: int) -> bytes:
        """Return bytes of the disc within one block, zeros if it is not stored. StorageError."""
        number, skip = divmod(offset, self.block_size)
        place = self.place_of(number)
        return bytes(length) if place is None else read_bytes(source, place + skip, length)

    def marked_bytes(self, source: ByteSource) -> int | None:
        """Return the size of the disc in the mark of NKit 2; None without a mark. StorageError."""
        mark = read_bytes(source, self.nkit_offset, _NKIT.size)
        if len(mark) < _NKIT.size:
            return None
        magic, _, flags, size_bytes = _NKIT.unpack(mark)
        return size_bytes if magic == _NKIT_2 and flags & _NKIT_HAS_SIZE else None

    def guess_bytes(self, source: ByteSource, head: bytes) -> int:
        """Return the size of a full dump of a disc with these first bytes; 0 for another disc. StorageError."""
        system = find_mark(lambda offset, length: head[offset : offset + length])
        if system is System.WII:
            return self._wii_bytes(source)
        return FULL_BYTES[System.GAMECUBE][0] if system is System.GAMECUBE else 0

    def _wii_bytes(self, source: ByteSource) -> int:
        small, (single, double) = FULL_BYTES[System.GAMECUBE][0], FULL_BYTES[System.WII]
        end, has_game = 0, False
        for partition in find_partitions(lambda offset, length: self.read_at(source, offset, length)):
            end, has_game = max(end, partition.data_end), has_game or partition.kind == DATA
        if end > MAX_DISC_BYTES:
            return 0
        if end <= small and not has_game:
            return small
        return single if end < single else double

"""The blocks of a disc that a WBFS or a CISO stores, and the size of the disc, which neither states.

The size is that of the NKit 2 mark, which nod-rs writes, or it follows from the disc as in nod's guess_disc_size: the
size of a full dump of the smallest medium that contains all partitions. Layouts: nkit.rs of nod; wiibrew.org, Wii disc.
All numbers are big-endian, and offsets on the disc count 4 bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from discpress.engine.formats import MAX_DISC_BYTES
from discpress.engine.images.known_disc import find_mark
from discpress.engine.images.nintendo_loss import FULL_BYTES
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.systems import System

_NKIT = Struct(">8sHHQ")  # magic with the version, size of the header, flags, size of the disc
_NKIT_2 = b"NKIT  v2"
_NKIT_HAS_SIZE = 1
_GROUPS_OFFSET = 0x40000
_GROUPS = Struct(">8I")  # number of partitions and place of their table, four times
_PARTITION = Struct(">II")  # place, kind
_DATA = 0
"""The kind of the partition that contains the game."""
_PARTITION_DATA_OFFSET = 0x2B8
_MOST_PARTITIONS = 64
_UNIT = 4


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
        for kind, its_end in self._partitions(source):
            end, has_game = max(end, its_end), has_game or kind == _DATA
        if end > MAX_DISC_BYTES:
            return 0
        if end <= small and not has_game:
            return small
        return single if end < single else double

    def _partitions(self, source: ByteSource) -> Iterator[tuple[int, int]]:
        """Yield the kind of each partition and the end of its data on the disc; nothing after an impossible one."""
        groups = self.read_at(source, _GROUPS_OFFSET, _GROUPS.size)
        numbers = _GROUPS.unpack(groups.ljust(_GROUPS.size, b"\0"))
        for count, table in zip(numbers[::2], numbers[1::2], strict=True):
            for number in range(min(count, _MOST_PARTITIONS)):
                entry = self.read_at(source, table * _UNIT + number * _PARTITION.size, _PARTITION.size)
                if len(entry) < _PARTITION.size:
                    return
                place, kind = _PARTITION.unpack(entry)
                data = self.read_at(source, place * _UNIT + _PARTITION_DATA_OFFSET, _PARTITION.size)
                if len(data) < _PARTITION.size:
                    return
                start, length = _PARTITION.unpack(data)
                yield kind, (place + start + length) * _UNIT

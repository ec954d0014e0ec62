"""The partitions of a Wii disc, from the tables that are not encrypted.

Layout: wiibrew.org, Wii disc. Numbers are big-endian, and offsets count 4 bytes.
"""

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

from discpress.engine.images.known_disc import ReadAt

DATA = 0
"""The kind of the partition that contains the game."""
TABLES_OFFSET = 0x40000
TABLES = Struct(">8I")  # number of partitions and place of their table, four times
PAIR = Struct(">II")  # of a partition: its place and kind; of its data: place and length
DATA_OFFSET = 0x2B8
"""Of the second pair, in the header of the partition."""
UNIT = 4
_MOST_PARTITIONS = 64


class Partition(NamedTuple):
    """The place of a partition."""

    kind: int
    """DATA, or another number."""
    start: int
    """Offset of its header on the disc."""
    data_start: int
    """Offset of its first cluster."""
    data_end: int
    """Offset after its last cluster."""


def find_partitions(read_at: ReadAt) -> Iterator[Partition]:
    """Yield the partitions in the order of their tables; nothing after an impossible one. Errors of `read_at`."""
    numbers = TABLES.unpack(read_at(TABLES_OFFSET, TABLES.size).ljust(TABLES.size, b"\0"))
    for count, table in zip(numbers[::2], numbers[1::2], strict=True):
        for number in range(min(count, _MOST_PARTITIONS)):
            entry = read_at(table * UNIT + number * PAIR.size, PAIR.size)
            if len(entry) < PAIR.size:
                return
            place, kind = PAIR.unpack(entry)
            data = read_at(place * UNIT + DATA_OFFSET, PAIR.size)
            if len(data) < PAIR.size:
                return
            start, length = PAIR.unpack(data)
            yield Partition(kind, place * UNIT, (place + start) * UNIT, (place + start + length) * UNIT)

"""Reads windows of a compressed CHD map by the native kernel: the places of 256 hunks in one call."""

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import NamedTuple, TypeAlias, cast

from discpress.engine.codecs.chd.rows import PLAIN, ROW, SELF
from discpress.engine.codecs.crc import crc16
from discpress.engine.system.files import Readable


class ReadHunks(NamedTuple):
    """Hunks of a map, and the position after them."""

    rows: bytes
    """Their places, see `ROW`; empty if they were only passed by."""
    bit: int
    """The bit after their fields."""
    offset: int
    """The byte in the file after the last stored one."""
    last_self: int
    """The hunk of the last reference."""
    crc: int
    """The crc16 of their entries in the expanded map, with the start value 0."""


MapReader: TypeAlias = Callable[
    [Readable, int, Readable, int, int, int, int, int, bool], tuple[bytes, int, int, int, int] | None
]
"""Reads the fields of hunks of these kinds from a bit on: fields, bit, kinds, bits of a length and of a hunk's number,
bytes of a hunk, offset, last reference, and whether rows are wanted. A `ReadHunks`; None if the fields end before, or a
kind is unknown."""


@cache
def map_reader() -> MapReader | None:
    """Return the reader of the native kernel; None if this process takes the plain one, or the self-test fails.

    UsageError as `crc16`.
    """
    from discpress.engine.codecs.kernels import native_or_plain  # noqa: PLC0415 - loads lz4, which few users need

    return native_or_plain(_native, None, _is_right)


def _native(module: ModuleType) -> MapReader | None:
    return cast("MapReader | None", getattr(module, "hunk_map", None))


_TESTED_KINDS = bytes((0, PLAIN, SELF, 10, 9, 3))
_TESTED_FIELDS = ((7 << 16 | 0xABCD, 21), (0x1234, 16), (5, 9), (30 << 16 | 0x00FF, 21))


def _is_right(read: MapReader | None) -> bool:
    """Return whether a reader finds the places in a map of six hunks, and that none follows."""
    if read is None:
        return False
    bits = "101" + "".join(f"{value:0{width}b}" for value, width in _TESTED_FIELDS)
    fields = int(bits.ljust(72, "0"), 2).to_bytes(9, "big")
    places = [(100, 7, 0xABCD, 0), (107, 512, 0x1234, PLAIN), (5, 0, 0, SELF), (6, 0, 0, SELF), (6, 0, 0, SELF)]
    places.append((619, 30, 0x00FF, 3))
    expanded = b"".join(
        bytes((kind,)) + length.to_bytes(3, "big") + offset.to_bytes(6, "big") + crc.to_bytes(2, "big")
        for offset, length, crc, kind in places
    )
    rows = b"".join(ROW.pack(*place) for place in places)
    expected = ReadHunks(rows, 70, 649, 6, crc16(expanded, 0))
    found = read(fields, 3, _TESTED_KINDS, 5, 9, 512, 100, 2, True)
    return found == expected and read(fields[:8], 3, _TESTED_KINDS, 5, 9, 512, 100, 2, True) is None

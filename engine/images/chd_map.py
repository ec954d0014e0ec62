"""The map of a CHD: where each hunk lies (docs/formats.md, section 3), and the plain one of a file without codecs."""

import struct
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from engine.errors import DamagedImageError
from engine.images.chd_header import ChdHeader
from engine.images.chd_kinds import Kind
from engine.images.source import ByteSource, read_bytes, shown_name

CRC_START = 0xFFFF
"""crc16 is CCITT 0x1021 from here on, as `binascii.crc_hqx` takes it."""
WINDOW_HUNKS = 256
"""Hunks whose places are read together."""
_PLAIN_ENTRY = struct.Struct(">I")


class HunkPlace(NamedTuple):
    """Where a hunk is, as the map says."""

    kind: int
    """A Kind up to PARENT; a run or shorthand is resolved."""
    offset: int
    """First stored byte; for SELF the number of the equal hunk."""
    length: int
    """Stored bytes; 0 for SELF."""
    crc: int
    """crc16 of the decoded hunk; 0 for SELF."""


class Window(NamedTuple):
    """Hunks whose places are read together, by columns: what a HunkPlace says of one.

    Those that are stored and those that refer to another one stand by themselves, in order.
    """

    kinds: bytes
    """Of all of them: a Kind up to PARENT each."""
    lengths: Sequence[int]
    """Of those that are stored; the same for the next two."""
    offsets: Sequence[int]
    crcs: Sequence[int]
    origins: Sequence[int]
    """Which hunks those lead to that refer to one; a range where each leads to the next one."""


class HunkMap(Protocol):
    """Where the hunks of an open CHD are; any number of threads may ask."""

    bytes_in_file: int
    """Bytes that it takes in the file."""
    first_offset: int
    """Where the first hunk is stored; 0 where they lie anywhere."""
    has_checksums: bool
    """Whether it gives each hunk's crc16."""

    def places(self, first: int, count: int) -> Sequence[HunkPlace]:
        """Return the places of hunks that exist; DamagedImageError where the map cannot be read."""

    def window(self, number: int) -> Window:
        """Return the places of WINDOW_HUNKS hunks, fewer in the last window; errors as for `places`."""


class PlainMap:
    """The map of a CHD without codecs: a place in whole hunks each, 0 for a hunk of zeros."""

    first_offset = 0
    has_checksums = False

    def __init__(self, source: ByteSource, header: ChdHeader) -> None:
        self._source = source
        self._header = header
        self.bytes_in_file = _PLAIN_ENTRY.size * header.hunks
        if header.map_offset + self.bytes_in_file > source.size_bytes:
            raise DamagedImageError(
                f"{shown_name(source)}: a map of {header.hunks} hunks at byte {header.map_offset} does not fit a file "
                f"of {source.size_bytes} bytes"
            )

    def places(self, first: int, count: int) -> Sequence[HunkPlace]:
        """Return places as `HunkMap.places` says."""
        stored = read_bytes(
            self._source, self._header.map_offset + _PLAIN_ENTRY.size * first, _PLAIN_ENTRY.size * count
        )
        if len(stored) < _PLAIN_ENTRY.size * count:
            raise DamagedImageError(
                f"{shown_name(self._source)}: the file ends inside its map",
                hint="it became shorter while it was read: try again when nothing writes it",
            )
        hunk_size = self._header.hunk_size
        return [
            HunkPlace(Kind.PLAIN, number * hunk_size, hunk_size if number else 0, 0)
            for (number,) in _PLAIN_ENTRY.iter_unpack(stored)
        ]

    def window(self, number: int) -> Window:
        """Return a window as `HunkMap.window` says."""
        first = number * WINDOW_HUNKS
        places = self.places(first, min(WINDOW_HUNKS, self._header.hunks - first))
        kinds, offsets, lengths, crcs = zip(*places, strict=True)
        return Window(bytes(kinds), lengths, offsets, crcs, ())

"""The map of a CHD with the place of each hunk, and the plain map of files without codecs.

Layout: docs/formats.md, section 3.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from discpress.engine.errors import DamagedImageError
from discpress.engine.images.chd.header import ChdHeader
from discpress.engine.images.chd.map_kinds import Kind
from discpress.engine.images.source import ByteSource, read_bytes, shown_name

WINDOW_HUNKS = 256
"""Hunks whose places are read together."""
_PLAIN_ENTRY = struct.Struct(">I")


class HunkPlace(NamedTuple):
    """The place of a hunk according to the map."""

    kind: int
    """A Kind up to PARENT; a run or shorthand is resolved."""
    offset: int
    """First stored byte; for SELF the number of the equal hunk."""
    length: int
    """Stored bytes; 0 for SELF."""
    crc: int
    """crc16 of the decoded hunk; 0 for SELF."""


class Window(NamedTuple):
    """Hunks whose places are read together, as columns of the fields of a HunkPlace.

    Stored hunks and references have separate columns, each in order.
    """

    kinds: bytes
    """Of all hunks: a Kind up to PARENT each."""
    lengths: Sequence[int]
    """Of the stored hunks; the same for the next two."""
    offsets: Sequence[int]
    crcs: Sequence[int]
    origins: Sequence[int]
    """Of the references: the numbers of the equal hunks; a range if they are consecutive."""


class HunkMap(Protocol):
    """The places of the hunks of an open CHD; any number of threads may use it."""

    bytes_in_file: int
    """Bytes that it takes in the file."""
    first_offset: int
    """First byte of the first hunk; 0 if hunks may be anywhere."""
    has_checksums: bool
    """Whether it contains each hunk's crc16."""

    def places(self, first: int, count: int) -> Sequence[HunkPlace]:
        """Return the places of existing hunks; DamagedImageError if the map cannot be read."""

    def window(self, number: int) -> Window:
        """Return the places of WINDOW_HUNKS hunks, fewer in the last window; errors as for `places`."""


class PlainMap:
    """The map of a CHD without codecs: one place for each hunk, counted in whole hunks; 0 for a hunk of zeros."""

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
        """Return places, see `HunkMap.places`."""
        stored = read_bytes(
            self._source, self._header.map_offset + _PLAIN_ENTRY.size * first, _PLAIN_ENTRY.size * count
        )
        if len(stored) < _PLAIN_ENTRY.size * count:
            raise DamagedImageError(
                f"{shown_name(self._source)}: the file ends inside its map",
                hint="the file became shorter while it was read: try again when no program writes to it",
            )
        hunk_size = self._header.hunk_size
        return [
            HunkPlace(Kind.PLAIN, number * hunk_size, hunk_size if number else 0, 0)
            for (number,) in _PLAIN_ENTRY.iter_unpack(stored)
        ]

    def window(self, number: int) -> Window:
        """Return a window, see `HunkMap.window`."""
        first = number * WINDOW_HUNKS
        places = self.places(first, min(WINDOW_HUNKS, self._header.hunks - first))
        kinds, offsets, lengths, crcs = zip(*places, strict=True)
        return Window(bytes(kinds), lengths, offsets, crcs, ())

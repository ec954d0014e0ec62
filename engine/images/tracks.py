"""Tracks of a CD, and the 2,048 bytes of user data of each raw sector (ECMA-130; Yellow Book, XA for mode 2)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.system.files import Writable

RAW_SECTOR_SIZE = 2352
"""Bytes of a raw sector: sync 12, header 4, then by mode: data 2048, EDC and ECC; or subheader 8, data 2048, ..."""
READ_SECTORS = 64
"""Raw sectors fetched with one read: 147 KiB."""

_MODE = 15
_SUBMODE = 18
_FORM_2 = 0x20
_MODE_1_DATA = 16
_MODE_2_DATA = 24

ReadInto: TypeAlias = Callable[[Writable, int], int]
"""Fills a buffer with stored bytes from an offset on and returns their number: fewer only at the end."""


class TrackKind(StrEnum):
    """The sectors of a track, under the names of CUE sheets."""

    MODE1_2048 = "MODE1/2048"
    MODE1_RAW = "MODE1/2352"
    MODE2_RAW = "MODE2/2352"
    AUDIO = "AUDIO"

    @property
    def sector_bytes(self) -> int:
        """Stored bytes of a sector."""
        return SECTOR_SIZE if self is TrackKind.MODE1_2048 else RAW_SECTOR_SIZE

    @property
    def has_data(self) -> bool:
        """Whether its sectors contain user data."""
        return self is not TrackKind.AUDIO


@dataclass(frozen=True, slots=True)
class Track:
    """One track of a disc; lengths are in sectors."""

    number: int
    """Its number on the disc, from 1."""
    kind: TrackKind
    """Its sectors."""
    start: int
    """Offset of the first stored sector after the pregap, in bytes of the image that contains the track."""
    length: int
    """Sectors, without the pregap."""
    pregap: int = 0
    """Sectors before it that belong to it; stored before `start` or not at all."""

    @property
    def stored_bytes(self) -> int:
        """Stored bytes, without the pregap."""
        return self.length * self.kind.sector_bytes


class SectorView:
    """The user data of a data track: sector n of the disc's file system at byte 2048 n. A `SectorSource`.

    Any number of threads may read it if `read_into` allows that.
    """

    def __init__(self, read_into: ReadInto, track: Track) -> None:
        """Take the reader of the raw bytes. ValueError for a track without user data."""
        if not track.kind.has_data:
            raise ValueError(f"track {track.number}: {track.kind} has no user data")
        self._read_into = read_into
        self._track = track
        self.size = track.length * SECTOR_SIZE
        """Bytes of user data, if every sector has some."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return user data from `offset` on, up to the end of the track or the first sector without 2,048 bytes of it.

        Such a sector lacks its sync, has another mode than its track, or is form 2 of mode 2, which holds sound and
        films. ValueError for a negative offset or length.
        """
        if offset < 0 or length < 0:
            raise ValueError(f"offset {offset} and length {length} must not be negative")
        end = min(offset + length, self.size)
        first, skip = divmod(offset, SECTOR_SIZE)
        after = -(-end // SECTOR_SIZE)
        data = bytearray()
        for number in range(first, after, READ_SECTORS):
            count = min(READ_SECTORS, after - number)
            found = self._read_sectors(number, count)
            data += found
            if len(found) < count * SECTOR_SIZE:
                break
        return bytes(data[skip : skip + max(0, end - offset)])

    def _read_sectors(self, first: int, count: int) -> bytes:
        """Return the user data of up to `count` sectors."""
        size = self._track.kind.sector_bytes
        stored = bytearray(count * size)
        stored = stored[: self._read_into(stored, self._track.start + first * size)]
        if size == SECTOR_SIZE:
            return bytes(stored)
        pieces = []
        for start in range(0, len(stored), size):
            piece = user_data(stored[start : start + size], self._track.kind)
            if piece is None:
                break
            pieces.append(piece)
        return b"".join(pieces)


def user_data(raw: bytes | bytearray, kind: TrackKind | None = None) -> bytes | None:
    """Return the 2,048 bytes of user data in a raw sector of a track; None if there are none.

    Without a kind, each sector may have either mode.
    """
    if len(raw) < RAW_SECTOR_SIZE or not raw.startswith(RAW_SYNC):
        return None
    if raw[_MODE] == 1 and kind in {TrackKind.MODE1_RAW, None}:
        return bytes(raw[_MODE_1_DATA : _MODE_1_DATA + SECTOR_SIZE])
    if raw[_MODE] == 2 and kind in {TrackKind.MODE2_RAW, None} and not raw[_SUBMODE] & _FORM_2:
        return bytes(raw[_MODE_2_DATA : _MODE_2_DATA + SECTOR_SIZE])
    return None

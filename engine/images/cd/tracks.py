"""Tracks of a CD, and the 2,048 bytes of user data of each raw sector (ECMA-130; Yellow Book, XA for mode 2)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from discpress.engine.codecs.sector_codes import MODE_OFFSET
from discpress.engine.formats import RAW_SECTOR_SIZE, SECTOR_SIZE
from discpress.engine.images.cd.addresses import LEAD_IN_SECTORS
from discpress.engine.images.recognised import RAW_SYNC
from discpress.engine.system.files import Writable

SUBCODE_SIZE = 96
"""Bytes of subcode that some dumps store after each sector."""
HIGH_DENSITY_SECTOR = 45_000
"""First sector of the area of a GD-ROM that contains the game; the tracks before it are for CD players."""
GAME_TRACK_NUMBER = 3
"""The track of a GD-ROM that begins that area."""
READ_SECTORS = 64
"""Raw sectors fetched with one read: 147 KiB."""

_SUBMODE = 18
_FORM_2 = 0x20
_MODE_1_DATA = 16
_MODE_2_DATA = 24
_HEADER_END = 16

ReadInto: TypeAlias = Callable[[Writable, int], int]
"""Fills a buffer with stored bytes from an offset on and returns their number: fewer only at the end."""


class TrackKind(StrEnum):
    """The sectors of a track, under the names of CUE sheets."""

    AUDIO = "AUDIO"
    MODE1_2048 = "MODE1/2048"
    MODE1_RAW = "MODE1/2352"
    MODE2_2048 = "MODE2/2048"
    """The user data of form 1."""
    MODE2_2324 = "MODE2/2324"
    """The user data of form 2: sound and films."""
    MODE2_2336 = "MODE2/2336"
    """Without sync and header, so that each sector begins with its subheader."""
    MODE2_RAW = "MODE2/2352"
    CDI_2336 = "CDI/2336"
    CDI_RAW = "CDI/2352"

    @property
    def sector_bytes(self) -> int:
        """Stored bytes of a sector."""
        return RAW_SECTOR_SIZE if self is TrackKind.AUDIO else int(self.value[-4:])

    @property
    def is_audio(self) -> bool:
        """Whether its sectors contain music."""
        return self is TrackKind.AUDIO

    @property
    def has_data(self) -> bool:
        """Whether its sectors contain user data of 2,048 bytes."""
        return self not in {TrackKind.AUDIO, TrackKind.MODE2_2324}

    @property
    def is_raw(self) -> bool:
        """Whether its sectors contain sync and header."""
        return self in {TrackKind.MODE1_RAW, TrackKind.MODE2_RAW, TrackKind.CDI_RAW}

    @property
    def is_mode_2(self) -> bool:
        """Whether its sectors have a subheader, or had one before they were cut."""
        return self.value.startswith(("MODE2", "CDI"))


@dataclass(frozen=True, slots=True)
class Track:
    """One track of a disc; lengths are in sectors."""

    number: int
    """Its number on the disc, from 1."""
    kind: TrackKind
    """Its sectors."""
    start: int
    """Offset of its first stored sector, which may be that of its pregap, in bytes of the decoded image."""
    sectors: int
    """All stored sectors, with those of its pregap."""
    pregap: int = 0
    """Stored sectors before the track proper: from INDEX 00 to INDEX 01."""
    silent_pregap: int = 0
    """Sectors before the track proper that are not stored: PREGAP."""
    postgap: int = 0
    """Sectors after it that are not stored: POSTGAP."""
    first_sector: int = 0
    """The address of the track proper on the disc, where 0 is MSF 00:02:00."""
    session: int = 1
    """The session that contains it."""

    @property
    def stored_bytes(self) -> int:
        """Stored bytes, with the pregap."""
        return self.sectors * self.kind.sector_bytes

    @property
    def end(self) -> int:
        """Offset of the first byte after it in the decoded image."""
        return self.start + self.stored_bytes

    @property
    def length(self) -> int:
        """Stored sectors of the track proper."""
        return self.sectors - self.pregap

    @property
    def data_start(self) -> int:
        """Offset of the first sector of the track proper in the decoded image."""
        return self.start + self.pregap * self.kind.sector_bytes


def first_track_address(kind: TrackKind, pregap: int, silent_pregap: int) -> int:
    """Return the address of the first track proper, from its stored and its silent pregap.

    The pregap before address 0 is silent, or a dump of data begins with it.
    """
    silent = max(silent_pregap, LEAD_IN_SECTORS) - LEAD_IN_SECTORS
    is_lead_in = kind is not TrackKind.AUDIO and pregap == LEAD_IN_SECTORS
    return silent if is_lead_in else silent + pregap


def is_gd_rom(tracks: Sequence[Track]) -> bool:
    """Return whether a disc is a GD-ROM: its third track contains data and begins the high-density area.

    A data track after ten minutes of sound, as on a PC Engine CD, may have a larger address and is none.
    """
    return any(
        track.number == GAME_TRACK_NUMBER and track.kind.has_data and track.first_sector == HIGH_DENSITY_SECTOR
        for track in tracks
    )


def with_areas(tracks: Sequence[Track]) -> list[Track]:
    """Return the tracks of a disc; those in the high-density area of a GD-ROM are in session 2, as no sheet states."""
    if not is_gd_rom(tracks):
        return list(tracks)
    return [replace(each, session=2 if each.first_sector >= HIGH_DENSITY_SECTOR else 1) for each in tracks]


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
        stored = stored[: self._read_into(stored, self._track.data_start + first * size)]
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
    """Return the 2,048 bytes of user data in a stored sector of a track; None if there are none.

    Without a kind, the sector is raw and may have either mode.
    """
    if kind is not None and not kind.is_raw:
        return _cooked_data(raw, kind)
    if len(raw) < RAW_SECTOR_SIZE or not raw.startswith(RAW_SYNC):
        return None
    if raw[MODE_OFFSET] == 1 and kind in {TrackKind.MODE1_RAW, None}:
        return bytes(raw[_MODE_1_DATA : _MODE_1_DATA + SECTOR_SIZE])
    if raw[MODE_OFFSET] == 2 and kind is not TrackKind.MODE1_RAW and not raw[_SUBMODE] & _FORM_2:
        return bytes(raw[_MODE_2_DATA : _MODE_2_DATA + SECTOR_SIZE])
    return None


def _cooked_data(stored: bytes | bytearray, kind: TrackKind) -> bytes | None:
    """Return the user data of a sector that is stored without sync and header."""
    if not kind.has_data or len(stored) < kind.sector_bytes:
        return None
    if kind.sector_bytes == SECTOR_SIZE:
        return bytes(stored[:SECTOR_SIZE])
    if stored[_SUBMODE - _HEADER_END] & _FORM_2:
        return None
    return bytes(stored[_MODE_2_DATA - _HEADER_END : _MODE_2_DATA - _HEADER_END + SECTOR_SIZE])

"""The tracks of a disc in short: their number by what is in them, and what a player may refuse."""

from typing import TYPE_CHECKING, NamedTuple

from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.units import format_count

if TYPE_CHECKING:
    from discpress.engine.images.cd.image import CdImage

GD_ROM_TRACKS = 3
"""Fewest tracks of a GD-ROM that Flycast loads."""


class TrackCounts(NamedTuple):
    """The tracks of a disc in short."""

    data: int
    """Tracks of data, those of sound and films in sectors of 2,324 bytes included."""
    audio: int
    """Tracks of music."""
    sector_bytes: int = 0
    """Stored bytes of a sector, if those of all tracks have the same; else 0."""

    first_gap: int = 0
    """The number of the first track with a pregap or a postgap in the CHD of the disc; 0 if none has one."""
    has_subcode: bool = False
    """Whether it is in a CHD with subcode, which another CHD of it keeps."""
    is_gd_rom: bool = False
    """Whether it is a GD-ROM."""
    has_unkept_bytes: bool = False
    """Whether its files have subcode, or tracks of another sheet, which no result keeps."""

    @classmethod
    def of(cls, disc: "CdImage") -> "TrackCounts":
        """Return the tracks of an open disc."""
        tracks = disc.tracks
        audio = sum(track.kind.is_audio for track in tracks)
        sizes = {track.kind.sector_bytes for track in tracks}
        in_chd = disc.tracks_in_chd
        gaps = (track.number for track in in_chd if track.pregap or track.silent_pregap or track.postgap)
        return cls(
            len(tracks) - audio,
            audio,
            sizes.pop() if len(sizes) == 1 else 0,
            next(gaps, 0),
            disc.format is ImageFormat.CHD and disc.left_out_bytes > 0,
            disc.is_gd_rom,
            disc.has_unkept_bytes,
        )

    @property
    def is_single_data(self) -> bool:
        """Whether the disc has one track, of data."""
        return (self.data, self.audio) == (1, 0)

    @property
    def is_iso(self) -> bool:
        """Whether the stored sectors are those of an ISO."""
        return self.is_single_data and self.sector_bytes == SECTOR_SIZE

    @property
    def unusual(self) -> str:
        """The reason why a loader such as Flycast refuses a CHD of the disc, as a clause; empty if there is none."""
        if self.first_gap:
            return f"no CHD with pregaps or postgaps, as of track {self.first_gap}"
        if self.has_subcode:
            return "no CHD with subcode"
        if self.is_gd_rom and self.total < GD_ROM_TRACKS:
            return f"no GD-ROM with fewer than {GD_ROM_TRACKS} tracks"
        return ""

    @property
    def total(self) -> int:
        """All tracks."""
        return self.data + self.audio

    @property
    def kinds(self) -> str:
        """The counts as words: `1 data, 2 audio`; `data` if all tracks are of one kind."""
        kinds = [(self.data, "data"), (self.audio, "audio")]
        shown = [f"{count} {kind}" for count, kind in kinds if count]
        return ", ".join(shown) if len(shown) > 1 else next((kind for count, kind in kinds if count), "none")

    def __str__(self) -> str:
        """Return the tracks as words: `3 tracks: 1 data, 2 audio`, `1 track: data`."""
        return f"{format_count(self.total, 'track')}: {self.kinds}"

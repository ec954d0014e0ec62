"""The number of tracks of a disc, by what is in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.units import format_count


@dataclass(frozen=True, slots=True)
class TrackCounts:
    """The number of tracks of a disc by what is in them."""

    data: int
    """Tracks of data, those of sound and films in sectors of 2,324 bytes included."""
    audio: int
    """Tracks of music."""
    sector_bytes: int = 0
    """Stored bytes of a sector, if those of all tracks have the same; else 0."""

    @classmethod
    def of(cls, tracks: Sequence[Track]) -> "TrackCounts":
        """Return the counts of some tracks."""
        audio = sum(track.kind is TrackKind.AUDIO for track in tracks)
        sizes = {track.kind.sector_bytes for track in tracks}
        return cls(len(tracks) - audio, audio, sizes.pop() if len(sizes) == 1 else 0)

    @property
    def is_single_data(self) -> bool:
        """Whether the disc has one track, of data."""
        return (self.data, self.audio) == (1, 0)

    @property
    def is_iso(self) -> bool:
        """Whether the stored sectors are those of an ISO."""
        return self.is_single_data and self.sector_bytes == SECTOR_SIZE

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

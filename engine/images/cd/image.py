"""An open image of a CD or GD-ROM, whatever files it is in: the stored sectors of its tracks, in order."""

from discpress.engine.images.cd.tracks import SectorView, Track
from discpress.engine.images.image import Image

HIGH_DENSITY_SECTOR = 45_000
"""First sector of the area of a GD-ROM that contains the game; the tracks before it are for CD players."""

GAME_TRACK_NUMBER = 3
"""The track of a GD-ROM that begins that area."""


class CdImage(Image):
    """A disc with tracks.

    Its decoded bytes are the stored sectors of all tracks, joined in the order of the tracks' numbers: `tracks` has the
    place of each. A sector has the bytes that its track's kind has, without subcode, and audio is little-endian. So the
    decoded bytes of a sheet with one file a track, of one with a single file, and of a CHD of either are equal.
    """

    tracks: tuple[Track, ...]
    """The tracks in the order of their numbers, at least one; each begins where the one before it ends."""

    @property
    def is_gd_rom(self) -> bool:
        """Whether it is a GD-ROM: its third track contains data and begins the high-density area.

        A data track after ten minutes of sound, as on a PC Engine CD, may have a larger address and is none.
        """
        return any(
            track.number == GAME_TRACK_NUMBER and track.kind.has_data and track.first_sector == HIGH_DENSITY_SECTOR
            for track in self.tracks
        )

    @property
    def game_track(self) -> Track | None:
        """The track with the file system: the first of data, in the high-density area of a GD-ROM; None if none is."""
        first = HIGH_DENSITY_SECTOR if self.is_gd_rom else 0
        data = (track for track in self.tracks if track.kind.has_data and track.first_sector >= first)
        return next(data, None)

    def user_data(self, track: Track) -> SectorView:
        """Return the user data of a data track, from its INDEX 01 on. ValueError for a track without user data."""
        return SectorView(self.read_into, track)

    def track_at(self, offset: int) -> Track:
        """Return the track that contains a byte of the decoded image. ValueError outside of it."""
        for track in self.tracks:
            if track.start <= offset < track.end:
                return track
        raise ValueError(f"byte {offset} is in no track")

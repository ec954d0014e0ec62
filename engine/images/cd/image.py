"""An open image of a CD or GD-ROM, whatever files it is in: the stored sectors of its tracks, in order."""

from discpress.engine.images.cd.gd_gaps import with_moved_gaps
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR, SectorView, Track, is_gd_rom
from discpress.engine.images.image import Image


class CdImage(Image):
    """A disc with tracks.

    Its decoded bytes are the stored sectors of all tracks, joined in the order of the tracks' numbers: `tracks` has the
    place of each. A sector has the bytes that its track's kind has, without subcode, and audio is little-endian. So the
    decoded bytes of a sheet with one file a track, of one with a single file, and of a CHD of either are equal.
    """

    tracks: tuple[Track, ...]
    """The tracks in the order of their numbers, at least one; each begins where the one before it ends."""
    remarks: tuple[str, ...] = ()
    """Unusual and harmless properties of the files, as texts without the image's name."""

    left_out_bytes = 0
    """Stored bytes of its files that are not among the decoded ones, such as subcode."""
    has_unkept_bytes = False
    """Whether its files have subcode, or tracks of another sheet, which no result keeps."""

    @property
    def tracks_in_chd(self) -> tuple[Track, ...]:
        """The tracks as the track table of its CHD states them: of a GD-ROM, each gap is the end of the track before.

        Those of an image in a CHD are as that CHD has them.
        """
        return with_moved_gaps(self.tracks)

    @property
    def is_gd_rom(self) -> bool:
        """Whether it is a GD-ROM, see `tracks.is_gd_rom`."""
        return is_gd_rom(self.tracks)

    @property
    def game_track(self) -> Track | None:
        """The track with the file system: the first of data, in the high-density area of a GD-ROM; None without one."""
        first = HIGH_DENSITY_SECTOR if self.is_gd_rom else 0
        data = (track for track in self.tracks if track.kind.has_data and track.first_sector >= first)
        return next(data, None)

    def user_data(self, track: Track) -> SectorView:
        """Return the user data of a data track, from its INDEX 01 on. ValueError for a track without user data."""
        return SectorView(self.read_into, track)

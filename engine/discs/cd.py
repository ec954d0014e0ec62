"""Identifies the disc in an image with tracks: by its data tracks, or as an audio CD.

The rules are docs/formats.md, section 4.
"""

from discpress.engine.discs.file_titles import read_file_title
from discpress.engine.discs.identity import identify
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.discs.iso9660 import SectorSource, is_directory_at, read_volume
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import ReadInto, SectorView, Track
from discpress.engine.systems import System

MOST_DATA_TRACKS = 4
"""Data tracks that are looked at: a disc of two sessions has two."""
GD_ROM = DiscInfo(System.DREAMCAST, found=Found.INSIDE)
"""The facts of a GD-ROM whose game cannot be read."""
_SYSTEM_AREA = 18
"""The first sectors of a track: the marks of consoles, the descriptor of its volume, and the end of descriptors."""
_NO_CONSOLE = frozenset({System.ISO9660, System.UDF, System.UNKNOWN, System.PC})


class _Addressed:
    """A data track whose file system counts sectors from the start of the disc: a `SectorSource`.

    The first sectors are those of the track, because a console finds them there, all others go by their address.
    """

    def __init__(self, view: SectorView, first_sector: int) -> None:
        self._view = view
        self._base = first_sector * SECTOR_SIZE
        self.size = self._base + view.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return user data, see `SectorView.read_at`; none of an address before the track."""
        if offset < _SYSTEM_AREA * SECTOR_SIZE:
            return self._view.read_at(offset, length)
        return self._view.read_at(offset - self._base, length) if offset >= self._base else b""


def identify_cd(image: CdImage, file_name: str, read_into: ReadInto | None = None) -> DiscInfo:
    """Return the facts of the disc in an image with tracks; those missing on it are completed from `file_name`.

    The track with the game is asked first, then the other data tracks, because a disc of two sessions has its game in
    the second one. `read_into` reads the stored sectors in place of the image. Errors of reading pass through.
    """
    found: DiscInfo | None = None
    for track in _data_tracks(image):
        disc = identify(sectors_of(track, read_into or image.read_into), file_name)
        if disc.system not in _NO_CONSOLE:
            return disc
        if found is None or (disc.has_disc and not found.has_disc):
            found = disc
    if image.is_gd_rom:
        return GD_ROM.completed(read_file_title(file_name))
    return found or DiscInfo(System.AUDIO_CD, found=Found.INSIDE).completed(read_file_title(file_name))


def sectors_of(track: Track, read_into: ReadInto) -> SectorSource:
    """Return the sectors of a data track by the addresses that its file system uses: from the track's or disc's start.

    Errors of reading pass through.
    """
    view = SectorView(read_into, track)
    if not track.first_sector:
        return view
    addressed = _Addressed(view, track.first_sector)
    volume = read_volume(addressed)
    return addressed if volume is not None and is_directory_at(addressed, volume.root) else view


def _data_tracks(image: CdImage) -> list[Track]:
    """Return the data tracks in the order in which they are asked."""
    game = image.game_track
    others = [track for track in image.tracks if track.kind.has_data and track is not game]
    return [*([game] if game is not None else []), *others][:MOST_DATA_TRACKS]

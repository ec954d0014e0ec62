"""The frames of a disc as a CHD of it contains them, from any image of the disc."""

from collections.abc import Sequence

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.errors import DiscpressError, UnsupportedImageError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.entry import TAG, KeptFiles, encode
from discpress.engine.images.cd.kept.maker import kept_or_problem
from discpress.engine.images.chd.cd.entries import lost_of, read_entries, track_entries
from discpress.engine.images.chd.cd.image import ChdCdImage
from discpress.engine.images.chd.cd.places import parts_of, sectors_in, swapped
from discpress.engine.images.chd.cd.tracks import StoredTrack, padded
from discpress.engine.images.chd.metadata import NewEntry
from discpress.engine.images.image import Image, UnindexedImage
from discpress.engine.images.source import read_bytes
from discpress.engine.system.files import Readable, Writable


class DiscFrames(UnindexedImage):
    """The frames of all tracks, each of FRAME_BYTES: a sector, filled up with zeros, and its subcode or zeros.

    Tracks are filled up to multiples of four frames, and sound is big-endian.
    """

    kept: KeptFiles | None = None
    """The files of the disc that the metadata keeps; None if it keeps none, or those that a CHD has."""

    def __init__(self, disc: CdImage, metadata: Sequence[NewEntry], tracks: Sequence[StoredTrack]) -> None:
        """Take an open disc, which its caller closes, and the track table of its CHD."""
        super().__init__(disc.source)
        self.disc = disc
        """The disc."""
        self.metadata = tuple(metadata)
        """The entries of metadata of its CHD."""
        self.stored_tracks = tuple(tracks)
        """The tracks, and their frames."""
        last = self.stored_tracks[-1]
        self.format = disc.format
        self.is_packed = disc.is_packed
        self.block_size = FRAME_BYTES
        self.size = padded(last.end_frame + last.pad) * FRAME_BYTES

    def disc_bytes(self, stored: memoryview, offset: int) -> Readable:
        """Return the sectors of the disc in whole frames from an offset on."""
        return sectors_in(self.stored_tracks, stored, offset // FRAME_BYTES)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read frames, see `Image.read_into`."""
        view = memoryview(buffer)[: max(0, self.size - offset)]
        first, skip = divmod(offset, FRAME_BYTES)
        end = -(-(offset + len(view)) // FRAME_BYTES)
        if not skip and len(view) % FRAME_BYTES == 0:
            self._fill(view, first, end)
        elif view:
            frames = bytearray((end - first) * FRAME_BYTES)
            self._fill(memoryview(frames), first, end)
            view[:] = frames[skip : skip + len(view)]
        return len(view)

    def _fill(self, view: memoryview, first: int, end: int) -> None:
        """Fill a buffer with whole frames."""
        view[:] = bytes(len(view))
        for each, start, stop in parts_of(self.stored_tracks, first, end):
            track = each.track
            size = track.kind.sector_bytes
            sectors = bytearray((stop - start) * size)
            self.disc.read_all(sectors, track.start + (start - each.first_frame) * size)
            stored = memoryview(swapped(bytes(sectors)) if each.is_swapped else sectors)
            place = (start - first) * FRAME_BYTES
            for at in range(0, len(stored), size):
                view[place : place + size] = stored[at : at + size]
                place += FRAME_BYTES


class _StoredFrames(DiscFrames):
    """The frames of a CHD as they are, with their subcode."""

    def __init__(self, disc: ChdCdImage) -> None:
        frames = disc.frames
        entries = [
            NewEntry(each.tag, read_bytes(disc.source, each.offset, each.length), each.is_counted)
            for each in frames.metadata
        ]
        super().__init__(disc, entries, frames.tracks)
        self._frames = frames
        self.size = frames.size

    @property
    def recorded(self) -> dict[str, str]:
        """The digest of the frames, see `Image.recorded`."""
        return dict(self._frames.recorded)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read frames, see `Image.read_into`."""
        return self._frames.read_into(buffer, offset)


def frames_of(disc: CdImage) -> DiscFrames:
    """Return the frames of a disc, with an entry that keeps its files; those of a CHD are taken as they are.

    Raises UnsupportedImageError if no track table can describe the disc.
    """
    if isinstance(disc, ChdCdImage):
        return _StoredFrames(disc)
    try:
        entries = track_entries(disc.tracks_in_chd)
        kept, _ = kept_or_problem(disc)
        extra = () if kept is None else (NewEntry(TAG, encode(kept), is_counted=False),)
        frames = DiscFrames(disc, (*entries, *extra), read_entries(entries, disc.name))
    except (ValueError, DiscpressError) as error:
        problem = str(error).removeprefix(f"{disc.name}: ")
        raise UnsupportedImageError(
            f"{disc.name}: a CHD cannot describe this disc: {problem}", hint="keep the sheet and its files"
        ) from error
    frames.kept = kept
    return frames


def metadata_of(packed: Image) -> tuple[NewEntry, ...]:
    """Return the metadata of the CHD of a packed form; empty for other images."""
    return packed.metadata if isinstance(packed, DiscFrames) else ()


def lost_in_chd(disc: CdImage) -> list[str]:
    """Return what the track table of a CHD does not state of a disc's tracks. UnsupportedImageError as `frames_of`."""
    if isinstance(disc, ChdCdImage):
        return []
    frames = frames_of(disc)
    tracks = disc.tracks if frames.kept is None else disc.tracks_in_chd  # kept files have gaps that were moved
    return lost_of(tracks, [each.track for each in frames.stored_tracks])

"""CDs and GD-ROMs in a CHD, and ISO files that `chdman createcd` packed as a CD."""

from collections.abc import Callable, Sequence

from discpress.engine.codecs.cd.frames import FRAME_BYTES, SUBCODE_BYTES
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.images.chd.cd.dump_tracks import dump_tracks
from discpress.engine.images.chd.cd.frames import ChdFrames, has_frames
from discpress.engine.images.chd.cd.places import cut_frames, sectors_in
from discpress.engine.images.chd.header import VERSION, read_header
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.metadata import read_metadata
from discpress.engine.images.image import RUN_BYTES, Image, StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Readable, Writable

_COOKED = {TrackKind.MODE1_2048, TrackKind.MODE2_2048}


def open_chd(source: ByteSource) -> Image:
    """Open a CHD as what it contains: a disc with tracks, or the sectors of a DVD, a hard disk or an ISO.

    Raises the errors of `read_header`, `read_metadata`, `read_tracks` and of the map.
    """
    header = read_header(source)
    metadata = read_metadata(source, header)
    if not has_frames(header, metadata):
        return ChdImage(source, header, metadata)
    frames = ChdFrames(source, header, metadata)
    first, *others = (each.track for each in frames.tracks)
    is_iso = not others and first.kind in _COOKED and not first.pregap
    return ChdIsoImage(frames) if is_iso else ChdCdImage(frames)


class FramesImage(Image):
    """The sectors of all tracks in the frames of a CHD, joined, each cut to the size that its track has.

    Its blocks are the hunks of frames: they do not begin at multiples of the block size in the decoded bytes.
    """

    format = ImageFormat.CHD
    version = VERSION

    def __init__(self, frames: ChdFrames) -> None:
        """Take the open frames, whose source this image closes."""
        super().__init__(frames.source)
        self.frames = frames
        self.size = frames.tracks[-1].track.end
        self.block_size = frames.block_size
        self._last_hunk: tuple[int, bytes] = (-1, b"")

    @property
    def stored_form(self) -> Image:
        """The frames, see `Image.stored_form`."""
        return self.frames

    @property
    def recorded_problem(self) -> str:
        """The problem of the SHA-1 over frames and metadata, see `Image.recorded_problem`."""
        return self.frames.recorded_problem

    @property
    def codec_names(self) -> tuple[str, ...]:
        """The codecs in the header, see `Image.codec_names`."""
        return self.frames.codec_names

    @property
    def metadata_names(self) -> tuple[str, ...]:
        """The tags of the metadata, see `Image.metadata_names`."""
        return self.frames.metadata_names

    @property
    def index_extent(self) -> tuple[int, int]:
        """The map, see `Image.index_extent`."""
        return self.frames.index_extent

    @property
    def blocks(self) -> int:
        """Number of hunks."""
        return self.frames.blocks

    def check_index(self) -> None:
        """Compare the map with its crc16, see `Image.check_index`."""
        self.frames.check_index()

    def check_extent(self) -> None:
        """Locate the stored hunks at the end, see `Image.check_extent`."""
        self.frames.check_extent()

    def load_index(self) -> None:
        """Decode the whole map, see `Image.load_index`."""
        self.frames.load_index()

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count hunks by kind, see `Image.sums`."""
        return self.frames.sums(check)

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate hunks, see `Image.locate`."""
        return self.frames.locate(first, count)

    def decode_block(self, block: StoredBlock) -> bytes:
        """Decode the frames of one hunk, see `Image.decode_block`."""
        return self.frames.decode_block(block)

    def block_length(self, number: int) -> int:
        """Return the bytes of the frames in a hunk."""
        return self.frames.block_length(number)

    def first_sector_of(self, number: int) -> int:
        """Return the address of the first sector in a hunk."""
        return self.frames.first_sector_of(number)

    def sectors_of(self, number: int) -> str:
        """Return the sectors in a hunk, as words."""
        return self.frames.sectors_of(number)

    def disc_bytes(self, stored: memoryview, offset: int) -> Readable:
        """Return the sectors in a run of frames, see `Image.disc_bytes`."""
        return sectors_in(self.frames.tracks, stored, offset // FRAME_BYTES)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read decoded bytes, see `Image.read_into`."""
        view = memoryview(buffer)[: max(0, self.size - offset)]
        per_hunk = self.frames.frames_per_hunk
        per_run = max(1, RUN_BYTES // self.block_size) * per_hunk
        done = 0
        for each in self.frames.tracks:
            track = each.track
            while done < len(view) and offset + done < track.end:
                sector, skip = divmod(offset + done - track.start, track.kind.sector_bytes)
                first = each.first_frame + sector
                wanted = -(-(skip + len(view) - done) // track.kind.sector_bytes)
                end = min(first + wanted, (first // per_run + 1) * per_run, each.end_frame)
                piece = cut_frames(self._read_frames(first, end), each)[skip : skip + len(view) - done]
                view[done : done + len(piece)] = piece
                done += len(piece)
        return len(view)

    def _read_frames(self, first: int, end: int) -> memoryview:
        """Return frames; a hunk that is read in pieces is decoded once."""
        per_hunk = self.frames.frames_per_hunk
        number = first // per_hunk
        if end > (number + 1) * per_hunk:
            return memoryview(self.frames.read_at(first * FRAME_BYTES, (end - first) * FRAME_BYTES))
        known, hunk = self._last_hunk  # one object, so that threads always see a number with its hunk
        if known != number:
            hunk = self.frames.read_at(number * self.block_size, self.block_size)
            self._last_hunk = (number, hunk)
        start = number * per_hunk
        return memoryview(hunk)[(first - start) * FRAME_BYTES : (end - start) * FRAME_BYTES]


class ChdCdImage(FramesImage, CdImage):
    """A CD or GD-ROM with its tracks."""

    def __init__(self, frames: ChdFrames) -> None:
        """Take the open frames, whose source this image closes."""
        super().__init__(frames)
        self.tracks = dump_tracks(frames)
        self.left_out_bytes = SUBCODE_BYTES * sum(each.track.sectors for each in frames.tracks if each.has_subcode)

    @property
    def tracks_in_chd(self) -> tuple[Track, ...]:
        """The tracks of the track table, see `CdImage.tracks_in_chd`."""
        return tuple(each.track for each in self.frames.tracks)


class ChdIsoImage(FramesImage):
    """An ISO that was packed as a CD of one track with sectors of 2,048 bytes."""

"""Made-up CDs whose stored sectors are one file, in the order of their tracks, and images over them."""

from collections.abc import Sequence
from pathlib import Path

from cd_chds import cd_chd
from command_line import write_old
from memory_cds import TrackPlan
from sample_images import mixed_sectors

from discpress.engine.formats import RAW_SECTOR_SIZE, ImageFormat
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR, Track, TrackKind
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource, FileSource
from discpress.engine.system.files import Writable


class RawDisc(CdImage):
    """A CD whose stored sectors are the bytes of a source."""

    format = ImageFormat.CHD
    block_size = RAW_SECTOR_SIZE

    def __init__(self, source: ByteSource, tracks: Sequence[Track]) -> None:
        super().__init__(source)
        self.tracks = tuple(tracks)
        self.size = source.size_bytes

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read the bytes of the source."""
        return self.source.read_into(buffer, offset)

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate sectors."""
        return [
            StoredBlock(each, each * self.block_size, self.block_length(each), None, 0)
            for each in range(first, first + count)
        ]

    def decode_block(self, block: StoredBlock) -> bytes:
        """Return a sector."""
        return self.read_at(block.offset, block.length)

    def sums(self, check: object = no_check) -> Sums:
        """Count sectors."""
        return Sums(self.blocks, self.size, end=self.size)


def laid_out(*shapes: tuple[TrackKind, int, int], starts: Sequence[int] = ()) -> tuple[Track, ...]:
    """Return tracks of (kind, stored sectors, sectors of the stored pregap), one after the other.

    `starts` are their first sectors on the disc, if they do not follow each other without gaps.
    """
    tracks: list[Track] = []
    at = sector = 0
    for number, (kind, sectors, pregap) in enumerate(shapes, 1):
        first = starts[number - 1] if starts else sector + pregap
        tracks.append(Track(number, kind, at, sectors, pregap, first_sector=first))
        at += tracks[-1].stored_bytes
        sector += sectors
    return tuple(tracks)


MIXED = laid_out((TrackKind.MODE2_RAW, 300, 0), (TrackKind.AUDIO, 190, 150), (TrackKind.AUDIO, 3, 1))
"""A data track, a song with a stored pregap, and one shorter than a part's marker."""
SHORT = laid_out((TrackKind.MODE2_RAW, 10, 0), (TrackKind.AUDIO, 1, 0))
"""Two tracks: the fewest for a state between them."""
GD_ROM = laid_out(
    (TrackKind.MODE1_RAW, 20, 0),
    (TrackKind.AUDIO, 30, 0),
    (TrackKind.MODE1_2048, 40, 0),
    starts=(0, 600, HIGH_DENSITY_SECTOR),
)


def stored_sectors(tracks: Sequence[Track], seed: int = 70) -> bytes:
    """Return bytes for the sectors of all tracks."""
    return mixed_sectors(tracks[-1].end, seed)


def write_disc(path: Path, tracks: Sequence[Track], seed: int = 70) -> Path:
    """Write the sectors of a disc as a file of long ago; return its path."""
    return write_old(path, stored_sectors(tracks, seed))


def track_plans(tracks: Sequence[Track], seed: int = 70) -> list[TrackPlan]:
    """Return the sectors of each track, for a CHD."""
    data = stored_sectors(tracks, seed)
    plans: list[TrackPlan] = []
    for track in tracks:
        size = track.kind.sector_bytes
        sectors = [data[at : at + size] for at in range(track.start, track.end, size)]
        plans.append((track.kind, sectors, track.pregap, track.first_sector))
    return plans


def write_chd(path: Path, tracks: Sequence[Track]) -> Path:
    """Write a disc as a CHD of long ago; return its path."""
    return write_old(path, cd_chd(*track_plans(tracks)))


def open_disc(path: Path, tracks: Sequence[Track]) -> RawDisc:
    """Open such a file; the caller closes it."""
    return RawDisc(FileSource(path), tracks)

"""The frames of a CD in a CHD: all that its hunks decode to, as they are stored."""

from collections.abc import Iterator, Sequence

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import RAW_SECTOR_SIZE
from discpress.engine.images.chd.cd.places import parts_of
from discpress.engine.images.chd.cd.tracks import CD_TAGS, StoredTrack, padded, read_tracks
from discpress.engine.images.chd.header import CD_CODECS, ChdHeader
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.metadata import MetadataEntry
from discpress.engine.images.source import ByteSource, shown_name

MAX_FRAMES = 1_000_000
"""Nearly twice those of a GD-ROM, 549,300; a limit, because a map of a few bytes can claim millions of frames."""


def has_frames(header: ChdHeader, metadata: Sequence[MetadataEntry]) -> bool:
    """Return whether a CHD is of a CD, by its track table, its codecs and its units."""
    return (
        any(each.tag in CD_TAGS for each in metadata)
        or any(name in CD_CODECS for name in header.codec_names)
        or header.unit_size in {FRAME_BYTES, RAW_SECTOR_SIZE}
    )


class ChdFrames(ChdImage):
    """The frames of all tracks, each of 2,448 bytes: a sector, and its subcode or zeros.

    Sectors of fewer bytes are filled up with zeros, and tracks to multiples of 4 frames; sound is big-endian. The SHA-1
    in the header is that of these frames.
    """

    def __init__(self, source: ByteSource, header: ChdHeader, metadata: Sequence[MetadataEntry]) -> None:
        """Read the track table. Raises the errors of `read_tracks`, also if hunks or tracks do not fit the header."""
        name = shown_name(source)
        if header.unit_size == RAW_SECTOR_SIZE and not any(each.tag in CD_TAGS for each in metadata):
            hint = "`chdman extractraw` gives the raw file back, for a CUE sheet"
            raise UnsupportedImageError(
                f"{name}: a CHD of raw sectors without a track table cannot be read: {hint}", hint=hint
            )
        if header.unit_size != FRAME_BYTES or header.hunk_size % FRAME_BYTES:
            raise _damage(
                f"{name}: expected hunks of whole frames of {FRAME_BYTES} bytes, got hunks of {header.hunk_size} "
                f"with units of {header.unit_size}"
            )
        frames, rest = divmod(header.total_bytes, FRAME_BYTES)
        if frames > MAX_FRAMES:
            raise _damage(f"{name}: expected up to {MAX_FRAMES} frames, got {frames}: no CD or GD-ROM is that long")
        super().__init__(source, header, metadata)
        self.tracks = read_tracks(source, metadata)
        if rest:
            raise _damage(f"{name}: expected whole frames of {FRAME_BYTES} bytes, got {frames} and {rest} bytes")
        last = self.tracks[-1]
        needed = padded(last.end_frame + last.pad)
        if needed > frames:
            raise _damage(f"{name}: its tracks fill {needed} frames, but it has {frames}")

    @property
    def frames_per_hunk(self) -> int:
        """Frames of a hunk."""
        return self.block_size // FRAME_BYTES

    def parts_of(self, first: int, end: int) -> Iterator[tuple[StoredTrack, int, int]]:
        """Return the tracks in some frames, see `places.parts_of`."""
        return parts_of(self.tracks, first, end)

    def first_sector_of(self, number: int) -> int:
        """Return the address on the disc of the first sector in a hunk; of padding, the one that would follow."""
        frame = number * self.frames_per_hunk
        each = next(each for each in reversed(self.tracks) if each.first_frame <= frame)
        return each.address_of(frame)

    def sectors_of(self, number: int) -> str:
        """Return the sectors in a hunk, as words: `track 2, sectors 1200-1207`, by their addresses on the disc."""
        first = number * self.frames_per_hunk
        words = []
        for each, start, end in self.parts_of(first, first + self.frames_per_hunk):
            addresses = each.address_of(start), each.address_of(end - 1)
            many = f"sectors {addresses[0]}-{addresses[1]}" if end - start > 1 else f"sector {addresses[0]}"
            words.append(f"track {each.track.number}, {many}")
        return "; ".join(words) or "padding"


def _damage(message: str) -> DamagedImageError:
    return DamagedImageError(message, hint="restore the file from a backup, or make it again")

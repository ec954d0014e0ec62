"""The places of a disc's sectors in the frames of a CHD."""

from array import array
from collections.abc import Iterator, Sequence

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.images.chd.cd.tracks import StoredTrack


def parts_of(tracks: Sequence[StoredTrack], first: int, end: int) -> Iterator[tuple[StoredTrack, int, int]]:
    """Yield each track that has sectors in frames `first` to `end`, with the first and the end of its frames."""
    for each in tracks:
        start, stop = max(first, each.first_frame), min(end, each.end_frame)
        if start < stop:
            yield each, start, stop


def sectors_in(tracks: Sequence[StoredTrack], frames: memoryview, first: int) -> bytes:
    """Return the sectors in whole frames, of which the first has this number, without padding and subcode."""
    pieces = [
        cut_frames(frames[(start - first) * FRAME_BYTES : (end - first) * FRAME_BYTES], each)
        for each, start, end in parts_of(tracks, first, first + len(frames) // FRAME_BYTES)
    ]
    return b"".join(pieces)


def cut_frames(frames: memoryview, stored: StoredTrack) -> bytes:
    """Return the sectors in whole frames of a track."""
    size = stored.track.kind.sector_bytes
    sectors = b"".join(frames[start : start + size] for start in range(0, len(frames), FRAME_BYTES))
    return swapped(sectors) if stored.is_swapped else sectors


def swapped(sound: bytes) -> bytes:
    """Return samples of 16 bits in the other byte order."""
    samples = array("H", sound)
    samples.byteswap()
    return samples.tobytes()

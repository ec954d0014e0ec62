"""The tracks of a GD-ROM in a CHD as its dump has them: with the gaps that are in the tracks before in the CHD."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from discpress.engine.images.cd.gd_gaps import with_moved_gaps
from discpress.engine.images.cd.kept.checked import kept_of
from discpress.engine.images.cd.tracks import Track, is_gd_rom
from discpress.engine.images.chd.cd.frames import ChdFrames


def dump_tracks(frames: ChdFrames) -> tuple[Track, ...]:
    """Return the tracks that begin where the kept files do; those of the track table if no such files are kept.

    They are used only if their CHD would have exactly this track table. Raises StorageError.
    """
    stated = tuple(each.track for each in frames.tracks)
    kept = kept_of(frames.source, frames.metadata, stated[-1].end).files if is_gd_rom(stated) else None
    firsts = [[part.start for part in file.parts if part.is_of_disc][:1] for file in kept.files] if kept else []
    starts = sorted(start for first in firsts for start in first)
    if len(starts) != len(stated):
        return stated
    tracks = _with_starts(stated, starts)
    are_whole = all(0 <= track.pregap < track.sectors for track in tracks)
    return tracks if are_whole and with_moved_gaps(tracks) == stated else stated


def _with_starts(tracks: Sequence[Track], starts: Sequence[int]) -> tuple[Track, ...]:
    """Return tracks with other offsets of their first sectors; what is before the old offset is the pregap."""
    found = []
    for track, (start, end) in zip(tracks, pairwise([*starts, tracks[-1].end]), strict=True):
        size = track.kind.sector_bytes
        found.append(replace(track, start=start, sectors=(end - start) // size, pregap=(track.start - start) // size))
    return tuple(found)

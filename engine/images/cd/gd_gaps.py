"""The gaps of a GD-ROM's tracks, which a CHD has at the ends of the tracks before (docs/formats.md, section 3)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from discpress.engine.images.cd.tracks import Track, is_gd_rom


def with_moved_gaps(tracks: Sequence[Track]) -> tuple[Track, ...]:
    """Return the tracks as a CHD states them: each begins at its INDEX 01, and ends before that of the next one.

    The joined sectors stay the same. So do the tracks of other discs, and those with a gap that is not right after the
    track before it, or has sectors of another size.
    """
    if not is_gd_rom(tracks) or tracks[0].pregap or not all(_can_move(*pair) for pair in pairwise(tracks)):
        return tuple(tracks)
    gaps = [*(track.pregap for track in tracks[1:]), 0]
    return tuple(
        replace(track, start=track.data_start, sectors=track.length + gap, pregap=0)
        for track, gap in zip(tracks, gaps, strict=True)
    )


def _can_move(before: Track, track: Track) -> bool:
    """Return whether the gap of a track can be the end of the track before it; also if it has none."""
    end = before.first_sector + before.length
    is_next = track.first_sector - track.pregap == end and not before.postgap and not track.silent_pregap
    return not track.pregap or (is_next and before.kind.sector_bytes == track.kind.sector_bytes)

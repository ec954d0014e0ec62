"""Gaps of a GD-ROM's tracks: at the ends of the tracks before in its CHD, and back where the kept files have them."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.images.cd.gd_gaps import with_moved_gaps
from discpress.engine.images.cd.kept.entry import TAG, FilePart, KeptFile, KeptFiles, PartKind, encode
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR, Track, TrackKind
from discpress.engine.images.chd.cd.dump_tracks import dump_tracks
from discpress.engine.images.chd.cd.entries import read_entries, track_entries
from discpress.engine.images.chd.cd.frames import ChdFrames
from discpress.engine.images.chd.metadata import MetadataEntry
from discpress.engine.images.source import MemorySource

SECTOR = 2352


def gd_rom(lengths: Sequence[int], gaps: Sequence[int]) -> tuple[Track, ...]:
    """A disc of tracks with these sectors and stored pregaps; the first and the third track have none."""
    tracks: list[Track] = []
    start = address = 0
    for number, (length, drawn) in enumerate(zip(lengths, gaps, strict=True), 1):
        is_data, gap = number in {1, 3}, 0 if number in {1, 3} else drawn
        address = HIGH_DENSITY_SECTOR if number == 3 else address
        kind = TrackKind.MODE1_RAW if is_data else TrackKind.AUDIO
        session = 1 if number < 3 else 2
        tracks.append(Track(number, kind, start, length + gap, gap, first_sector=address + gap, session=session))
        start += (length + gap) * SECTOR
        address += length + gap
    return tuple(tracks)


def discs() -> st.SearchStrategy[tuple[Track, ...]]:
    counts = st.integers(3, 6)
    return counts.flatmap(
        lambda count: st.builds(
            gd_rom,
            st.lists(st.integers(1, 9), min_size=count, max_size=count),
            st.lists(st.integers(0, 4), min_size=count, max_size=count),
        )
    )


def read(tracks: Sequence[Track], starts: Sequence[int]) -> tuple[Track, ...]:
    """Return the tracks of a CHD with this track table whose files begin at offsets of the decoded disc."""
    ends = [*starts[1:], tracks[-1].end]
    files = [
        KeptFile(f"{number}.bin", (FilePart(PartKind.DISC, end - start, start),) if end > start else ())
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    sheet = KeptFile("Game.cue", (FilePart(PartKind.DATA, 3, data=b"REM"),))
    payload = encode(KeptFiles((sheet, *files)))
    frames = SimpleNamespace(
        tracks=read_entries(track_entries(tracks), "Game.chd"),
        source=MemorySource(Path("Game.chd"), payload),
        metadata=[MetadataEntry(TAG, False, 0, len(payload))],
    )
    return dump_tracks(cast(ChdFrames, frames))


@given(discs())
def test_moved_gaps_leave_all_sectors_and_addresses(tracks: tuple[Track, ...]) -> None:
    moved = with_moved_gaps(tracks)
    assert not any(track.pregap for track in moved)
    assert [track.data_start for track in moved] == [track.data_start for track in tracks]
    assert [track.first_sector for track in moved] == [track.first_sector for track in tracks]
    assert [track.start for track in moved[1:]] == [track.end for track in moved[:-1]]
    assert moved[-1].end == tracks[-1].end


@given(discs())
def test_kept_files_give_the_gaps_back(tracks: tuple[Track, ...]) -> None:
    assert read(with_moved_gaps(tracks), [track.start for track in tracks]) == tracks


@given(discs(), st.data())
def test_files_that_begin_anywhere_change_no_track_table(tracks: tuple[Track, ...], data: st.DataObject) -> None:
    stated = with_moved_gaps(tracks)
    moves = st.sampled_from([0, 0, 0, 0, 0, -3, -2, -1, 1, 2, -4 / SECTOR])  # in sectors, or a sample of sound
    drawn = [track.data_start + int(data.draw(moves) * SECTOR) for track in tracks[1:]]
    starts = [0, *sorted(min(max(0, each), tracks[-1].end) for each in drawn)]
    found = read(stated, starts)
    assert with_moved_gaps(found) == stated
    assert all(0 <= track.pregap < track.sectors for track in found)

"""The track table of a CHD to write, as chdman writes it: one entry a track (docs/formats.md, section 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from discpress.engine.images.cd.tracks import Track, TrackKind, is_gd_rom
from discpress.engine.images.chd.cd.tracks import CD_TAG, GD_TAG, KINDS, StoredTrack, read_tracks
from discpress.engine.images.chd.metadata import ENTRY_SIZE, MetadataEntry, NewEntry, encode_entries
from discpress.engine.images.source import MemorySource

_TYPES = {kind: name for name, kind in KINDS.items() if name != "MODE2_FORM_MIX"} | {
    TrackKind.CDI_2336: "MODE2",
    TrackKind.CDI_RAW: "MODE2_RAW",
}
_SILENT_TYPE = "MODE1"  # chdman writes it for pregaps that are not stored, of any track


def track_entries(tracks: Sequence[Track]) -> tuple[NewEntry, ...]:
    """Return the entries of a disc. ValueError if a track of a GD-ROM begins before the end of the one before it."""
    is_gd = is_gd_rom(tracks)
    pads = [*_gaps(tracks), 0] if is_gd else [0] * len(tracks)
    return tuple(_entry(track, pad, is_gd=is_gd) for track, pad in zip(tracks, pads, strict=True))


def _gaps(tracks: Sequence[Track]) -> Iterator[int]:
    """Yield the sectors between two tracks that are in no file, and no pregap."""
    for track, after in pairwise(tracks):
        gap = after.first_sector - after.pregap - after.silent_pregap - _end_of(track)
        if gap < 0:
            raise ValueError(f"track {after.number} begins before the end of track {track.number}")
        yield gap


def _end_of(track: Track) -> int:
    return track.first_sector + track.length + track.postgap


def _entry(track: Track, pad: int, *, is_gd: bool) -> NewEntry:
    name = _TYPES[track.kind]
    padding = f" PAD:{pad}" if is_gd else ""
    text = (
        f"TRACK:{track.number} TYPE:{name} SUBTYPE:NONE FRAMES:{track.sectors + pad}{padding} "
        f"PREGAP:{track.pregap or track.silent_pregap} PGTYPE:{f'V{name}' if track.pregap else _SILENT_TYPE} "
        f"PGSUB:NONE POSTGAP:{track.postgap}"
    )
    return NewEntry(GD_TAG if is_gd else CD_TAG, text.encode("ascii") + b"\0")


def read_entries(entries: Sequence[NewEntry], name: str) -> tuple[StoredTrack, ...]:
    """Return the tracks that a reader finds in the entries of a file called `name`. Raises the errors of
    `read_tracks`."""
    source = MemorySource(Path(name), encode_entries(entries, 0))
    found, offset = [], 0
    for entry in entries:
        offset += ENTRY_SIZE
        found.append(MetadataEntry(entry.tag, entry.is_counted, offset, len(entry.payload)))
        offset += len(entry.payload)
    return read_tracks(source, found)


def lost_of(tracks: Sequence[Track], found: Sequence[Track]) -> list[str]:
    """Return what the track table does not state of the tracks of a disc, from those that a reader finds in it."""
    pairs = [*zip(tracks, found, strict=True)]
    lost = []
    cdi = [track for track in tracks if track.kind in {TrackKind.CDI_2336, TrackKind.CDI_RAW}]
    both = [track for track in tracks if track.pregap and track.silent_pregap]
    sessions = [track for track, each in pairs if track.session != each.session]
    moved = [track for track, each in pairs if track.first_sector != each.first_sector and track not in sessions]
    for what, some in (
        ("that it is for CD-i", cdi),
        ("its second pregap", both),
        ("its session", sessions),
        ("its place on the disc", moved),
    ):
        if some:
            lost.append(f"{what} (track {some[0].number})")
    if not lost and [_plain(track) for track in tracks] != [_plain(track) for track in found]:
        lost.append("the tracks as they are")
    return lost


def _plain(track: Track) -> Track:
    return replace(track, kind=KINDS[_TYPES[track.kind]])

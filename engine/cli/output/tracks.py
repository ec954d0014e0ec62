"""Tracks of a CD and their digests, for people and as JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from discpress.engine.convert.cd.track_digests import TrackDigests
from discpress.engine.images.cd.addresses import msf
from discpress.engine.images.cd.tracks import Track
from discpress.engine.names import display_name
from discpress.engine.units import format_count

if TYPE_CHECKING:
    from discpress.engine.images.cd.kept.checked import Kept


def track_facts(found: Sequence[TrackDigests]) -> dict[str, object]:
    """Return the `tracks` field of `verify --json`; nothing for an image without tracks."""
    if not found:
        return {}
    return {
        "tracks": [
            {**_table_facts(each.track), **{kind: each.digests.values[kind] for kind in sorted(each.digests.values)}}
            for each in found
        ]
    }


def table_facts(tracks: Sequence[Track]) -> dict[str, object]:
    """Return the `tracks` field of `info --json`; nothing for an image without tracks."""
    return {"tracks": [_table_facts(each) for each in tracks]} if tracks else {}


def _table_facts(track: Track) -> dict[str, object]:
    return {
        "number": track.number,
        "type": str(track.kind),
        "session": track.session,
        "first_sector": track.first_sector,
        "sectors": track.sectors,
        "pregap": track.pregap,
        "silent_pregap": track.silent_pregap,
        "postgap": track.postgap,
        "size_bytes": track.stored_bytes,
    }


def kept_facts(kept: "Kept") -> dict[str, object]:
    """Return the `kept_files` field of `info --json`; nothing for an image that keeps none."""
    if kept.files is None:
        return {}
    return {
        "kept_files": [
            {"name": file.name, "size_bytes": file.size_bytes, "sha1": file.sha1 or None} for file in kept.files.files
        ]
    }


def kept_rows(kept: "Kept") -> list[tuple[str, str]]:
    """Return the row of `info` about the files that an image keeps; none if it keeps none."""
    if kept.files is None:
        return [("kept files", f"not usable: {kept.problem}")] if kept.problem else []
    count = len(kept.files.files) - 1
    others = format_count(count, "other file")
    return [("kept files", f"{display_name(kept.files.sheet.name)} and {others}, as they were: convert -d writes them")]


def track_lines(found: Sequence[TrackDigests]) -> list[str]:
    """Return a line for each track: its size, crc32 and sha1, as DAT files list them."""
    return [
        f"  track {each.track.number:02} {each.track.kind:<10} {each.track.stored_bytes:>11} bytes, "
        f"crc32 {each.digests.values['crc32']}, sha1 {each.digests.values['sha1']}"
        for each in found
    ]


def track_rows(tracks: Sequence[Track]) -> list[tuple[str, str]]:
    """Return the table of tracks as pairs of name and text."""
    return [(f"track {each.number:02}", _described(each)) for each in tracks]


def _described(track: Track) -> str:
    parts = [
        f"{track.kind:<10}",
        f"from sector {track.first_sector}, {msf(track.length)}, {track.stored_bytes} bytes",
        *([f"stored pregap {msf(track.pregap)}"] if track.pregap else []),
        *([f"silent pregap {msf(track.silent_pregap)}"] if track.silent_pregap else []),
        *([f"postgap {msf(track.postgap)}"] if track.postgap else []),
        *([f"session {track.session}"] if track.session > 1 else []),
    ]
    return f"{parts[0]} {', '.join(parts[1:])}"

"""The comparison of one image, or of the tracks of a disc, with the games of a list."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from discpress.engine.dats.lookup import IndexedFile
from discpress.engine.dats.model import FileKind, FileStatus
from discpress.engine.dats.zeros import crc32_with_zeros
from discpress.engine.images.cd.addresses import msf
from discpress.engine.store.digests import TrackDigest
from discpress.engine.units import format_size

_TRACK_MARK = "(track "
_AREAS = {1: "REM SINGLE-DENSITY AREA\r\n", 3: "REM HIGH-DENSITY AREA\r\n"}
"""The lines before tracks of a GD-ROM."""


@dataclass(frozen=True, slots=True)
class TrackComparison:
    """The tracks of a disc, or its only one, compared with the files of a game."""

    is_whole: bool
    """Whether all tracks are all files of the game, and the list has all tracks of the disc."""
    is_partial_list: bool
    """Whether the list has one track of the disc only."""


def compare_tracks(tracks: Sequence[TrackDigest], files: Sequence[IndexedFile]) -> TrackComparison:
    """Compare all tracks of a disc with the files of a game.

    Unrelated games share tracks, so that only all of them together tell a disc.
    """
    listed = [file for file in files if file.kind is FileKind.DATA]
    if len(listed) == 1 and _TRACK_MARK in listed[0].name.lower():
        return TrackComparison(is_whole=False, is_partial_list=True)
    return TrackComparison(is_whole=len(listed) == len(tracks) and _are_same(tracks, listed), is_partial_list=False)


def _are_same(tracks: Sequence[TrackDigest], listed: Sequence[IndexedFile]) -> bool:
    """Return whether as many tracks are these files, in any order."""
    sizes = {track.size_bytes for track in tracks}
    if any(file.size_bytes not in sizes for file in listed if file.size_bytes is not None):
        return False
    if all(file.crc32 is not None for file in listed):
        return sorted(int(track.crc32, 16) for track in tracks) == sorted(file.crc32 or 0 for file in listed)
    return sorted(track.sha1 for track in tracks) == sorted((file.sha1 or b"").hex() for file in listed)


def has_listed_sheet(tracks: Sequence[TrackDigest], files: Sequence[IndexedFile]) -> bool | None:
    """Return whether a sheet with these tracks, named as in the list, equals the listed one; None without one.

    The sheet of the user has other names for the files, and often other commands: its own bytes tell nothing. The
    digests of tracks do not show the areas of a GD-ROM, so both sheets count: with them and without them.
    """
    sheet = next((each for each in files if each.kind is FileKind.SHEET and each.name.lower().endswith(".cue")), None)
    listed = [file for file in files if file.kind is FileKind.DATA]
    if sheet is None or sheet.crc32 is None or len(listed) != len(tracks):
        return None
    names = {file.crc32: file.name for file in listed}
    text = areas = ""
    for number, track in enumerate(tracks, start=1):
        name = names.get(int(track.crc32, 16))
        if name is None:
            return None
        lines = f'FILE "{name}" BINARY\r\n  TRACK {number:02} {track.kind}\r\n'
        if track.pregap:
            lines += "    INDEX 00 00:00:00\r\n"
        lines += f"    INDEX 01 {msf(track.pregap)}\r\n"
        text += lines
        areas += _AREAS.get(number, "") + lines
    return sheet.crc32 in {zlib.crc32(text.encode()), zlib.crc32(areas.encode())}


def worst_status(files: Sequence[IndexedFile]) -> FileStatus:
    """Return the quality of a game: that of its worst file; one that is wanted counts before bad ones."""
    statuses = {file.status for file in files if file.kind is not FileKind.SHEET}
    return max(statuses, default=FileStatus.GOOD)


def trimmed_or_padded(size_bytes: int, crc32: int, file: IndexedFile) -> str:
    """Return how an image differs from a listed one if only zeros at the end are missing or added; empty otherwise."""
    if file.size_bytes is None or file.crc32 is None or file.size_bytes == size_bytes:
        return ""
    difference = abs(file.size_bytes - size_bytes)
    if size_bytes < file.size_bytes:
        is_same = crc32_with_zeros(crc32, difference) == file.crc32
        return f"not the whole disc: {format_size(difference)} of zeros at its end are missing" if is_same else ""
    is_same = crc32_with_zeros(file.crc32, difference) == crc32
    return f"more than the disc: {format_size(difference)} of zeros follow it" if is_same else ""

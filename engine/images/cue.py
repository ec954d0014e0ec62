"""CUE and GDI sheets, the text files that name the files of a dump: detects them by content and reads the names."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

MAX_CUE_BYTES = 64 * 1024
"""Four times the size of a sheet with 99 fully described tracks."""
MAX_CUE_FILES = 99
"""Most tracks of a CD; each may have its own file."""

_FILE = re.compile(rb'^[ \t]*FILE[ \t]+(?:"([^"\r\n]*)"|([^\s"]+))[ \t]+([A-Z0-9]+)[ \t]*\r?$', re.I | re.M)


@dataclass(frozen=True, slots=True)
class CueSheet:
    """The files that a CUE sheet names."""

    names: tuple[str, ...]
    """Base names, each once, in order; folders in the sheet are ignored."""


def parse_cue(data: bytes) -> CueSheet:
    """Return the names in a CUE sheet; bytes that are not UTF-8 become surrogates, as in file names. Never raises."""
    names: dict[str, None] = {}
    for match in _FILE.finditer(data[:MAX_CUE_BYTES]):
        if name := _base_name(match[1] or match[2] or b""):
            names.setdefault(name)
        if len(names) == MAX_CUE_FILES:
            break
    return CueSheet(tuple(names))


def _base_name(raw: bytes) -> str:
    """Return the base name of a path in a sheet, for Windows or not; empty if it cannot name a file."""
    text = raw.decode("utf-8", "surrogateescape")
    name = PurePosixPath(PureWindowsPath(text).name).name
    return "" if name in {".", ".."} or "\0" in name else name


HIGH_DENSITY_SECTOR = 45_000
"""First sector of the area that contains the game; the tracks before it are for CD players."""

# Number, first sector, type (0 audio, 4 data), bytes of a sector, file name, offset.
_GDI_TRACK = re.compile(
    rb"^[ \t]*[0-9]{1,2}[ \t]+([0-9]{1,7})[ \t]+([04])[ \t]+[0-9]{4}[ \t]+"
    rb'(?:"([^"\r\n]+)"|([^\s"]+))[ \t]+[0-9]+[ \t]*\r?$',
    re.M,
)


@dataclass(frozen=True, slots=True)
class GdiTrack:
    """One line of a GDI sheet."""

    start_sector: int
    """Its first sector on the disc."""
    is_data: bool
    """Whether it contains data; else music."""
    name: str
    """Base name of its file; folders in the sheet are ignored."""


def parse_gdi(data: bytes) -> tuple[GdiTrack, ...]:
    """Return the tracks of a GDI sheet in order; bytes that are not UTF-8 become surrogates, as in file names. Never
    raises.
    """
    tracks = []
    for match in _GDI_TRACK.finditer(data[:MAX_CUE_BYTES]):
        if name := _base_name(match[3] or match[4] or b""):
            tracks.append(GdiTrack(int(match[1]), match[2] == b"4", name))
        if len(tracks) == MAX_CUE_FILES:
            break
    return tuple(tracks)


def game_track(tracks: tuple[GdiTrack, ...]) -> GdiTrack | None:
    """Return the first data track of the high-density area, else the first data track, else None."""
    data = [track for track in tracks if track.is_data]
    return next((track for track in data if track.start_sector >= HIGH_DENSITY_SECTOR), next(iter(data), None))

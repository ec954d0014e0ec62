"""CUE sheets, the text files that name the raw files of a CD dump: detects them by content and reads the names."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

MAX_CUE_BYTES = 64 * 1024
"""Four times the size of a sheet with 99 fully described tracks."""
MAX_CUE_FILES = 99
"""Most tracks of a CD; each may have its own file."""

# Music has only WAVE files and audio tracks; a sheet that begins with a data track in a BINARY file is a data disc.
_FILE = re.compile(rb'^[ \t]*FILE[ \t]+(?:"([^"\r\n]*)"|([^\s"]+))[ \t]+([A-Z0-9]+)[ \t]*\r?$', re.I | re.M)
_DATA_TRACK = re.compile(rb"^[ \t]*TRACK[ \t]+[0-9]{1,2}[ \t]+(?:MODE[12]/|CDI/)[0-9]{4}[ \t]*\r?$", re.I | re.M)
_TRACK = re.compile(rb"^[ \t]*TRACK[ \t]+[0-9]{1,2}[ \t]+[A-Z0-9/]+[ \t]*\r?$", re.I | re.M)
_BINARY = (b"BINARY", b"MOTOROLA")


@dataclass(frozen=True, slots=True)
class CueSheet:
    """The files that a CUE sheet names."""

    names: tuple[str, ...]
    """Base names, each once, in order; folders in the sheet are ignored."""


def is_cue(head: bytes, file_bytes: int) -> bool:
    """Return whether a file's first bytes are those of a CUE sheet with a data track in a raw file."""
    if file_bytes > MAX_CUE_BYTES or b"\0" in head:
        return False
    found = _FILE.search(head)
    return found is not None and found[3].upper() in _BINARY and _DATA_TRACK.search(head) is not None


def has_sheet(data: bytes) -> bool:
    """Return whether bytes are those of any CUE sheet, one of music included: a file is named, and a track is."""
    return b"\0" not in data and _FILE.search(data) is not None and _TRACK.search(data) is not None


def parse_cue(data: bytes) -> CueSheet:
    """Return the names in a CUE sheet; bytes that are not UTF-8 become surrogates, as in file names. Never raises."""
    names: dict[str, None] = {}
    for match in _FILE.finditer(data[:MAX_CUE_BYTES]):
        text = (match[1] or match[2] or b"").decode("utf-8", "surrogateescape")
        name = PurePosixPath(PureWindowsPath(text).name).name
        if name and name not in {".", ".."} and "\0" not in name:
            names.setdefault(name)
        if len(names) == MAX_CUE_FILES:
            break
    return CueSheet(tuple(names))

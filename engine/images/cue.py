"""CUE sheets: the text file that names the raw files of a CD dump; told by content, read for the names alone."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath

MAX_CUE_BYTES = 64 * 1024
"""Ninety-nine tracks with all that may be said of them take a quarter of it."""
MAX_CUE_FILES = 99
"""Tracks that a CD has at most; each may have a file of its own."""

# Music has WAVE files and audio tracks only: what begins with a data track in a BINARY file is a game or a program.
_FILE = re.compile(rb'^[ \t]*FILE[ \t]+(?:"([^"\r\n]*)"|([^\s"]+))[ \t]+([A-Z0-9]+)[ \t]*\r?$', re.I | re.M)
_DATA_TRACK = re.compile(rb"^[ \t]*TRACK[ \t]+[0-9]{1,2}[ \t]+(?:MODE[12]/|CDI/)[0-9]{4}[ \t]*\r?$", re.I | re.M)
_BINARY = (b"BINARY", b"MOTOROLA")


@dataclass(frozen=True, slots=True)
class CueSheet:
    """The files that a CUE sheet names."""

    names: tuple[str, ...]
    """Base names, each once, in order: a folder that the sheet names is never looked into."""


def is_cue(head: bytes, file_bytes: int) -> bool:
    """Return whether a file's first bytes are those of a CUE sheet with a data track in a raw file."""
    if file_bytes > MAX_CUE_BYTES or b"\0" in head:
        return False
    found = _FILE.search(head)
    return found is not None and found[3].upper() in _BINARY and _DATA_TRACK.search(head) is not None


def parse_cue(data: bytes) -> CueSheet:
    """Return what a CUE sheet names; bytes that are no UTF-8 are kept as surrogates, as in file names. Never raises."""
    names: dict[str, None] = {}
    for match in _FILE.finditer(data[:MAX_CUE_BYTES]):
        text = (match[1] or match[2] or b"").decode("utf-8", "surrogateescape")
        name = PurePosixPath(PureWindowsPath(text).name).name
        if name and name not in {".", ".."} and "\0" not in name:
            names.setdefault(name)
        if len(names) == MAX_CUE_FILES:
            break
    return CueSheet(tuple(names))

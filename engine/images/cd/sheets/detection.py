"""Detection of sheets by their content."""

import re

MAX_SHEET_BYTES = 64 * 1024
"""Four times the size of a sheet with 99 fully described tracks."""

_NUL = b"\0"
_FILE = re.compile(rb'^[ \t]*FILE[ \t]+(?:"[^\r\n]*"|[^\s"][^\r\n"]*?)[ \t]+([A-Z0-9]+)[ \t]*\r?$', re.I | re.M)
_TRACK = re.compile(rb"^[ \t]*TRACK[ \t]+[0-9]{1,2}[ \t]+[A-Z0-9/]+[ \t]*\r?$", re.I | re.M)
_GDI_COUNT = re.compile(rb"^(?:\xef\xbb\xbf)?\s*([0-9]{1,2})[ \t]*\r?\n")
_GDI_TRACK = re.compile(
    rb"^[ \t]*[0-9]{1,2}[ \t]+[0-9]{1,7}[ \t]+[0-9]{1,2}[ \t]+[0-9]{4}[ \t]+"
    rb'(?:"[^"\r\n]+"|[^\s"][^\r\n"]*?)[ \t]+[0-9]+[ \t]*\r?$',
    re.M,
)
_RAW_FILES = {b"BINARY", b"MOTOROLA"}
_MARK = b"\xef\xbb\xbf"


def is_cue(head: bytes, file_bytes: int) -> bool:
    """Return whether a file's first bytes are those of the CUE sheet of a disc.

    Music files have sheets too: these name no raw file.
    """
    if file_bytes > MAX_SHEET_BYTES or _NUL in head or _TRACK.search(head) is None:
        return False
    return any(named[1].upper() in _RAW_FILES for named in _FILE.finditer(head.removeprefix(_MARK)))


def has_sheet(data: bytes) -> bool:
    """Return whether bytes are those of any CUE sheet, one of music included: a file is named, and a track is."""
    text = data.removeprefix(_MARK)
    return _NUL not in data and _FILE.search(text) is not None and _TRACK.search(text) is not None


def is_gdi(head: bytes, file_bytes: int) -> bool:
    """Return whether a file's first bytes are those of a GDI sheet: a number of tracks, and a line that describes
    one."""
    if file_bytes > MAX_SHEET_BYTES or _NUL in head:
        return False
    count = _GDI_COUNT.match(head)
    return count is not None and int(count[1]) > 0 and _GDI_TRACK.search(head, count.end()) is not None

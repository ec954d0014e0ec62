"""Detection of sheets by their content.

Lines are taken apart by hand: a pattern with names that contain spaces takes hours for a line of 64 KiB of them.
"""

import re
from collections.abc import Iterator

MAX_SHEET_BYTES = 64 * 1024
"""Four times the size of a sheet with 99 fully described tracks."""
MAX_MDS_BYTES = 1024 * 1024
"""A descriptor of 99 tracks has 9 KiB; one with the timing of all sectors, for protected discs, has some 100 KiB."""
UTF8_MARK = b"\xef\xbb\xbf"
"""Bytes that some editors write before the first line."""

_NUL = b"\0"
_WORD = re.compile(rb"[A-Za-z0-9]{1,20}")
_TRACK = re.compile(rb"[0-9]{1,2}[ \t]+[A-Z0-9/]+([ \t]+RW(_RAW)?)?", re.I)
_COUNT = re.compile(rb"[0-9]{1,2}")
_RAW_FILES = {b"BINARY", b"MOTOROLA"}
_FIELDS_OF_GDI = 4
_SIZES_OF_GDI = range(2048, 4096)


def is_cue(head: bytes, file_bytes: int) -> bool:
    """Return whether a file's first bytes are those of the CUE sheet of a disc.

    Music files have sheets too: these name no raw file.
    """
    if file_bytes > MAX_SHEET_BYTES or _NUL in head:
        return False
    kinds, has_track = _kinds_and_track(head)
    return has_track and not _RAW_FILES.isdisjoint(kinds)


def has_sheet(data: bytes) -> bool:
    """Return whether bytes are those of any CUE sheet, one of music included: a file is named, and a track is."""
    kinds, has_track = _kinds_and_track(data)
    return _NUL not in data and has_track and bool(kinds)


def _kinds_and_track(data: bytes) -> tuple[set[bytes], bool]:
    """Return the types of all files that are named, in upper case, and whether there is a track."""
    kinds, has_track = set(), False
    for line in _lines(data):
        command, _, rest = line.replace(b"\t", b" ", 1).partition(b" ")
        if command.upper() == b"FILE":
            name, kind = read_file_command(rest.strip())
            kinds |= {kind.upper()} if name and kind else set()
        elif command.upper() == b"TRACK":
            has_track = has_track or _TRACK.fullmatch(rest.strip()) is not None
    return kinds, has_track


def read_file_command(rest: bytes) -> tuple[bytes, bytes]:
    """Return the name and the type in a FILE command; empty if there is none, or no end of its quotes.

    Names may contain spaces without quotes, and quotes within quotes. The type is the last word after the name.
    """
    if rest.startswith(b'"'):
        name, end, kind = rest[1:].rpartition(b'"')
        kind = kind.strip()
        return (name, kind) if end and (not kind or _WORD.fullmatch(kind)) else (b"", b"")
    words = rest.rsplit(maxsplit=1)
    if len(words) == 2 and _WORD.fullmatch(words[1]):
        return words[0], words[1]
    return rest, b""


def is_gdi(head: bytes, file_bytes: int) -> bool:
    """Return whether a file's first bytes are those of a GDI sheet: a number of tracks, and a line that describes
    one."""
    if file_bytes > MAX_SHEET_BYTES or _NUL in head:
        return False
    count, *others = [*(line for line in _lines(head) if line), b""]
    is_counted = _COUNT.fullmatch(count) is not None and int(count) > 0
    tracks = filter(None, map(read_gdi_line, others)) if is_counted else ()
    return any(numbers[3] in _SIZES_OF_GDI for numbers, _ in tracks)


def read_gdi_line(line: bytes) -> tuple[list[int], bytes] | None:
    """Return the numbers of a track in a GDI sheet, and the name of its file; None if the line is of another form.

    The numbers are track, first sector, type, bytes of a sector, and offset.
    """
    fields = line.split(maxsplit=_FIELDS_OF_GDI)
    if len(fields) <= _FIELDS_OF_GDI:
        return None
    name, _, offset = fields.pop().replace(b"\t", b" ").rpartition(b" ")
    name = name.strip()
    if name.startswith(b'"'):
        name = name[1:-1] if name.endswith(b'"') and name.count(b'"') == 2 else b""
    numbers = [each for each in (*fields, offset) if each.isdigit() and len(each) <= 18]
    return ([int(each) for each in numbers], name) if name and len(numbers) == _FIELDS_OF_GDI + 1 else None


def _lines(data: bytes) -> Iterator[bytes]:
    return (line.strip() for line in data.removeprefix(UTF8_MARK).splitlines())

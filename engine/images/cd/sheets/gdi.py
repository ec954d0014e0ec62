"""A parser of GDI sheets, which describe GD-ROMs (docs/formats.md, section 7)."""

import re
from collections import defaultdict
from dataclasses import replace

from discpress.engine.formats import MAX_TRACKS, RAW_SECTOR_SIZE
from discpress.engine.images.cd.sheets.detection import MAX_SHEET_BYTES, UTF8_MARK, read_gdi_line
from discpress.engine.images.cd.sheets.sheet import (
    MAX_ADDRESS,
    Piece,
    Sheet,
    SheetFile,
    SheetTrack,
    check_numbers,
    damaged,
    decode_name,
    unsupported,
)
from discpress.engine.images.cd.tracks import SUBCODE_SIZE, TrackKind
from discpress.engine.names import listed

_COUNT = re.compile(rb"[0-9]{1,2}")
_IS_DATA = 4
_DATA_KINDS = {
    2048: TrackKind.MODE1_2048,
    2336: TrackKind.MODE2_2336,
    RAW_SECTOR_SIZE: TrackKind.MODE1_RAW,
    RAW_SECTOR_SIZE + SUBCODE_SIZE: TrackKind.MODE1_RAW,
}
_AUDIO_SIZES = (RAW_SECTOR_SIZE, RAW_SECTOR_SIZE + SUBCODE_SIZE)


def parse_gdi(data: bytes, name: str) -> Sheet:
    """Return the content of a GDI sheet; `name` is its name for messages.

    DamagedImageError with the number of the line that breaks a rule, UnsupportedImageError with that of a line with
    content that is not read.
    """
    if len(data) > MAX_SHEET_BYTES:
        raise damaged(name, 0, f"it has {len(data)} bytes: a GDI sheet has up to {MAX_SHEET_BYTES}")
    lines = [(number, line.strip()) for number, line in enumerate(data.removeprefix(UTF8_MARK).splitlines(), start=1)]
    lines = [(number, line) for number, line in lines if line]
    if not lines or not _COUNT.fullmatch(lines[0][1]) or not int(lines[0][1]):
        raise damaged(name, lines[0][0] if lines else 0, f"expected the number of tracks, up to {MAX_TRACKS}")
    count, rows = int(lines[0][1]), lines[1:]
    if len(rows) != count:
        raise damaged(name, lines[0][0], f"it states {count} tracks and describes {len(rows)}")
    files: dict[str, SheetFile] = {}
    tracks = sorted((_track(name, number, line, files) for number, line in rows), key=lambda each: each.number)
    check_numbers(name, tracks)
    _check_addresses(name, tracks)
    return Sheet(tuple(files.values()), tuple(_with_ends(name, tracks)))


def _track(name: str, number: int, line: bytes, files: dict[str, SheetFile]) -> SheetTrack:
    found = read_gdi_line(line)
    if found is None:
        raise damaged(name, number, "expected number, first sector, type, bytes of a sector, file name and offset")
    track, first, control, size, offset = found[0]
    if not 1 <= track <= MAX_TRACKS:
        raise damaged(name, number, f"expected a track number from 1 to {MAX_TRACKS}, got {track}")
    if first > MAX_ADDRESS:
        raise damaged(name, number, f"expected a first sector up to {MAX_ADDRESS}, got {first}")
    is_data = bool(control & _IS_DATA)
    if size not in (_DATA_KINDS if is_data else _AUDIO_SIZES):
        known = listed(map(str, _DATA_KINDS if is_data else _AUDIO_SIZES))
        hint = "use a dump of whole sectors"
        raise unsupported(name, number, f"sectors of {size} bytes are not read here: expected {known}", hint)
    named = decode_name(found[1])
    files.setdefault(named, SheetFile(named, line=number))
    return SheetTrack(
        track,
        _DATA_KINDS[size] if is_data else TrackKind.AUDIO,
        size,
        (Piece(list(files).index(named), offset, None),),
        line=number,
        first_sector=first,
        is_mode_open=is_data and size >= RAW_SECTOR_SIZE,
    )


def _check_addresses(name: str, tracks: list[SheetTrack]) -> None:
    previous = -1
    for track in tracks:
        assert track.first_sector is not None
        if track.first_sector <= previous:
            raise damaged(name, track.line, f"track {track.number} begins before the track before it")
        previous = track.first_sector


def _with_ends(name: str, tracks: list[SheetTrack]) -> list[SheetTrack]:
    """Return tracks that end where the next one in their file begins. DamagedImageError if two overlap."""
    places: dict[int, list[int]] = defaultdict(list)
    for track in tracks:
        places[track.pieces[0].file].append(track.pieces[0].offset)
    found = []
    for track in tracks:
        piece = track.pieces[0]
        later = [offset for offset in places[piece.file] if offset > piece.offset]
        sectors, rest = divmod(min(later) - piece.offset, track.stride) if later else (None, 0)
        if rest or places[piece.file].count(piece.offset) > 1:
            raise damaged(name, track.line, f"track {track.number} overlaps another one in its file")
        found.append(replace(track, pieces=(replace(piece, sectors=sectors),)))
    return found

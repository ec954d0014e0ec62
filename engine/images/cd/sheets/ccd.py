"""A parser of CloneCD sheets (docs/formats.md, section 7)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from discpress.engine.formats import MAX_TRACKS, RAW_SECTOR_SIZE
from discpress.engine.images.cd.sheets.detection import MAX_SHEET_BYTES, UTF8_MARK
from discpress.engine.images.cd.sheets.sheet import (
    MAX_ADDRESS,
    Piece,
    Sheet,
    SheetFile,
    SheetTrack,
    check_numbers,
    damaged,
    unsupported,
)
from discpress.engine.images.cd.tracks import TrackKind

IMAGE_NAME = "*.img"
"""The file with the sectors."""
SUBCODE_NAME = "*.sub"
"""The file with the subcode, which is optional."""

_INTEGER = re.compile(rb"-?(?:0x[0-9a-f]{1,8}|[0-9]{1,10})", re.I)
_NUMBERED = re.compile(r"(ENTRY|TRACK) ([0-9]{1,3})")
_LEAD_OUT = 0xA2
_IS_DATA = 4
_KINDS = {0: TrackKind.AUDIO, 1: TrackKind.MODE1_RAW, 2: TrackKind.MODE2_RAW}

_Values: TypeAlias = Mapping[str, tuple[int, int]]
"""Numbers by their key in upper case, each with its line."""


@dataclass(frozen=True, slots=True)
class _Start:
    """The start of a track, from the table of contents."""

    number: int
    kind: TrackKind
    first: int
    """Its first stored sector, which may be in the pregap."""
    proper: int
    """The sector of its INDEX 01."""
    line: int
    is_mode_open: bool


def parse_ccd(data: bytes, name: str) -> Sheet:
    """Return the content of a CloneCD sheet; `name` is its name for messages.

    DamagedImageError with the number of the line that breaks a rule, UnsupportedImageError for several sessions.
    """
    if len(data) > MAX_SHEET_BYTES:
        raise damaged(name, 0, f"it has {len(data)} bytes: a CloneCD sheet has up to {MAX_SHEET_BYTES}")
    sections = _read_sections(data, name)
    entries = [values for section, values in sections.items() if section.startswith("ENTRY ")]
    sessions = max([values["SESSION"][0] for values in entries if "SESSION" in values], default=1)
    if max(sessions, sections.get("DISC", {}).get("SESSIONS", (1, 0))[0]) > 1:
        hint = "write a CUE sheet for its .img that contains the tracks of the first session"
        raise unsupported(name, 0, "a disc of several sessions is not read from a CloneCD sheet", hint)
    starts = sorted(_starts(name, sections, entries), key=lambda start: start.number)
    lead_outs = [values["PLBA"] for values in entries if _point(values) == _LEAD_OUT and "PLBA" in values]
    end = _checked(name, *lead_outs[0]) if lead_outs else None
    tracks = [
        _track(name, start, after.first if after is not None else end)
        for start, after in pairwise([*starts, None])
        if start is not None
    ]
    check_numbers(name, tracks)
    return Sheet((SheetFile(IMAGE_NAME),), tuple(tracks), companions=(SUBCODE_NAME,))


def _read_sections(data: bytes, name: str) -> dict[str, dict[str, tuple[int, int]]]:
    """Return the numbers of all sections. Values that are no numbers, such as texts, are left out."""
    sections: dict[str, dict[str, tuple[int, int]]] = {}
    current: dict[str, tuple[int, int]] = {}
    for number, line in enumerate(data.removeprefix(UTF8_MARK).splitlines(), start=1):
        text = line.strip()
        if text.startswith(b"[") and text.endswith(b"]"):
            title = _key(text[1:-1])
            if title in sections and _NUMBERED.fullmatch(title):
                raise damaged(name, number, f"there is another section {title.capitalize()}")
            current = sections.setdefault(title, {})
            continue
        key, _, value = text.partition(b"=")
        value = value.strip()
        if _INTEGER.fullmatch(value):
            current[_key(key)] = (int(value, 16 if b"x" in value.lower() else 10), number)
    return sections


def _key(raw: bytes) -> str:
    """Return the name of a section or a value, without case and with single spaces."""
    return " ".join(raw.decode("ascii", "replace").upper().split())


def _point(values: _Values) -> int:
    return values.get("POINT", (0, 0))[0]


def _starts(name: str, sections: Mapping[str, _Values], entries: Sequence[_Values]) -> list[_Start]:
    """Return the starts of all tracks, from the entries of the table of contents, else from the tracks' sections."""
    found = []
    for values in entries:
        if 1 <= _point(values) <= MAX_TRACKS:
            number, line = values["POINT"]
            if "PLBA" not in values:
                raise damaged(name, line, f"track {number} has no PLBA")
            found.append(_start(name, number, values, sections.get(f"TRACK {number}", {}), values["PLBA"]))
    if found:
        return found
    for section, values in sections.items():
        numbered = _NUMBERED.fullmatch(section)
        number = int(numbered[2]) if numbered is not None and numbered[1] == "TRACK" else 0
        if 1 <= number <= MAX_TRACKS and "INDEX 1" in values:
            found.append(_start(name, number, {}, values, values["INDEX 1"]))
    return found


def _start(name: str, number: int, entry: _Values, track: _Values, place: tuple[int, int]) -> _Start:
    proper, line = _checked(name, *place), place[1]
    mode = track.get("MODE", (None, 0))[0]
    is_data = bool(entry.get("CONTROL", (0, 0))[0] & _IS_DATA)
    if mode is not None and mode not in _KINDS:
        raise damaged(name, track["MODE"][1], f"expected mode 0, 1 or 2, got {mode}")
    kind = _KINDS[mode] if mode is not None else TrackKind.MODE1_RAW if is_data else TrackKind.AUDIO
    pregap = max(0, track.get("INDEX 0", (proper, 0))[0])
    if pregap > proper:
        raise damaged(name, track["INDEX 0"][1], f"the pregap of track {number} begins after the track")
    first = 0 if number == 1 else pregap
    return _Start(number, kind, first, proper, line, is_mode_open=mode is None and is_data)


def _checked(name: str, address: int, line: int) -> int:
    if not 0 <= address <= MAX_ADDRESS:
        raise damaged(name, line, f"expected a sector from 0 to {MAX_ADDRESS}, got {address}")
    return address


def _track(name: str, start: _Start, end: int | None) -> SheetTrack:
    """Return a track that ends before a sector; None means the end of the image."""
    if end is not None and end <= start.proper:
        raise damaged(name, start.line, f"track {start.number} has no sector: what follows begins at sector {end}")
    size = RAW_SECTOR_SIZE
    pregap = Piece(0, start.first * size, start.proper - start.first, is_pregap=True)
    proper = Piece(0, start.proper * size, None if end is None else end - start.proper)
    return SheetTrack(
        start.number,
        start.kind,
        size,
        (pregap, proper) if start.proper > start.first else (proper,),
        line=start.line,
        first_sector=start.proper,
        is_mode_open=start.is_mode_open,
    )

"""A parser of CUE sheets, for the whole grammar (docs/formats.md, section 7)."""

import re
from dataclasses import dataclass, field

from discpress.engine.formats import MAX_TRACKS, RAW_SECTOR_SIZE
from discpress.engine.images.cd.addresses import FRAMES_PER_SECOND
from discpress.engine.images.cd.sheets.cue_places import Index, Places
from discpress.engine.images.cd.sheets.detection import MAX_SHEET_BYTES, UTF8_MARK, read_file_command
from discpress.engine.images.cd.sheets.sheet import (
    FileKind,
    Sheet,
    SheetFile,
    SheetTrack,
    check_numbers,
    damaged,
    decode_name,
    unsupported,
)
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR, SUBCODE_SIZE, TrackKind
from discpress.engine.names import display_name, listed

_CDG = "CDG"
_SUBCODE_WORDS = {b"RW", b"RW_RAW"}
"""Words of cdrdao after the type of a track whose sectors have subcode; chdman takes them in a CUE sheet as well."""
_KINDS = {
    **{kind.value: (kind, kind.sector_bytes) for kind in TrackKind},
    _CDG: (TrackKind.AUDIO, RAW_SECTOR_SIZE + SUBCODE_SIZE),
    "MODE1/2448": (TrackKind.MODE1_RAW, RAW_SECTOR_SIZE + SUBCODE_SIZE),
    "MODE2/2448": (TrackKind.MODE2_RAW, RAW_SECTOR_SIZE + SUBCODE_SIZE),
}
"""The types of tracks, with the stored bytes of a sector."""
_MSF = re.compile(rb"([0-9]{1,3}):([0-9]{1,2}):([0-9]{1,2})")
_NUMBER = re.compile(rb"[0-9]{1,2}")
_WORD = re.compile(rb"[A-Za-z0-9/_.-]{1,20}")


def parse_cue(data: bytes, name: str) -> Sheet:
    """Return the content of a CUE sheet; `name` is its name for messages.

    Unknown commands are ignored. DamagedImageError with the number of the line that breaks a rule,
    UnsupportedImageError with that of a line with content that is not read.
    """
    if len(data) > MAX_SHEET_BYTES:
        raise damaged(name, 0, f"it has {len(data)} bytes: a CUE sheet has up to {MAX_SHEET_BYTES}")
    parser = _Parser(name)
    for number, line in enumerate(data.removeprefix(UTF8_MARK).splitlines(), start=1):
        parser.take(number, line.strip())
    return parser.finish()


@dataclass(slots=True)
class _Draft:
    """A track of which more lines may follow."""

    number: int
    kind: TrackKind
    stride: int
    line: int
    session: int
    first_sector: int | None
    indexes: list[Index] = field(default_factory=list)
    silent_pregap: int = 0
    postgap: int = 0
    flags: tuple[str, ...] = ()
    isrc: str = ""
    has_graphics: bool = False


class _Parser:
    """The state between two lines."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = 0
        self._files: dict[str, SheetFile] = {}
        self._file: int | None = None
        self._drafts: list[_Draft] = []
        self._session = 1
        self._first_sector: int | None = None
        self._catalog = ""
        self._remarks: list[str] = []
        self._commands = {
            b"FILE": self._take_file,
            b"TRACK": self._take_track,
            b"INDEX": self._take_index,
            b"PREGAP": self._take_pregap,
            b"POSTGAP": self._take_postgap,
            b"FLAGS": self._take_flags,
            b"ISRC": self._take_isrc,
            b"CATALOG": self._take_catalog,
            b"REM": self._take_remark,
        }

    def take(self, number: int, line: bytes) -> None:
        """Take the next line, without spaces around it."""
        self._line = number
        words = line.split(maxsplit=1)
        command = self._commands.get(words[0].upper()) if words else None
        if command is not None:
            command(words[1] if len(words) > 1 else b"")

    def finish(self) -> Sheet:
        """Return the sheet after the last line."""
        drafts = sorted(self._drafts, key=lambda draft: draft.number)
        places = Places(self._name)
        for draft in self._drafts:
            places.add(draft.number, draft.line, draft.stride, draft.indexes)
        pieces = places.pieces()
        tracks = [
            SheetTrack(
                draft.number,
                draft.kind,
                draft.stride,
                tuple(pieces[position]),
                line=draft.line,
                silent_pregap=draft.silent_pregap,
                postgap=draft.postgap,
                first_sector=draft.first_sector,
                session=draft.session,
                indexes=_later_indexes(draft),
                flags=draft.flags,
                isrc=draft.isrc,
            )
            for position, draft in sorted(enumerate(self._drafts), key=lambda each: each[1].number)
        ]
        check_numbers(self._name, tracks)
        self._remarks += [
            f"track {draft.number} has graphics in its subcode (CDG), which are left out"
            for draft in drafts
            if draft.has_graphics
        ]
        remarks = (*places.remarks, *self._remarks)
        return Sheet(tuple(self._files.values()), tuple(tracks), catalog=self._catalog, remarks=remarks)

    def _take_file(self, rest: bytes) -> None:
        raw, kind = read_file_command(rest)
        name, word = decode_name(raw), kind.decode("ascii").upper()
        if not name:
            raise damaged(self._name, self._line, 'expected FILE "name" BINARY, got no name')
        if not word:
            word = FileKind.WAVE if name.lower().endswith(".wav") else FileKind.BINARY
        if word not in {each.value for each in FileKind}:
            raise unsupported(
                self._name,
                self._line,
                f"{display_name(name)} is of type {word}: expected {listed(each.value for each in FileKind)}",
                "convert the file to WAVE with another program, and name that file in the sheet",
            )
        if name not in self._files and len(self._files) == MAX_TRACKS:
            raise damaged(self._name, self._line, f"it names more than {MAX_TRACKS} files, and no CD has more tracks")
        known = self._files.setdefault(name, SheetFile(name, FileKind(word), self._line))
        if known.kind.value != word:
            raise damaged(self._name, self._line, f"{display_name(name)} was of type {known.kind} in line {known.line}")
        self._file = list(self._files).index(name)

    def _take_track(self, rest: bytes) -> None:
        words = rest.split()
        extra = 0
        if words[-1:] and words[-1].upper() in _SUBCODE_WORDS:
            extra = SUBCODE_SIZE
            del words[-1]
        if len(words) != 2 or not _NUMBER.fullmatch(words[0]) or not int(words[0]) or not _WORD.fullmatch(words[1]):
            raise damaged(self._name, self._line, "expected a track's number from 1 to 99, and its type")
        if self._file is None:
            raise damaged(self._name, self._line, "no FILE is named before this track")
        word = words[1].decode("ascii").upper()
        if word not in _KINDS:
            hint = f"use a dump of whole sectors; discpress reads {listed(_KINDS)}"
            raise unsupported(self._name, self._line, f"tracks of type {word} are not read", hint)
        if len(self._drafts) == MAX_TRACKS:
            raise damaged(self._name, self._line, f"it describes more than {MAX_TRACKS} tracks, and no CD has more")
        kind, stride = _KINDS[word]
        draft = _Draft(int(words[0]), kind, stride + extra, self._line, self._session, self._first_sector)
        draft.has_graphics = word == _CDG
        self._drafts.append(draft)
        self._first_sector = None

    def _take_index(self, rest: bytes) -> None:
        words = rest.split()
        if len(words) != 2 or not _NUMBER.fullmatch(words[0]):
            raise damaged(self._name, self._line, "expected an index number from 0 to 99, and a time mm:ss:ff")
        draft = self._draft("INDEX")
        assert self._file is not None
        if list(self._files.values())[self._file].kind is FileKind.WAVE and draft.kind is not TrackKind.AUDIO:
            raise damaged(self._name, self._line, f"track {draft.number} contains data, which no WAVE file can have")
        index = Index(int(words[0]), self._file, self._frames(words[1]), self._line)
        before = draft.indexes[-1] if draft.indexes else None
        if before is not None and index.number <= before.number:
            raise damaged(self._name, self._line, f"index {index.number} follows index {before.number}")
        if before is not None and index.file == before.file and index.frame < before.frame:
            raise damaged(self._name, self._line, f"index {index.number} begins before index {before.number}")
        draft.indexes.append(index)

    def _take_pregap(self, rest: bytes) -> None:
        self._draft("PREGAP").silent_pregap = self._frames(rest)

    def _take_postgap(self, rest: bytes) -> None:
        self._draft("POSTGAP").postgap = self._frames(rest)

    def _take_flags(self, rest: bytes) -> None:
        if self._drafts:
            self._drafts[-1].flags = tuple(each.decode("ascii", "replace").upper() for each in rest.split()[:4])

    def _take_isrc(self, rest: bytes) -> None:
        if self._drafts:
            self._drafts[-1].isrc = rest[:20].decode("ascii", "replace")

    def _take_catalog(self, rest: bytes) -> None:
        self._catalog = rest[:20].decode("ascii", "replace")

    def _take_remark(self, rest: bytes) -> None:
        words = rest.upper().split()
        if words[:2] == [b"HIGH-DENSITY", b"AREA"]:
            self._first_sector = HIGH_DENSITY_SECTOR
        elif len(words) == 2 and words[0] == b"SESSION" and _NUMBER.fullmatch(words[1]):
            self._session = max(self._session, int(words[1]))

    def _draft(self, command: str) -> _Draft:
        if not self._drafts:
            raise damaged(self._name, self._line, f"no TRACK is before this {command}")
        return self._drafts[-1]

    def _frames(self, text: bytes) -> int:
        """Return a time in sectors."""
        found = _MSF.fullmatch(text.strip())
        if found is None or int(found[2]) >= 60 or int(found[3]) >= FRAMES_PER_SECOND:
            shown = display_name(text[:20])
            raise damaged(self._name, self._line, f"expected a time mm:ss:ff up to 999:59:74, got {shown}")
        return (int(found[1]) * 60 + int(found[2])) * FRAMES_PER_SECOND + int(found[3])


def _later_indexes(draft: _Draft) -> tuple[tuple[int, int], ...]:
    start = next((each for each in draft.indexes if each.number == 1), None)
    if start is None:
        return ()
    later = (each for each in draft.indexes if each.number > 1 and each.file == start.file)
    return tuple((each.number, each.frame - start.frame) for each in later)

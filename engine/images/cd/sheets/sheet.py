"""The content of a sheet: the files that it names, and the places of the tracks in them."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.images.cd.tracks import TrackKind

MAX_ADDRESS = 10_000_000
"""More sectors than any image has: 23 GB of them."""
OWN_NAME = "*."
"""Begins the name of a file that is called like its sheet, with another suffix."""

_HINT = "correct the sheet in a text editor, or get it again"


class FileKind(StrEnum):
    """The form of a file that contains tracks, under the names of CUE sheets."""

    BINARY = "BINARY"
    MOTOROLA = "MOTOROLA"
    """Audio is big-endian."""
    WAVE = "WAVE"


@dataclass(frozen=True, slots=True)
class SheetFile:
    """A file with tracks."""

    name: str
    """Its name in the sheet, which may be a path of another system; bytes that are not UTF-8 are surrogates.

    `*.img` is called like the sheet.
    """
    kind: FileKind = FileKind.BINARY
    """Its form."""
    line: int = 0
    """The line that names it, from 1; 0 if none does."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Sectors of a track that are stored next to each other."""

    file: int
    """Index of their file in the sheet."""
    offset: int
    """Their first byte, in the file or in the samples of a WAVE file."""
    sectors: int | None
    """Their number; None up to the end of the file."""
    is_pregap: bool = False
    """Whether they are before INDEX 01."""


@dataclass(frozen=True, slots=True)
class SheetTrack:
    """A track as a sheet describes it; lengths are in sectors."""

    number: int
    """Its number on the disc, from 1."""
    kind: TrackKind
    """Its decoded sectors."""
    stride: int
    """Stored bytes of a sector: those of the kind, and others that are left out, such as subcode."""
    pieces: tuple[Piece, ...]
    """Its sectors in order, pregap first."""
    line: int = 0
    """The line that begins it, from 1; 0 if the sheet has no lines."""
    silent_pregap: int = 0
    """Sectors before the track proper that are not stored."""
    postgap: int = 0
    """Sectors after it that are not stored."""
    first_sector: int | None = None
    """The address of the track proper; None if it follows the track before it."""
    session: int = 1
    """The session that contains it."""
    indexes: tuple[tuple[int, int], ...] = ()
    """INDEX 02 and higher: number, and distance from INDEX 01."""
    flags: tuple[str, ...] = ()
    """DCP, 4CH, PRE or SCMS."""
    isrc: str = ""
    """The recording's number."""
    skip: int = 0
    """Stored bytes of a sector before those of its kind, which are left out."""
    is_pregap_open: bool = False
    """Whether its silent pregap is stored after all if its last piece is followed by as many sectors."""
    is_mode_open: bool = False
    """Whether the sheet does not state the mode of the raw sectors."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A parsed sheet."""

    files: tuple[SheetFile, ...]
    """The files that it names, each once."""
    tracks: tuple[SheetTrack, ...]
    """The tracks in the order of their numbers, at least one."""
    catalog: str = ""
    """The number of the disc for shops."""
    companions: tuple[str, ...] = ()
    """Files that belong to the disc if they are there, although none of their bytes is read."""
    remarks: tuple[str, ...] = ()
    """Unusual and harmless properties of the sheet, without its name."""


def damaged(name: str, line: int, problem: str, hint: str = _HINT) -> DamagedImageError:
    """Return the error for a line that breaks the rules of its format; 0 means the whole sheet."""
    return DamagedImageError(_message(name, line, problem), hint=hint)


def unsupported(name: str, line: int, problem: str, hint: str) -> DiscpressError:
    """Return the error for a line with content that is not read; 0 means the whole sheet."""
    return UnsupportedImageError(_message(name, line, problem), hint=hint)


def _message(name: str, line: int, problem: str) -> str:
    return f"{name}: line {line}: {problem}" if line else f"{name}: {problem}"


def check_numbers(name: str, tracks: "list[SheetTrack]") -> None:
    """Raise DamagedImageError unless tracks, in the order of their numbers, follow each other without a gap."""
    if not tracks:
        raise damaged(name, 0, "it describes no track")
    for before, track in pairwise(tracks):
        if track.number == before.number:
            raise damaged(name, track.line, f"track {track.number} was already described")
        if track.number != before.number + 1:
            raise damaged(name, track.line, f"track {track.number} follows track {before.number}: one is missing")


def decode_name(raw: bytes) -> str:
    """Return a name in a sheet; bytes that are not UTF-8 become surrogates, as in file names."""
    return raw.decode("utf-8", "surrogateescape")

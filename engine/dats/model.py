"""Records of a datfile: its header, its games and the files of each game."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

SHEET_SUFFIXES = (".cue", ".gdi", ".ccd", ".mds", ".toc")
"""Files of a game that only describe its tracks."""


class FileKind(IntEnum):
    """The part that a listed file has in its game; stored as a number."""

    DATA = 0
    """An image, or a track of one."""
    SHEET = 1
    """A sheet that describes the tracks."""
    DISK = 2
    """A CHD, listed by the SHA-1 over its data and metadata."""


class FileStatus(IntEnum):
    """The quality of a listed file; stored as a number."""

    GOOD = 0
    """A dump without known faults."""
    BAD = 1
    """`baddump`: the best dump that is known, with faults."""
    MIA = 2
    """`mia`: it is known to exist, and nobody of the list has it."""


class DatFile(NamedTuple):
    """One file of a game. At least one of its digests is known.

    It is a tuple, as its game is: a list has tens of thousands, and a frozen record takes four times as long to make.
    """

    name: str
    """Its name, as listed."""
    kind: FileKind
    """Its part in the game."""
    size_bytes: int | None = None
    """Its size; None if the list has none."""
    crc32: int | None = None
    """Its crc32; None if the list has none."""
    sha1: bytes | None = None
    """Its SHA-1, 20 bytes; None if the list has none."""
    status: FileStatus = FileStatus.GOOD
    """Its quality."""


class DatGame(NamedTuple):
    """One game of a list: a disc."""

    name: str
    """Its name for people."""
    files: tuple[DatFile, ...]
    """Its files with a digest. Those of `nodump` have none."""
    serials: tuple[str, ...] = ()
    """Its serials as `serial_key` makes them."""
    parent: str = ""
    """Name of the game that it is a variant of; empty if the list names none."""


@dataclass(slots=True)
class DatHeader:
    """The head of a list."""

    name: str = ""
    """Its name: `Sony - PlayStation 2`."""
    description: str = ""
    """The same for people, often with a date."""
    version: str = ""
    """Its version, often a date."""
    date: str = ""
    """The date of its making."""
    author: str = ""
    """The name of its maker."""
    homepage: str = ""
    """Address or name of the project."""
    url: str = ""
    """Address of the project."""
    is_software_list: bool = False
    """Whether it is a software list of MAME."""


@dataclass(slots=True)
class ParsedDat:
    """A list that was read whole."""

    header: DatHeader = field(default_factory=DatHeader)
    """Its head."""
    games: list[DatGame] = field(default_factory=list)
    """Its games, in its order."""

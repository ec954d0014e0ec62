"""The index of datfiles in the state file: lists are added, replaced, listed and removed."""

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.dats.model import DatFile, DatGame, FileKind
from discpress.engine.dats.origins import publisher_of, system_of, version_of
from discpress.engine.garbage import few_collections
from discpress.engine.store.numbering import next_number
from discpress.engine.store.rows.checked import NUMBER, PATH, TEXT, TIME, Row, Shape, UnreadableError, made_by
from discpress.engine.store.statefile import StateFile
from discpress.engine.systems import System, system_from

if TYPE_CHECKING:
    from discpress.engine.dats.reading.files import FoundDat

_SHAPE = Shape(
    {
        "id": NUMBER,
        "origin": PATH,
        "path": PATH,
        "member": TEXT,
        "publisher": TEXT,
        "name": TEXT,
        "version": TEXT,
        "system": made_by(system_from, System.UNKNOWN),
        "games": NUMBER,
        "files": NUMBER,
        "disks": NUMBER,
        "at": TIME,
    }
)
_SELECT = f"SELECT {_SHAPE.select()} FROM dats ORDER BY id"
_ADD = f"INSERT INTO dats ({_SHAPE.select()}) VALUES ({', '.join('?' * len(_SHAPE))})"
_ADD_GAME = "INSERT INTO dat_games VALUES (?, ?, ?, ?)"
_ADD_FILE = "INSERT INTO dat_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ADD_SERIAL = "INSERT OR IGNORE INTO dat_serials VALUES (?, ?, ?)"
_TABLES = ("dat_files", "dat_games", "dat_serials")
_SAME_NAME = "*"
"""Begins the stored name of a file that begins with the name of its game."""
_OTHER_NAME = "="


@dataclass(frozen=True, slots=True)
class ListedDat:
    """A list in the index."""

    id: int
    """Its number; a list that is read again has a new one."""
    origin: Path
    """The file or folder that was named when it was added."""
    path: Path
    """Its file, or the archive that contains it."""
    member: str
    """Its name in the archive; empty for a file."""
    publisher: str
    """`Redump`; empty if unknown."""
    name: str
    """`Sony - PlayStation 2`; empty if its head has no name."""
    version: str
    """A date if it has one."""
    system: System
    """The system of its discs; UNKNOWN if its name tells none."""
    games: int
    """Number of its games."""
    files: int
    """Number of their files."""
    disks: int
    """Those that are CHDs, listed by the SHA-1 over data and metadata alone."""
    at: float
    """The time when it was read, seconds since the epoch."""

    @property
    def label(self) -> str:
        """Publisher and version for people: `Redump 2026-08-01`."""
        return " ".join(filter(None, (self.publisher or self.shown_name, self.version)))

    @property
    def shown_name(self) -> str:
        """Its name, or that of its file."""
        return self.name or Path(self.member or self.path).stem


@dataclass(frozen=True, slots=True)
class Added:
    """A list that was added."""

    dat: ListedDat
    """The list."""
    replaced: ListedDat | None
    """The earlier list of that publisher and name, which is gone; None if there was none."""


class DatIndex:
    """The lists in a state file."""

    def __init__(self, file: StateFile, now: Callable[[], float] = time.time) -> None:
        """`now` returns the seconds since the epoch."""
        self._file = file
        self._now = now

    def lists(self) -> list[ListedDat]:
        """Return the lists in the order in which they were read; unreadable rows are left out."""
        return self._file.run(read_lists)

    def add(self, found: Sequence["FoundDat"], origin: Path) -> list[Added]:
        """Add lists, all or none. Each replaces the list of the same place, or of its publisher and name."""
        with few_collections():
            return self._file.write(lambda connection: list(self._add_all(connection, found, origin)))

    def renew(self, found: Sequence["FoundDat"], origin: Path) -> tuple[list[Added], list[ListedDat]]:
        """Replace all lists of an origin by those that it has now; return these, and those that it has no more."""

        def write(connection: sqlite3.Connection) -> tuple[list[Added], list[ListedDat]]:
            before = [each for each in read_lists(connection) if each.origin == origin]
            added = list(self._add_all(connection, found, origin))
            replaced = {each.replaced.id for each in added if each.replaced is not None}
            gone = [each for each in before if each.id not in replaced]
            _remove(connection, gone)
            return added, gone

        with few_collections():
            return self._file.write(write)

    def remove(self, lists: Iterable[ListedDat]) -> None:
        """Remove lists from the index; their files stay."""
        gone = list(lists)
        self._file.write(lambda connection: _remove(connection, gone))

    def _add_all(self, connection: sqlite3.Connection, found: Sequence["FoundDat"], origin: Path) -> Iterator[Added]:
        for each in found:
            number = next_number(connection, "dats")
            listed = _listed(number, each, origin, self._now())
            known = read_lists(connection)
            replaced = next((old for old in known if _is_same_place(old, listed)), None)
            replaced = replaced or next((old for old in known if _is_same_list(old, listed)), None)
            if replaced is not None:
                _remove(connection, [replaced])
            _insert(connection, listed, each.dat.games)
            yield Added(listed, replaced)


def read_lists(connection: sqlite3.Connection) -> list[ListedDat]:
    """Return the lists of an open state file in the order in which they were read, without unreadable rows."""
    return [listed for row in connection.execute(_SELECT) if (listed := _listed_from(row)) is not None]


def listed_kinds(file: StateFile) -> tuple[str, ...]:
    """Return the digests of a whole image, besides its crc32, that the lists need: `sha1` for a list of CHDs."""
    return ("sha1",) if any(each.disks for each in file.run(read_lists)) else ()


def file_name(stored: str, game: str) -> str:
    """Return the name of a file from its stored form and the name of its game."""
    return f"{game}{stored[1:]}" if stored.startswith(_SAME_NAME) else stored[1:]


def _listed_from(row: Row) -> ListedDat | None:
    try:
        return ListedDat(*_SHAPE.read(row))
    except UnreadableError:
        return None


def _listed(number: int, found: "FoundDat", origin: Path, at: float) -> ListedDat:
    header, games = found.dat.header, found.dat.games
    kinds = Counter(file.kind for game in games for file in game.files)
    return ListedDat(
        number,
        origin,
        found.path,
        found.member,
        publisher_of(header),
        header.name,
        version_of(header),
        system_of(header),
        len(games),
        kinds.total(),
        kinds[FileKind.DISK],
        at,
    )


def _is_same_place(one: ListedDat, other: ListedDat) -> bool:
    return (one.path, one.member) == (other.path, other.member)


def _is_same_list(one: ListedDat, other: ListedDat) -> bool:
    return bool(other.name) and (one.publisher, one.name) == (other.publisher, other.name)


def _remove(connection: sqlite3.Connection, lists: Iterable[ListedDat]) -> None:
    numbers = [(each.id,) for each in lists]
    connection.executemany("DELETE FROM dats WHERE id = ?", numbers)
    for table in _TABLES:
        connection.executemany(f"DELETE FROM {table} WHERE dat = ?", numbers)


def _insert(connection: sqlite3.Connection, listed: ListedDat, games: Sequence[DatGame]) -> None:
    number = listed.id
    row = (
        number, os.fsencode(listed.origin), os.fsencode(listed.path), listed.member, listed.publisher, listed.name,
        listed.version, "" if listed.system is System.UNKNOWN else str(listed.system), listed.games, listed.files,
        listed.disks, listed.at,
    )  # fmt: skip
    connection.execute(_ADD, row)
    connection.executemany(_ADD_GAME, ((number, place, game.name, game.parent) for place, game in enumerate(games)))
    connection.executemany(
        _ADD_FILE,
        (
            _file_row(number, place, game.name, at, file)
            for place, game in enumerate(games)
            for at, file in enumerate(game.files)
        ),
    )
    serials = ((serial, number, place) for place, game in enumerate(games) for serial in game.serials)
    connection.executemany(_ADD_SERIAL, serials)


def _file_row(dat: int, place: int, game: str, at: int, file: DatFile) -> Row:
    name, kind, size_bytes, crc32, sha1, status = file
    begins_so = game and name.startswith(game)
    stored = f"{_SAME_NAME}{name[len(game) :]}" if begins_so else f"{_OTHER_NAME}{name}"
    return dat, place, at, stored, int(kind), int(status), size_bytes, crc32, sha1

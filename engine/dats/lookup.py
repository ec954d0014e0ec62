"""Files and games of the index, found by digest or serial; every cell is checked."""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from discpress.engine.dats.index import file_name
from discpress.engine.dats.model import FileKind, FileStatus
from discpress.engine.store.rows.checked import NUMBER, TEXT, Column, Row, Shape, UnreadableError, integer

_AT_ONCE = 500
"""Values in one statement: SQLite before 3.32 binds at most 999."""
_SHA1_BYTES = 20
MOST_SHARING = 50
"""Games that are compared for one track: thousands may share a track of silence."""


def _sha1(value: bytes) -> bytes:
    if len(value) != _SHA1_BYTES:
        raise ValueError
    return value


_KINDS = {each.value: each for each in FileKind}
_STATUSES = {each.value: each for each in FileStatus}
_FILE = Shape(
    {
        "dat": NUMBER,
        "game": NUMBER,
        "number": NUMBER,
        "name": TEXT,
        "kind": Column(frozenset({int}), None, _KINDS.__getitem__),
        "status": Column(frozenset({int}), None, _STATUSES.__getitem__),
        "size_bytes": integer().or_null,
        "crc32": integer(high=2**32 - 1).or_null,
        "sha1": Column(frozenset({bytes}), None, _sha1).or_null,
    }
)
_NAME = _FILE.names.index("name")
_ROW = _FILE + Shape({"game_name": TEXT})
_FILES = f"SELECT {_FILE.select('f')}, g.name FROM dat_files f JOIN dat_games g ON (g.dat, g.number) = (f.dat, f.game)"
_SERIALS = "SELECT serial, dat, game FROM dat_serials WHERE serial IN ({})"
_SERIAL = Shape({"serial": TEXT, "dat": NUMBER, "game": NUMBER})


class IndexedFile(NamedTuple):
    """A file of a list: a tuple, because one is made for each title of a library."""

    dat: int
    """Number of the list."""
    game: int
    """Place of its game in the list."""
    number: int
    """Its place in the game."""
    name: str
    """Its name."""
    kind: FileKind
    """Its part in the game."""
    status: FileStatus
    """Its quality."""
    size_bytes: int | None
    """Its size; None if the list has none."""
    crc32: int | None
    """Its crc32; None if the list has none."""
    sha1: bytes | None
    """Its SHA-1; None if the list has none."""
    game_name: str
    """Name of the game."""

    @property
    def key(self) -> tuple[int, int]:
        """The game, over all lists."""
        return self.dat, self.game


def files_by_crc32(connection: sqlite3.Connection, wanted: Collection[int]) -> dict[int, list[IndexedFile]]:
    """Return the files with some crc32, by crc32."""
    found: dict[int, list[IndexedFile]] = defaultdict(list)
    for file in _files(connection, "f.crc32", wanted):
        if file.crc32 is not None:
            found[file.crc32].append(file)
    return found


def files_by_sha1(connection: sqlite3.Connection, wanted: Collection[bytes]) -> dict[bytes, list[IndexedFile]]:
    """Return the files with some SHA-1, by SHA-1."""
    found: dict[bytes, list[IndexedFile]] = defaultdict(list)
    for file in _files(connection, "f.sha1", wanted):
        if file.sha1 is not None:
            found[file.sha1].append(file)
    return found


def files_of_games(
    connection: sqlite3.Connection, games: Collection[tuple[int, int]]
) -> dict[tuple[int, int], list[IndexedFile]]:
    """Return all files of some games, by list and place."""
    found: dict[tuple[int, int], list[IndexedFile]] = defaultdict(list)
    by_dat: dict[int, list[int]] = defaultdict(list)
    for dat, game in games:
        by_dat[dat].append(game)
    for dat, places in by_dat.items():
        for file in _files(connection, f"f.dat = {dat:d} AND f.game", places):
            found[file.key].append(file)
    return found


def games_of_list(connection: sqlite3.Connection, dat: int) -> dict[int, list[IndexedFile]]:
    """Return the games of a list by their places, each as its files."""
    found: dict[int, list[IndexedFile]] = defaultdict(list)
    for file in _files_from(connection.execute(f"{_FILES} WHERE f.dat = ? ORDER BY f.game, f.number", (dat,))):
        found[file.game].append(file)
    return found


def games_by_serial(connection: sqlite3.Connection, serials: Collection[str]) -> dict[str, list[tuple[int, int]]]:
    """Return the games that have some serials, by serial, each as list and place."""
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for some in _parts(sorted(serials)):
        for row in connection.execute(_SERIALS.format(_marks(some)), some):
            try:
                serial, dat, game = _SERIAL.read(row)
            except UnreadableError:
                continue
            found[serial].append((dat, game))
    return found


def _files(connection: sqlite3.Connection, column: str, wanted: Collection[Any]) -> Iterator[IndexedFile]:
    for some in _parts(sorted(wanted)):
        yield from _files_from(connection.execute(f"{_FILES} WHERE {column} IN ({_marks(some)})", some))


def _files_from(rows: Iterable[Row]) -> Iterator[IndexedFile]:
    """Yield the files of rows without unreadable ones; a call for each of 20,000 would take as long as the query."""
    for row in rows:
        try:
            values = _ROW.read(row)
        except UnreadableError:
            continue
        values[_NAME] = file_name(values[_NAME], values[-1])
        yield IndexedFile._make(values)


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))

"""Archives without an image, stored so that a scan need not search them again."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from engine.library import rows
from engine.library.checked import PATH, Shape, UnreadableError, made_by
from engine.library.model import FileIdentity
from engine.library.scan_batch import EmptyArchive

_SHAPE = Shape({"path": PATH, "identity": made_by(rows.identity_from, None)})
_SELECT = f"SELECT {_SHAPE.select('t')} FROM empty_archives t {rows.WITHIN}"


def save(connection: sqlite3.Connection, archives: Iterable[EmptyArchive]) -> None:
    """Store archives, replacing earlier rows of their paths."""
    values = [(rows.path_key(each.path), rows.identity_key(each.identity)) for each in archives]
    connection.executemany("INSERT OR REPLACE INTO empty_archives VALUES (?, ?)", values)


def forget(connection: sqlite3.Connection, paths: Iterable[Path]) -> None:
    """Remove archives by path."""
    connection.executemany("DELETE FROM empty_archives WHERE path = ?", [(rows.path_key(path),) for path in paths])


def read(connection: sqlite3.Connection, folder: Path) -> dict[Path, FileIdentity]:
    """Return the archives in a folder and below it; a row that cannot be read is skipped, so its archive is searched
    again."""
    found = {}
    for row in connection.execute(_SELECT, rows.folder_range(folder)):
        with contextlib.suppress(UnreadableError):
            path, identity = _SHAPE.read(row)
            found[path] = identity
    return found

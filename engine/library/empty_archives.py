"""Archives without an image, stored so that a scan need not search them again."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from engine.library import rows
from engine.library.model import FileIdentity
from engine.library.scan_batch import EmptyArchive

_SELECT = f"SELECT path, identity FROM empty_archives t {rows.WITHIN}"


def save(connection: sqlite3.Connection, archives: Iterable[EmptyArchive]) -> None:
    """Store archives, replacing earlier rows of their paths."""
    values = [(rows.path_key(each.path), rows.identity_key(each.identity)) for each in archives]
    connection.executemany("INSERT OR REPLACE INTO empty_archives VALUES (?, ?)", values)


def forget(connection: sqlite3.Connection, paths: Iterable[Path]) -> None:
    """Remove archives by path."""
    connection.executemany("DELETE FROM empty_archives WHERE path = ?", [(rows.path_key(path),) for path in paths])


def read(connection: sqlite3.Connection, folder: Path) -> dict[Path, FileIdentity]:
    """Return the archives in a folder and below it; a row that cannot be parsed is skipped, so its archive is searched
    again."""
    found = {}
    for path, text in connection.execute(_SELECT, rows.folder_range(folder)):
        identity = rows.identity_from(text)
        if isinstance(path, bytes) and identity is not None:
            found[rows.path_of(path)] = identity
    return found

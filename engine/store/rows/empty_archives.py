"""Archives without an image, stored so that a scan need not search them again."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from discpress.engine.store.model import FileIdentity
from discpress.engine.store.rows import title_rows
from discpress.engine.store.rows.checked import PATH, Shape, UnreadableError, made_by
from discpress.engine.store.scan_batch import EmptyArchive

_SHAPE = Shape({"path": PATH, "identity": made_by(title_rows.identity_from, None)})
_SELECT = f"SELECT {_SHAPE.select('t')} FROM empty_archives t {title_rows.WITHIN}"


def save(connection: sqlite3.Connection, archives: Iterable[EmptyArchive]) -> None:
    """Store archives, replacing earlier rows of their paths."""
    values = [(title_rows.path_key(each.path), title_rows.identity_key(each.identity)) for each in archives]
    connection.executemany("INSERT OR REPLACE INTO empty_archives VALUES (?, ?)", values)


def forget(connection: sqlite3.Connection, paths: Iterable[Path]) -> None:
    """Remove archives by path."""
    connection.executemany(
        "DELETE FROM empty_archives WHERE path = ?", [(title_rows.path_key(path),) for path in paths]
    )


def read(connection: sqlite3.Connection, folder: Path) -> dict[Path, FileIdentity]:
    """Return the archives in and below a folder; unreadable rows are skipped, so their archives are searched again."""
    found = {}
    for row in connection.execute(_SELECT, title_rows.folder_range(folder)):
        with contextlib.suppress(UnreadableError):
            path, identity = _SHAPE.read(row)
            found[path] = identity
    return found

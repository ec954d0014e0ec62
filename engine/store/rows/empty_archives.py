"""Archives without an image, stored so that a scan need not search them again."""

import contextlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from discpress.engine.store.rows import keys
from discpress.engine.store.rows.checked import PATH, Shape, UnreadableError, made_by
from discpress.engine.store.rows.portions import WITHIN, folder_range
from discpress.engine.store.scan_batch import EmptyArchive

_SHAPE = Shape(
    {
        "path": PATH,
        "identity": made_by(keys.identity_from, None),
        "node": made_by(keys.node_from, (0, 0)),
    }
)
_SELECT = f"SELECT {_SHAPE.select('t')} FROM empty_archives t {WITHIN}"


def save(connection: sqlite3.Connection, archives: Iterable[EmptyArchive]) -> None:
    """Store archives, replacing earlier rows of their paths."""
    values = [
        (keys.path_key(each.path), keys.identity_key(each.identity), keys.node_key(each.device, 0)) for each in archives
    ]
    connection.executemany("INSERT OR REPLACE INTO empty_archives VALUES (?, ?, ?)", values)


def forget(connection: sqlite3.Connection, paths: Iterable[Path]) -> None:
    """Remove archives by path."""
    connection.executemany("DELETE FROM empty_archives WHERE path = ?", [(keys.path_key(path),) for path in paths])


def read(connection: sqlite3.Connection, folder: Path) -> dict[Path, EmptyArchive]:
    """Return the archives in and below a folder; unreadable rows are skipped, so their archives are searched again."""
    found = {}
    for row in connection.execute(_SELECT, folder_range(folder)):
        with contextlib.suppress(UnreadableError):
            path, identity, (device, _) = _SHAPE.read(row)
            found[path] = EmptyArchive(path, identity, device)
    return found

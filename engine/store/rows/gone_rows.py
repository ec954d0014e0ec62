"""Titles that are gone, and what follows their files to another path."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.rows import keys
from discpress.engine.store.rows.checked import NAME, NUMBER, PATH, Shape, UnreadableError, made_by

MOST_GONE = 10_000
"""Titles that are remembered after their files are gone, the latest ones."""


class FormerTitle(NamedTuple):
    """A title as it was last seen under a path."""

    path: Path
    """Its path."""
    identity: FileIdentity
    """Its identity."""
    serial: str
    """Its serial; empty if the disc has none."""
    original_bytes: int
    """Its decoded size."""
    device: int | None = None
    """st_dev at the last scan; None if it is known to be gone."""


_SHAPE = Shape({"path": PATH, "identity": made_by(keys.identity_from, None), "serial": NAME, "original_bytes": NUMBER})
_NODE = Shape({"node": made_by(keys.node_from, (0, 0))})
_FORGET = """
INSERT OR REPLACE INTO gone_titles SELECT path, identity, CAST(serial AS BLOB), original_bytes, ?2
FROM titles WHERE path = ?1
"""
_PRUNE = f"""
DELETE FROM gone_titles WHERE path IN (SELECT path FROM gone_titles ORDER BY at DESC LIMIT -1 OFFSET {MOST_GONE})
"""
_IDENTITY = "SELECT identity FROM titles WHERE path = ?"
_COUNT = "SELECT (SELECT COUNT(*) FROM titles) + (SELECT COUNT(*) FROM gone_titles)"
_MOVE_SETTINGS = "UPDATE OR IGNORE title_settings SET path = ?2 WHERE path = ?1"
_COPY_ESTIMATES = """
INSERT OR IGNORE INTO estimates SELECT ?2, format, block_size, level, alignment, methods, target, original_bytes,
packed_bytes, low_bytes, high_bytes, sampled_bytes, advice, reason, seconds, at, seek_us FROM estimates
WHERE identity = ?1
"""
_REKEY_DIGESTS = "UPDATE OR REPLACE digests SET identity = ?2 WHERE identity = ?1 AND path IN (?3, x'')"


def forget(connection: sqlite3.Connection, paths: Iterable[Path], now: float) -> None:
    """Drop titles, and remember them as gone."""
    gone = [keys.path_key(path) for path in paths]
    connection.executemany(_FORGET, [(key, now) for key in gone])
    connection.executemany("DELETE FROM titles WHERE path = ?", [(key,) for key in gone])
    if gone:
        connection.execute(_PRUNE)


def recall(connection: sqlite3.Connection, paths: Iterable[Path]) -> None:
    """No longer count titles as gone: they are back, or something followed them."""
    if not connection.execute("SELECT EXISTS (SELECT 1 FROM gone_titles)").fetchone()[0]:
        return
    connection.executemany("DELETE FROM gone_titles WHERE path = ?", [(keys.path_key(path),) for path in paths])


def read(connection: sqlite3.Connection, new: Iterable[str], gone: Iterable[Path]) -> list[FormerTitle]:
    """Return the titles that are gone, and all others with their device, if one of some files may be the same file.

    The files are those of the titles under the paths `new`, which are left out, and of those that are `gone`.
    Unreadable rows are left out.
    """
    new_keys, gone_keys = set(map(os.fsencode, new)), set(map(keys.path_key, gone))
    (count,) = connection.execute(_COUNT).fetchone()
    if count == len(new_keys):
        return []  # as after the first scan
    lost = connection.execute(f"SELECT {_SHAPE.select()} FROM gone_titles").fetchall()
    files = {_without_inode(row[1]) for row in lost if row[0] in gone_keys}
    for key in new_keys:
        files.update(_without_inode(row[0]) for row in connection.execute(_IDENTITY, (key,)))
    found = []
    for row in (each for each in lost if each[0] not in new_keys and _without_inode(each[1]) in files):
        with contextlib.suppress(UnreadableError):
            found.append(FormerTitle(*_SHAPE.read(row)))
    for row in connection.execute(f"SELECT {_SHAPE.select()}, node FROM titles").fetchall():
        with contextlib.suppress(UnreadableError):
            if row[0] in new_keys or _without_inode(row[1]) not in files:
                continue
            ((device, _),) = _NODE.read(row[-1:])
            path, identity, serial, original_bytes = _SHAPE.read(row[:-1])
            found.append(FormerTitle(path, identity, serial, original_bytes, device))
    return found


def _without_inode(identity: object) -> str:
    """Return a stored identity without its first number: equal for a file and what a move made of it."""
    return str(identity).partition(" ")[2]


def follow(connection: sqlite3.Connection, former: FormerTitle, path: Path, identity: FileIdentity) -> None:
    """Let the settings of a moved file follow it, unless it has its own, and its estimates."""
    connection.execute(_MOVE_SETTINGS, (keys.path_key(former.path), keys.path_key(path)))
    copy_estimates(connection, former.identity, identity)


def rename(
    connection: sqlite3.Connection, before: Path, identity: FileIdentity, now: Path, now_identity: FileIdentity
) -> None:
    """Let the settings of a file that discpress renamed follow it, and its estimates."""
    connection.execute(_MOVE_SETTINGS, (keys.path_key(before), keys.path_key(now)))
    copy_estimates(connection, identity, now_identity)


def copy_estimates(connection: sqlite3.Connection, before: FileIdentity, now: FileIdentity) -> None:
    """Copy the estimates of an identity to another one of the same content."""
    if before != now:
        names = keys.identity_key(before), keys.identity_key(now)
        connection.execute(_COPY_ESTIMATES, names)


def rename_identity(connection: sqlite3.Connection, path: Path, before: FileIdentity, now: FileIdentity) -> None:
    """Let everything of a file follow its identity, after the number of its inode turned out to last or not to."""
    copy_estimates(connection, before, now)
    names = keys.identity_key(before), keys.identity_key(now), keys.path_key(path)
    connection.execute(_REKEY_DIGESTS, names)

"""Digests in the state file, by content."""

import re
import sqlite3

from discpress.engine.store.model import Digests, FileIdentity
from discpress.engine.store.rows import title_rows
from discpress.engine.store.rows.checked import TIME, Shape, UnreadableError, made_by

_HEX = re.compile(r"[0-9a-f]*")
_SAVE = "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?, ?, ?)"


def _hex(text: str) -> str:
    if _HEX.fullmatch(text) is None:
        raise ValueError
    return text


_DIGEST = made_by(_hex, "")
_SHAPE = Shape(
    {"crc32": _DIGEST, "xxh3": _DIGEST, "sha1": _DIGEST, "md5": _DIGEST, "sha256": _DIGEST, "at": TIME},
)
_SELECT = f"SELECT {_SHAPE.select()} FROM digests WHERE identity = ?"


def save(connection: sqlite3.Connection, identity: FileIdentity, digests: Digests, now: float) -> None:
    """Store digests of a content; an empty one does not erase a known one."""
    known = read(connection, identity) or Digests()
    merged = [getattr(digests, name) or getattr(known, name) for name in _SHAPE.names[:-1]]
    connection.execute(_SAVE, (title_rows.identity_key(identity), *merged, now))


def read(connection: sqlite3.Connection, identity: FileIdentity) -> Digests | None:
    """Return the digests of a content; None if there are none or they are unreadable."""
    row = connection.execute(_SELECT, (title_rows.identity_key(identity),)).fetchone()
    try:
        return None if row is None else Digests(*_SHAPE.read(row))
    except UnreadableError:
        return None

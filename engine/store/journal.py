"""The journal in the state file: changes to the user's files, recorded before they are reported."""

import json
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from discpress.engine.store.model import JsonValue
from discpress.engine.store.numbering import next_number
from discpress.engine.store.rows.checked import TEXT, TIME, Shape, UnreadableError, integer, made_by
from discpress.engine.store.rows.plain_json import load_object

_SHAPE = Shape({"id": integer(), "at": TIME, "kind": TEXT, "payload": made_by(load_object, {})})
_SELECT = f"SELECT {_SHAPE.select()} FROM journal WHERE id > ? ORDER BY id"


class JournalEntry(NamedTuple):
    """One change to a user's files, recorded before it is reported."""

    id: int
    """Its number; later entries have larger ones."""
    at: float
    """When, seconds since the epoch."""
    kind: str
    """`published`, `trashed`, `undone`, ..."""
    payload: dict[str, JsonValue]
    """Data of the kind: paths, identities, digests."""


def append(connection: sqlite3.Connection, now: float, kind: str, payload: Mapping[str, JsonValue]) -> int:
    """Add an entry; return its id."""
    number = next_number(connection, "journal")
    connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?)", (number, now, kind, json.dumps(payload)))
    return number


def read(connection: sqlite3.Connection, after: int) -> tuple[list[JournalEntry], int]:
    """Return the entries with an id above `after`, oldest first, and the number of unreadable ones."""
    entries, unreadable = [], 0
    for row in connection.execute(_SELECT, (after,)):
        try:
            entries.append(JournalEntry(*_SHAPE.read(row)))
        except UnreadableError:
            unreadable += 1
    return entries, unreadable

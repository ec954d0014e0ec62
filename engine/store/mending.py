"""Repair of values of the wrong type in STRICT tables, so that their rows can be changed again.

SQLite checks the types of a whole row at each UPDATE. One wrong value would keep a job, and a whole batch with it, from
being paused or ended. A mended value has the right type and stays unreadable: text becomes bytes and bytes become text,
and a number becomes the lowest one, which no column accepts.
"""

import os
import re
import sqlite3

_DATATYPE = 3091  # SQLITE_CONSTRAINT_DATATYPE, https://sqlite.org/rescode.html
_PLACE = re.compile(r" column (\w+)\.\w+$")
_TYPES = {"TEXT": "'text'", "BLOB": "'blob'", "INTEGER": "'integer'", "REAL": "'real'"}
_NAMELESS = "nameless "
# Elsewhere than on POSIX a path begins with a letter.
_IS_RELATIVE = "substr(path, 1, 1) != x'2f'" if os.name == "posix" else "substr(path, 1, 9) = x'6e616d656c65737320'"
_IS_NAMELESS = f"(instr(path, x'00') OR {_IS_RELATIVE})"
_HAS_NAMELESS = f"SELECT EXISTS (SELECT 1 FROM titles WHERE typeof(path) != 'blob' OR {_IS_NAMELESS})"
_IN_PLACE = {
    "TEXT": "CAST({name} AS TEXT)",
    "BLOB": "CAST({name} AS BLOB)",
    "INTEGER": "-9223372036854775808",
    "REAL": "-9e999",
}


def is_of_wrong_type(error: Exception) -> bool:
    """Return whether a row could not be written because a value in it has the wrong type."""
    return getattr(error, "sqlite_errorcode", 0) == _DATATYPE


def mend(connection: sqlite3.Connection, error: Exception) -> None:
    """Give the values of a table the types of their columns. An error names the table; call this in a transaction."""
    place = _PLACE.search(str(error))
    if place is None:
        return
    table = place[1]
    if table == "title_changes":
        drop_nameless(connection)  # a trigger copies the paths of titles into it
        return
    columns = [(name, kind) for _, name, kind, _, _, key in _columns(connection, table) if not key and kind in _TYPES]
    wrong = {name: f"typeof({name}) NOT IN ({_TYPES[kind]}, 'null')" for name, kind in columns}
    mended = (
        f"{name} = CASE WHEN {wrong[name]} THEN {_IN_PLACE[kind].format(name=name)} ELSE {name} END"
        for name, kind in columns
    )
    connection.execute(f"UPDATE {table} SET {', '.join(mended)} WHERE {' OR '.join(wrong.values())}")


def drop_unkeyed(connection: sqlite3.Connection, error: Exception) -> None:
    """Drop the rows of a table whose keys have the wrong type, which `mend` cannot repair: no reader accepts them."""
    place = _PLACE.search(str(error))
    if place is None:
        return
    if place[1] in {"titles", "title_changes"}:
        drop_nameless(connection)
        return
    keys = [(name, kind) for _, name, kind, _, _, key in _columns(connection, place[1]) if key and kind in _TYPES]
    wrong = " OR ".join(f"typeof({name}) != {_TYPES[kind]}" for name, kind in keys)
    connection.execute(f"DELETE FROM {place[1]} WHERE {wrong}")


def has_nameless(connection: sqlite3.Connection) -> bool:
    """Return whether any title has a path that is none."""
    return bool(connection.execute(_HAS_NAMELESS).fetchone()[0])


def drop_nameless(connection: sqlite3.Connection) -> None:
    """Drop the titles whose paths are none: no scan replaces them, because no file is called so."""
    # They get other names first, in bytes, because a trigger notes the paths of what is dropped.
    connection.execute(
        f"UPDATE titles SET path = CAST('{_NAMELESS}' || hex(CAST(path AS BLOB)) AS BLOB) WHERE typeof(path) != 'blob'"
    )
    connection.execute(f"DELETE FROM titles WHERE {_IS_NAMELESS}")


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[int, str, str, int, object, int]]:
    return connection.execute(f"PRAGMA table_info({table})").fetchall()

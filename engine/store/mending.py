"""Rows of STRICT tables in which damage has left a value of a wrong type, made such that they can be changed again.

SQLite checks the types of a whole row at each UPDATE: one wrong value would keep a job from being paused or ended, and
a whole batch with it. A mended value has the right type and is as unreadable as before: text and bytes are kept as the
other, and a number becomes the least that there is, which no column takes.
"""

import re
import sqlite3

_DATATYPE = 3091  # SQLITE_CONSTRAINT_DATATYPE, https://sqlite.org/rescode.html
_PLACE = re.compile(r" column (\w+)\.\w+$")
_TYPES = {"TEXT": "'text'", "BLOB": "'blob'", "INTEGER": "'integer'", "REAL": "'real'"}
_IN_PLACE = {
    "TEXT": "CAST({name} AS TEXT)",
    "BLOB": "CAST({name} AS BLOB)",
    "INTEGER": "-9223372036854775808",
    "REAL": "-9e999",
}


def is_of_wrong_type(error: Exception) -> bool:
    """Return whether a row could not be written because something in it has the wrong type."""
    return getattr(error, "sqlite_errorcode", 0) == _DATATYPE


def mend(connection: sqlite3.Connection, error: Exception) -> None:
    """Give the values of a table the types of their columns; for the table that an error names, in a transaction."""
    place = _PLACE.search(str(error))
    if place is None:
        return
    table = place[1]
    if table == "title_changes":
        # A trigger copies the paths of titles into it. The next scan finds what has one.
        connection.execute("DELETE FROM titles WHERE typeof(path) != 'blob'")
        return
    columns = [(name, kind) for _, name, kind, _, _, key in _columns(connection, table) if not key and kind in _TYPES]
    wrong = {name: f"typeof({name}) NOT IN ({_TYPES[kind]}, 'null')" for name, kind in columns}
    mended = (
        f"{name} = CASE WHEN {wrong[name]} THEN {_IN_PLACE[kind].format(name=name)} ELSE {name} END"
        for name, kind in columns
    )
    connection.execute(f"UPDATE {table} SET {', '.join(mended)} WHERE {' OR '.join(wrong.values())}")


def _columns(connection: sqlite3.Connection, table: str) -> list[tuple[int, str, str, int, object, int]]:
    return connection.execute(f"PRAGMA table_info({table})").fetchall()

"""Repair of values of the wrong type in STRICT tables, so that their rows can be changed again.

SQLite checks the types of a whole row at each UPDATE. One wrong value would keep a job, and a whole batch with it, from
being paused or ended. A mended value has the right type and stays unreadable: text becomes bytes and bytes become text,
and a number becomes the lowest one, which no column accepts.
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
    """Return whether a row could not be written because a value in it has the wrong type."""
    return getattr(error, "sqlite_errorcode", 0) == _DATATYPE


def mend(connection: sqlite3.Connection, error: Exception) -> None:
    """Give the values of a table the types of their columns. An error names the table; call this in a transaction."""
    place = _PLACE.search(str(error))
    if place is None:
        return
    table = place[1]
    if table == "title_changes":
        # A trigger copies the paths of titles into it. The next scan finds the files again.
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

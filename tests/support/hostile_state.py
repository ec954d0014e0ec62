"""State files in which one cell holds what no discpress ever wrote there."""

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_OBJECTS = '{"a":' * 900 + "1" + "}" * 900
_ENDLESS = '{"output": ' + "9" * 5000 + ', "packed_bytes": 1e999}'
VALUES = {
    "NULL": "NULL",
    "text": "'abc'",
    "no text": "''",
    "digits": "'12'",
    "text that a terminal obeys": "CAST(x'1b5b33316d0d' AS TEXT)",
    "text that is not UTF-8": "CAST(x'61ff' AS TEXT)",
    "text with a zero byte": "CAST(x'61006200' AS TEXT)",
    "bytes": "x'00ff00'",
    "no bytes": "x''",
    "a path that no file has": "CAST(x'2f670061' AS BLOB)",
    "a relative path": "CAST('games/a.iso' AS BLOB)",
    "the root": "CAST('/' AS BLOB)",
    "the largest number": "9223372036854775807",
    "the smallest number": "-9223372036854775808",
    "less than nothing": "-1",
    "zero": "0",
    "a fraction": "1.5",
    "infinity": "9e999",
    "minus infinity": "-9e999",
    "JSON without an end": "'{\"level\":'",
    "JSON of another kind": "'[1, {\"a\": null}]'",
    "JSON nested too deeply": f"'{'[' * 100_000}'",
    "JSON objects nested too deeply": f"'{_OBJECTS}'",
    "JSON with an endless number": f"'{_ENDLESS}'",
    "JSON with what is no number": '\'{"packed_bytes": NaN, "level": -Infinity}\'',
    "JSON with text that is no name": '\'{"output": "/a\\ud800", "name": "\\udfff"}\'',
    "JSON with a zero byte": '\'{"output": "/a\\u0000b", "archive": "/a\\u0000b", "name": "a\\u0000"}\'',
    "JSON with other types": (
        '\'{"output": [], "device": "x", "checksums": 5, "name": {}, "block_size": "x", "target": [],'
        ' "digests": [1], "format": {}, "reads": "many", "octaves": 3, "pattern": [], "read_s": {},'
        ' "beside": [], "curve": "", "done_bytes": "x", "errors": {}, "packed_bytes": [], "steps": null}\''
    ),
    "JSON with numbers below 0": (
        '\'{"block_size": -1, "level": -1, "alignment": -1, "done_bytes": -1, "device": -1, "reads": -1}\''
    ),
    "a word of a later version": "'of the future'",
    "a list of numbers": "'1 2 3'",
    "numbers without an end": f"'{' '.join(['9' * 4000] * 4)}'",
    "numbers below 0": "'1 2 -3 4'",
    "running": "'running'",
    "done": "'done'",
    "purge": "'purge'",
}
"""Values in SQL, by what they are."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A place in a state file."""

    table: str
    column: str
    row: int
    """From 0, in the order of the key."""


def cells(path: Path) -> list[Cell]:
    """Return every cell that there is."""
    with closing(sqlite3.connect(path)) as connection:
        found = []
        for table in _tables(connection):
            (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            found += [Cell(table, column, row) for row in range(rows) for column in columns]
        return found


def put(path: Path, cell: Cell, value: str) -> bool:
    """Write a value into a cell, whatever the schema asks of it; False if it is a key that cannot hold it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        made_by = dict(
            connection.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')").fetchall()
        )
        _set_schema(connection, {name: _loosened(sql) for name, sql in made_by.items()})
        try:
            keys = [row[1] for row in connection.execute(f"PRAGMA table_info({cell.table})") if row[5]] or ["rowid"]
            key = ", ".join(keys)
            connection.execute(
                f"UPDATE {cell.table} SET {cell.column} = {value} WHERE ({key}) ="
                f" (SELECT {key} FROM {cell.table} ORDER BY {key} LIMIT 1 OFFSET {cell.row})"
            )
        except sqlite3.IntegrityError:
            return False
        finally:
            _set_schema(connection, made_by)
        return True


def _tables(connection: sqlite3.Connection) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]


def _set_schema(connection: sqlite3.Connection, sqls: dict[str, str]) -> None:
    connection.execute("PRAGMA writable_schema = ON")
    connection.executemany(
        "UPDATE sqlite_master SET sql = ? WHERE name = ?", [(sql, name) for name, sql in sqls.items()]
    )
    connection.execute("PRAGMA writable_schema = RESET")


def _loosened(sql: str) -> str:
    """Return a table without types and rules; a key that is a row's number stays one. A trigger that does nothing."""
    if sql.startswith("CREATE TRIGGER"):
        return re.sub(r"BEGIN.*END", "BEGIN SELECT 1; END", sql, flags=re.DOTALL)
    sql = re.sub(r"CHECK \((?:[^()]|\([^()]*(?:\([^()]*\))?[^()]*\))*\)", "", sql)
    sql = re.sub(r"\b(?:TEXT|REAL|BLOB|ANY|INTEGER(?! PRIMARY))\b", "", sql)
    return sql.replace("NOT NULL", "").replace(", STRICT", "").replace(" STRICT", "")

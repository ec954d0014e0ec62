"""Numbers for new rows: one above every earlier number, even if the file is damaged."""

import sqlite3
from typing import Literal, TypeAlias

Table: TypeAlias = Literal["queue_jobs", "journal", "measurements", "dats"]

HIGHEST = 10**15
"""No number above it was ever given: at one a microsecond that takes 30 years."""

# The sequence of an AUTOINCREMENT is an ordinary row: it may hold text or be missing.
_SELECT = """
SELECT MAX(
    COALESCE((SELECT MAX(seq) FROM sqlite_sequence WHERE name = :table AND typeof(seq) = 'integer'
        AND seq BETWEEN 0 AND :highest), 0),
    COALESCE((SELECT MAX(id) FROM {table} WHERE id BETWEEN 0 AND :highest), 0)) + 1
"""


def next_number(connection: sqlite3.Connection, table: Table) -> int:
    """Return the number of the next row of a table."""
    row = connection.execute(_SELECT.format(table=table), {"table": table, "highest": HIGHEST}).fetchone()
    return int(row[0])

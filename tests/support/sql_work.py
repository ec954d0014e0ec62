"""How much a state file is asked to do, in statements and in steps of SQLite: the same on every machine."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from discpress.engine.store import schema

STEP = 100
"""Instructions of SQLite's virtual machine (sqlite.org/opcode.html) that are counted together."""


class SqlWork:
    """What has been asked of the connections that it watches."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        """Every statement, once for each row that it was executed for."""
        self.steps = 0
        """Instructions that SQLite has executed, in units of STEP."""

    def watch(self, connection: sqlite3.Connection) -> None:
        """Count from now on what this connection is asked for."""
        connection.set_trace_callback(self.statements.append)
        connection.set_progress_handler(self._count, STEP)

    def _count(self) -> int:
        self.steps += 1
        return 0  # go on

    def take(self) -> tuple[int, int]:
        """Return the statements and the steps so far, and begin anew."""
        taken = len(self.statements), self.steps
        self.statements.clear()
        self.steps = 0
        return taken


@contextmanager
def counted_sql() -> Iterator[SqlWork]:
    """Count what every state file is asked for that is opened meanwhile."""
    work = SqlWork()
    connect = schema.connect

    def watched(*words: Any) -> sqlite3.Connection:
        connection = connect(*words)
        work.watch(connection)
        return connection

    with mock.patch.object(schema, "connect", watched):
        yield work

"""Benchmark results in the state file, with machine, disk and date; none is ever replaced."""

import json
import os
import sqlite3
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from discpress.engine.formats import ImageFormat, Method, form_name, in_order
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import JsonValue
from discpress.engine.store.numbering import next_number
from discpress.engine.store.rows import keys
from discpress.engine.store.rows.checked import (
    NUMBER,
    PATH,
    TEXT,
    TIME,
    Shape,
    UnreadableError,
    made_by,
    safe_text,
    token,
)
from discpress.engine.store.rows.plain_json import load_object

_NEWEST_FIRST = "ORDER BY at DESC, id DESC"


class LabTest(StrEnum):
    """Kind of a benchmark."""

    SEEK = "seek"
    THROUGHPUT = "throughput"


class Measurement(NamedTuple):
    """One line of a result."""

    kind: LabTest
    """The benchmark."""
    path: Path
    """The title's file, absolute."""
    identity: FileIdentity
    """Identity of its content."""
    format: ImageFormat
    """The format that was read or written."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    level: int
    """Level it was packed with; 0 if unknown."""
    pattern: str
    """Read pattern of a seek test; empty for throughput."""
    machine: str
    """Host and processor."""
    disk: str
    """The disk that was read or written."""
    at: float
    """When, seconds since the epoch."""
    facts: Mapping[str, JsonValue]
    """The figures, by the field names of their dataclass."""

    @property
    def methods(self) -> tuple[Method, ...]:
        """Methods of the hunks of a CHD; empty for other formats, or if unknown."""
        names = self.facts.get("methods")
        return in_order(method for method in Method if method in names) if isinstance(names, list) else ()

    @property
    def form(self) -> str:
        """The format for people, a CHD with its methods: `ZSO`, `CHD zstd`."""
        return form_name(self.format, self.methods)

    @property
    def what(self) -> tuple[object, ...]:
        """Key of comparable measurements: the same test of the same content in the same form."""
        return self.kind, self.identity, self.form, self.block_size, self.level, self.pattern


_SHAPE = Shape(
    {
        "kind": token({str(kind): kind for kind in LabTest}, None),
        "path": PATH,
        "identity": made_by(keys.identity_from, None),
        "format": token({str(format): format for format in ImageFormat}, None),
        "block_size": NUMBER,
        "level": NUMBER,
        "pattern": TEXT,
        "machine": TEXT,
        "disk": TEXT,
        "at": TIME,
        "facts": made_by(load_object, {}),
    }
)
_SAVE = f"INSERT INTO measurements (id, {_SHAPE.select()}) VALUES ({', '.join('?' * (1 + len(_SHAPE)))})"
_SELECT = f"SELECT {_SHAPE.select()} FROM measurements"


def save(connection: sqlite3.Connection, measurement: Measurement) -> None:
    """Add a measurement."""
    values = (
        next_number(connection, "measurements"),
        str(measurement.kind),
        os.fsencode(measurement.path),
        keys.identity_key(measurement.identity),
        str(measurement.format),
        measurement.block_size,
        measurement.level,
        measurement.pattern,
        safe_text(measurement.machine),
        safe_text(measurement.disk),
        measurement.at,
        json.dumps(dict(measurement.facts)),
    )
    connection.execute(_SAVE, values)


def read(
    connection: sqlite3.Connection, kind: LabTest | None, identity: FileIdentity | None, path: Path | None
) -> tuple[list[Measurement], int]:
    """Return the measurements, newest first, and the number of unreadable ones.

    They are those of one kind, one content, one file; None for any.
    """
    conditions, values = [], []
    for column, value in (
        ("kind", None if kind is None else str(kind)),
        ("identity", None if identity is None else keys.identity_key(identity)),
        ("path", None if path is None else os.fsencode(path)),
    ):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    measurements, unreadable = [], 0
    for row in connection.execute(f"{_SELECT} {where} {_NEWEST_FIRST}", values):
        try:
            measurements.append(Measurement(*_SHAPE.read(row)))
        except UnreadableError:
            unreadable += 1
    return measurements, unreadable

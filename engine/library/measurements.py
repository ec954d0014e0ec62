"""Measurements in the state file: what the lab found, on which machine and disk, and when; none is ever replaced."""

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from engine.formats import ImageFormat, Method, form_name, in_order
from engine.library import rows
from engine.library.model import FileIdentity, JsonValue

_COLUMNS = "at, kind, path, identity, format, block_size, level, pattern, machine, disk, facts"
_SAVE = f"INSERT INTO measurements ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = f"SELECT {_COLUMNS} FROM measurements"
_NEWEST_FIRST = "ORDER BY at DESC, id DESC"
_TYPES = (float, str, bytes, str, str, int, int, str, str, str, str)


class LabTest(StrEnum):
    """What was tested."""

    SEEK = "seek"
    THROUGHPUT = "throughput"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One line of a result."""

    kind: LabTest
    """What was tested."""
    path: Path
    """The title's file, absolute."""
    identity: FileIdentity
    """Which content it had."""
    format: ImageFormat
    """What was read or written."""
    block_size: int
    """Bytes of a block; 0 for a plain image."""
    level: int
    """Effort it was packed with; 0 where that is not known."""
    pattern: str
    """How a seek test read; empty for throughput."""
    machine: str
    """Host and processor."""
    disk: str
    """What held the bytes that were read or written."""
    at: float
    """When, seconds since the epoch."""
    facts: Mapping[str, JsonValue]
    """The figures, by the names of their dataclass."""

    @property
    def methods(self) -> tuple[Method, ...]:
        """What the hunks of a CHD were packed by; empty for other formats, and where that is not known."""
        names = self.facts.get("methods")
        return in_order(method for method in Method if method in names) if isinstance(names, list) else ()

    @property
    def form(self) -> str:
        """The format as people read it, a CHD with its methods: `ZSO`, `CHD zstd`."""
        return form_name(self.format, self.methods)

    @property
    def what(self) -> tuple[object, ...]:
        """What makes two measurements comparable: the same test of the same content in the same form."""
        return self.kind, self.identity, self.form, self.block_size, self.level, self.pattern


def save(connection: sqlite3.Connection, measurement: Measurement) -> None:
    """Add a measurement."""
    values = (
        measurement.at,
        str(measurement.kind),
        os.fsencode(measurement.path),
        rows.identity_key(measurement.identity),
        str(measurement.format),
        measurement.block_size,
        measurement.level,
        measurement.pattern,
        measurement.machine,
        measurement.disk,
        json.dumps(dict(measurement.facts)),
    )
    connection.execute(_SAVE, values)


def read(
    connection: sqlite3.Connection, kind: LabTest | None, identity: FileIdentity | None, path: Path | None
) -> list[Measurement]:
    """Return the measurements, newest first: of one kind, one content, one file; None for any."""
    conditions, values = [], []
    for column, value in (
        ("kind", None if kind is None else str(kind)),
        ("identity", None if identity is None else rows.identity_key(identity)),
        ("path", None if path is None else os.fsencode(path)),
    ):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    found = connection.execute(f"{_SELECT} {where} {_NEWEST_FIRST}", values).fetchall()
    return [measurement for measurement in map(_from_row, found) if measurement is not None]


def _from_row(row: rows.Row) -> Measurement | None:
    """Return the measurement of a row; None where it does not read."""
    if tuple(map(type, row)) != _TYPES:
        return None
    at, kind, path, identity, image_format, block_size, level, pattern, machine, disk, facts = row
    try:
        numbers = [int(number) for number in identity.split(" ")]
        return Measurement(
            LabTest(kind),
            Path(os.fsdecode(path)),
            FileIdentity(*numbers),
            ImageFormat(image_format),
            block_size,
            level,
            pattern,
            machine,
            disk,
            at,
            dict(json.loads(facts)),
        )
    except (ValueError, TypeError):
        return None

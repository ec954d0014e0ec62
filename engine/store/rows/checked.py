"""Typed reading of rows: what a cell of the state file holds is believed only after its type and range were checked.

SQLite stores text in an INTEGER column of a table that is not STRICT, and a flipped bit may make anything of a cell.
A `Shape` lists the columns that a statement selects, each with what may stand in it, and turns a row into values.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = Sequence[Any]

LARGEST = 2**63 - 1
"""What an INTEGER column holds at the most."""
LAST_TIME_S = 250_000_000_000.0
"""Seconds since the epoch, in the year 9892: a datetime ends with the year 9999, in every time zone."""


class UnreadableError(ValueError):
    """A row holds what it cannot hold; `column` is the first one in which it does."""

    def __init__(self, column: str) -> None:
        super().__init__(f"{column} cannot be read")
        self.column = column


class NotText(bytes):
    """The bytes of text that is not UTF-8: no column allows it, a few take it for bytes."""


def text_or_bytes(raw: bytes) -> str | NotText:
    """Return text as SQLite stores it: a `text_factory` for files in which not all of it is UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NotText(raw)


def safe_text(text: str) -> str:
    """Return text that SQLite takes: file names in messages may carry lone surrogates."""
    return text.encode(errors="backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Column:
    """What may stand in a column."""

    types: frozenset[type]
    """The types of Python that its values have."""
    default: Any
    """What stands for a value that cannot be read, where the rest of the row still counts."""
    convert: Callable[[Any], Any] | None = None
    """Returns what is made of a value; ValueError, TypeError or KeyError where it is out of range. None: itself."""
    as_they_are: frozenset[type] = frozenset()
    """Types of values that are not converted."""
    is_count: bool = False
    """Whether it holds any whole number but a negative one."""

    @property
    def or_null(self) -> "Column":
        """The same, or NULL, which is None."""
        return replace(
            self, types=self.types | _NULL, default=None, as_they_are=self.as_they_are | _NULL, is_count=False
        )


_NULL: frozenset[type] = frozenset({type(None)})


def integer(low: int = 0, high: int = LARGEST) -> Column:
    """Return a column of whole numbers of a range, both ends in it."""

    def check(value: int) -> int:
        if low <= value <= high:
            return value
        raise ValueError

    return Column(frozenset({int}), max(low, 0), check, is_count=(low, high) == (0, LARGEST))


def real(low: float = 0.0, high: float = LAST_TIME_S) -> Column:
    """Return a column of numbers of a range, both ends in it: never infinite."""

    def check(value: float) -> float:
        if low <= value <= high:
            return value
        raise ValueError

    return Column(frozenset({float}), max(low, 0.0), check)


def token(members: Mapping[str, Any], default: Any) -> Column:
    """Return a column of texts that each stand for something; `default` as `Column.default`."""
    return Column(frozenset({str}), default, members.__getitem__)


def made_by(make: Callable[[str], Any], default: Any) -> Column:
    """Return a column of texts that a function reads: ValueError, TypeError or KeyError where it cannot."""
    return Column(frozenset({str}), default, make)


def path_of(key: bytes) -> Path:
    """Return the path of the bytes that the file system knows it by; ValueError unless it can be one, from the root."""
    text = os.fsdecode(key)
    if "\0" in text or not (text[:1] == "/" if _IS_POSIX else os.path.isabs(text)):  # noqa: PTH117 - Path is slower
        raise ValueError
    return Path(text)


_IS_POSIX = os.name == "posix"
TEXT = Column(frozenset({str}), "")
"""Text."""
BYTES = Column(frozenset({bytes}), b"")
"""Bytes."""
NAME = Column(frozenset({str, bytes, NotText}), "", os.fsdecode, frozenset({str}))
"""Text from file names: bytes where it is not UTF-8, which come back as surrogates."""
PATH = Column(frozenset({bytes}), Path(os.sep), path_of)
"""The bytes of an absolute path."""
FLAG = Column(frozenset({int}), False, {0: False, 1: True}.__getitem__)
"""0 or 1."""
NUMBER = integer()
"""A size or a count."""
TIME = real()
"""Seconds since the epoch, or of a duration."""


class Shape:
    """The columns of a statement, in order, and what may stand in each."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.names = tuple(columns)
        self._columns = tuple(columns.values())
        self._counts = [index for index, column in enumerate(self._columns) if column.is_count]
        self._steps: dict[tuple[type, ...], list[_Step]] = {}
        """What is to be converted in a row of these types: few, for only those of columns that may be NULL differ."""

    def __len__(self) -> int:
        return len(self.names)

    def select(self, table: str = "") -> str:
        """Return the columns as SELECT takes them; `table` is an alias to be put before each."""
        return ", ".join(f"{table}.{name}" if table else name for name in self.names)

    def part(self, *names: str) -> "Shape":
        """Return the shape of some of the columns."""
        return Shape({name: self._columns[self.names.index(name)] for name in names})

    def read(self, row: Row) -> list[Any]:
        """Return the values of a row; UnreadableError where one of them cannot be."""
        types = tuple(map(type, row))
        steps = self._steps.get(types)
        if steps is None:
            steps = self._steps[types] = self._steps_for(types)
        values = list(row)
        for index in self._counts:  # no call for each: half the columns of a title are counts
            if values[index] < 0:
                raise UnreadableError(self.names[index])
        for index, convert in steps:
            try:
                values[index] = convert(values[index])
            except (ValueError, TypeError, KeyError) as error:
                raise UnreadableError(self.names[index]) from error
        return values

    def salvage(self, row: Row) -> tuple[list[Any], list[str]]:
        """Return the values of a row, defaults where one cannot be read, and the names of those columns."""
        values, faults = [], []
        for name, column, value in zip(self.names, self._columns, row, strict=True):
            try:
                (found,) = Shape({name: column}).read((value,))
            except UnreadableError:
                found = column.default
                faults.append(name)
            values.append(found)
        return values, faults

    def _steps_for(self, types: tuple[type, ...]) -> "list[_Step]":
        steps: list[_Step] = []
        for index, (column, found) in enumerate(zip(self._columns, types, strict=True)):
            if found not in column.types:
                raise UnreadableError(self.names[index])
            if column.convert is not None and not column.is_count and found not in column.as_they_are:
                steps.append((index, column.convert))
        return steps


_Step: TypeAlias = tuple[int, Callable[[Any], Any]]

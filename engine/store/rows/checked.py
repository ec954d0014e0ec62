"""Typed reading of rows: a cell of the state file is used only after its type and range are checked.

SQLite stores text in an INTEGER column of a table that is not STRICT, and a flipped bit may turn a cell into anything.
A `Shape` lists the columns that a statement selects, each with its allowed values, and converts a row to values.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

Row: TypeAlias = Sequence[Any]

LARGEST = 2**63 - 1
"""The largest value of an INTEGER column."""
LAST_TIME_S = 250_000_000_000.0
"""Seconds since the epoch, in the year 9892: a datetime ends with the year 9999, in every time zone."""


class UnreadableError(ValueError):
    """A row contains an impossible value; `column` is the first such column."""

    def __init__(self, column: str) -> None:
        super().__init__(f"{column} cannot be read")
        self.column = column


class NotText(bytes):
    """The bytes of text that is not UTF-8: no column accepts it as text, a few accept it as bytes."""


def text_or_bytes(raw: bytes) -> str | NotText:
    """Return text as stored by SQLite: a `text_factory` for files with text that is not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return NotText(raw)


def safe_text(text: str) -> str:
    """Return text that SQLite accepts: file names in messages may contain lone surrogates."""
    return text.encode(errors="backslashreplace").decode()


class Column(NamedTuple):
    """The allowed values of a column."""

    types: frozenset[type]
    """The Python types of its values."""
    default: Any
    """Replaces an unreadable value if the rest of the row still counts."""
    convert: Callable[[Any], Any] | None = None
    """Converts a value. Raises ValueError, TypeError or KeyError if it is out of range. None: no conversion."""
    as_they_are: frozenset[type] = frozenset()
    """Types of values that are not converted."""
    limits: tuple[float, float] | None = None
    """The smallest and the largest number that it accepts; None if it has no numbers, or if `convert` checks them."""

    @property
    def or_null(self) -> "Column":
        """The same column, with NULL accepted and read as None."""
        return self._replace(types=self.types | _NULL, default=None, as_they_are=self.as_they_are | _NULL)


_NULL: frozenset[type] = frozenset({type(None)})


def integer(low: int = 0, high: int = LARGEST) -> Column:
    """Return a column of whole numbers of a range, both ends included."""
    return Column(frozenset({int}), max(low, 0), limits=(low, high))


def real(low: float = 0.0, high: float = LAST_TIME_S) -> Column:
    """Return a column of numbers of a range, both ends included: never infinite."""
    return Column(frozenset({float}), max(low, 0.0), limits=(low, high))


def token(members: Mapping[str, Any], default: Any) -> Column:
    """Return a column of texts that each stand for a member; `default` as in `Column.default`."""
    return Column(frozenset({str}), default, members.__getitem__)


def made_by(make: Callable[[str], Any], default: Any) -> Column:
    """Return a column of texts that a function converts. It raises ValueError, TypeError or KeyError for a bad one."""
    return Column(frozenset({str}), default, make)


def path_of(key: bytes) -> Path:
    """Return the path of its os.fsencode bytes. Raises ValueError unless they are an absolute path."""
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
"""Text from file names: bytes if it is not UTF-8, read as surrogates."""
FEW_TEXTS = Column(frozenset({str}), "", sys.intern)
"""Text of which there are few in a library: equal ones are one object, because SQLite makes one for each row."""
FEW_NAMES = Column(frozenset({str, bytes, NotText}), "", lambda text: sys.intern(os.fsdecode(text)))
"""The same, with text from file names as in NAME."""
PATH = Column(frozenset({bytes}), Path(os.sep), path_of)
"""The bytes of an absolute path."""
FLAG = Column(frozenset({int}), False, {0: False, 1: True}.__getitem__)
"""0 or 1."""
NUMBER = integer()
"""A size or a count."""
TIME = real()
"""Seconds since the epoch, or of a duration."""


class Shape:
    """The columns of a statement, in order, with the allowed values of each."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.names = tuple(columns)
        self._columns = tuple(columns.values())
        self._steps: dict[tuple[type, ...], tuple[list[_Range], list[_Step]]] = {}
        """The checks for a row of these types; few combinations exist, because only nullable columns vary."""

    def __len__(self) -> int:
        return len(self.names)

    def select(self, table: str = "") -> str:
        """Return the columns for a SELECT; `table` is an alias to prefix them with."""
        return ", ".join(f"{table}.{name}" if table else name for name in self.names)

    def __add__(self, other: "Shape") -> "Shape":
        """Return the shape of the columns of two, with other names in each: one after the other."""
        return Shape(dict(zip(self.names + other.names, self._columns + other._columns, strict=True)))

    def altered(self, columns: Mapping[str, Column]) -> "Shape":
        """Return the shape with other values in some of its columns."""
        return Shape({**dict(zip(self.names, self._columns, strict=True)), **columns})

    def part(self, *names: str) -> "Shape":
        """Return the shape of some of the columns."""
        return Shape({name: self._columns[self.names.index(name)] for name in names})

    def read(self, row: Row) -> list[Any]:
        """Return the values of a row. Raises UnreadableError if one of them is not allowed."""
        types = tuple(map(type, row))
        checks = self._steps.get(types)
        if checks is None:
            checks = self._steps[types] = self._steps_for(types)
        ranges, steps = checks
        values = list(row)
        for index, low, high in ranges:  # no call for each: half the columns of a title are numbers
            if not low <= values[index] <= high:
                raise UnreadableError(self.names[index])
        for index, convert in steps:
            try:
                values[index] = convert(values[index])
            except (ValueError, TypeError, KeyError) as error:
                raise UnreadableError(self.names[index]) from error
        return values

    def salvage(self, row: Row) -> tuple[list[Any], list[str]]:
        """Return the values of a row, with defaults for unreadable ones, and the names of the unreadable columns."""
        values, faults = [], []
        for name, column, value in zip(self.names, self._columns, row, strict=True):
            try:
                (found,) = Shape({name: column}).read((value,))
            except UnreadableError:
                found = column.default
                faults.append(name)
            values.append(found)
        return values, faults

    def _steps_for(self, types: tuple[type, ...]) -> "tuple[list[_Range], list[_Step]]":
        ranges: list[_Range] = []
        steps: list[_Step] = []
        for index, (column, found) in enumerate(zip(self._columns, types, strict=True)):
            if found not in column.types:
                raise UnreadableError(self.names[index])
            if found in column.as_they_are:
                continue
            if column.limits is not None:
                ranges.append((index, *column.limits))
            if column.convert is not None:
                steps.append((index, column.convert))
        return ranges, steps


_Range: TypeAlias = tuple[int, float, float]
_Step: TypeAlias = tuple[int, Callable[[Any], Any]]

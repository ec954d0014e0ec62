"""Rows of a table that are filtered, sorted and marked."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from discpress.engine.states import State

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters of the table that a plain terminal lacks."""

    mark: str = "•"
    margin: str = "±"
    ascending: str = "▲"
    descending: str = "▼"
    ellipsis: str = "…"
    is_ascii: bool = False

    def of_state(self, state: State) -> str:
        """Return the sign of a state."""
        return state.spec.ascii_glyph if self.is_ascii else state.spec.glyph


ASCII_SIGNS = Signs("*", "~", "^", "v", "~", is_ascii=True)


class MarkedRows(Generic[RowT]):
    """The shown rows, their order and the marks; marks stay on rows that a filter hides."""

    SORTS: ClassVar[tuple[str, ...]]
    """The columns that `s` sorts by, in this order; the first one at the start."""
    LARGE_FIRST: ClassVar[Collection[str]]
    """The columns that begin with the largest value."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.rows: list[RowT] = []
        self.marks: set[Path] = set()
        self.filter_text = ""
        self.sort_key = self.SORTS[0]
        self.is_reversed = False

    def key_of(self, row: RowT) -> Path:
        """Return the path by which a row is marked."""
        raise NotImplementedError

    def set_filter(self, text: str) -> None:
        """Show the rows that these words select. Raises UsageError for an invalid word, and changes nothing then."""
        raise NotImplementedError

    def refresh_order(self) -> None:
        """Sort by `sort_key`, and filter."""
        raise NotImplementedError

    def row_with(self, key: Path) -> RowT | None:
        """Return a row, shown or hidden, by the path of its mark; None if there is none."""
        raise NotImplementedError

    def is_marked_with_others(self, row: RowT) -> bool:
        """Return whether "mark all" takes a row."""
        return True

    # Order

    def sort_by(self, key: str, *, is_reversed: bool = False) -> None:
        """Sort by a column: names from A, figures from the largest, or reversed."""
        self.sort_key, self.is_reversed = key, is_reversed
        self.refresh_order()

    @property
    def is_descending(self) -> bool:
        """Whether the largest value comes first."""
        return (self.sort_key in self.LARGE_FIRST) != self.is_reversed

    @property
    def sort_sign(self) -> str:
        """The sign of the direction."""
        return self.signs.descending if self.is_descending else self.signs.ascending

    def next_sort(self) -> str:
        """Return the column that comes after the present one."""
        return self.SORTS[(self.SORTS.index(self.sort_key) + 1) % len(self.SORTS)]

    def index_of(self, key: Path | None) -> int | None:
        """Return the index of a shown row; None if it is not shown."""
        return next((index for index, row in enumerate(self.rows) if self.key_of(row) == key), None)

    # Marks

    def toggle(self, index: int) -> None:
        """Mark a row, or take its mark off."""
        self.marks ^= {self.key_of(self.rows[index])}

    def mark_range(self, first: int, last: int) -> None:
        """Mark the rows between two, both included."""
        self.marks |= {self.key_of(row) for row in self.rows[min(first, last) : max(first, last) + 1]}

    def marked_together(self) -> set[Path]:
        """Return the keys of the rows shown that "mark all" takes."""
        return {self.key_of(row) for row in self.rows if self.is_marked_with_others(row)}

    def toggle_all(self) -> None:
        """Mark all rows shown that may be marked with others; clear all marks if they are marked already."""
        shown = self.marked_together()
        self.marks = set() if shown <= self.marks else self.marks | shown

    def chosen(self, index: int) -> list[RowT]:
        """Return the marked rows in the order of the table, hidden ones last; without marks the row at the index."""
        if not self.marks:
            return [self.rows[index]] if index < len(self.rows) else []
        shown = [row for row in self.rows if self.key_of(row) in self.marks]
        hidden = map(self.row_with, sorted(self.marks - {self.key_of(row) for row in shown}))
        return shown + [row for row in hidden if row is not None]

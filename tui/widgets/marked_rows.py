"""Rows of a table that are filtered, sorted and marked."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import ClassVar, Generic, NamedTuple, TypeVar

from discpress.engine.states import State

RowT = TypeVar("RowT")
MarkT = TypeVar("MarkT", bytes, Path)


class Signs(NamedTuple):
    """The characters of the table that a plain terminal lacks."""

    mark: str = "┃"
    part_mark: str = "╎"
    folded: str = "▸"
    unfolded: str = "▾"
    margin: str = "±"
    ascending: str = "▲"
    descending: str = "▼"
    ellipsis: str = "…"
    is_ascii: bool = False

    def of_state(self, state: State) -> str:
        """Return the sign of a state."""
        return state.spec.ascii_glyph if self.is_ascii else state.spec.glyph


ASCII_SIGNS = Signs("*", "-", ">", "v", "~", "^", "v", "~", is_ascii=True)


class MarkedRows(Generic[RowT, MarkT]):
    """The shown rows, their order and the marks; marks stay on rows that a filter hides."""

    SORTS: ClassVar[tuple[str, ...]]
    """The columns that can be sorted by; the first one at the start."""
    LARGE_FIRST: ClassVar[Collection[str]]
    """The columns that begin with the largest value."""

    def __init__(self, signs: Signs) -> None:
        self.signs = signs
        self.rows: list[RowT] = []
        self.marks: set[MarkT] = set()
        self.cursor_key: Path | None = None
        """The path of the row under the cursor; None without one."""
        self.filter_text = ""
        self.sort_key = self.SORTS[0]
        self.is_reversed = False

    def path_of(self, row: RowT) -> Path:
        """Return the path by which a row is found again in another order."""
        raise NotImplementedError

    def mark_of(self, row: RowT) -> MarkT:
        """Return what stands for a row among the marks."""
        raise NotImplementedError

    def set_filter(self, text: str) -> None:
        """Show the rows that these words select. Raises UsageError for an invalid word, and changes nothing then."""
        raise NotImplementedError

    def refresh_order(self) -> None:
        """Sort by `sort_key`, and filter."""
        raise NotImplementedError

    def row_with(self, mark: MarkT) -> RowT | None:
        """Return a row, shown or hidden, by its mark; None if there is none."""
        raise NotImplementedError

    def members(self, row: RowT) -> Sequence[RowT]:
        """Return what a row stands for: itself, or all rows that are folded into it."""
        return (row,)

    def own_members(self, row: RowT) -> Sequence[RowT]:
        """Return those of `members` that no other row stands for."""
        return self.members(row)

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

    def index_of(self, path: Path | None) -> int | None:
        """Return the index of a shown row; None if it is not shown."""
        return next((index for index, row in enumerate(self.rows) if self.path_of(row) == path), None)

    # Marks

    def toggle(self, index: int) -> None:
        """Mark a row, or take its mark off; all that is folded into it, unless all of that is marked."""
        keys = set(map(self.mark_of, self.members(self.rows[index])))
        self.marks = self.marks - keys if keys <= self.marks else self.marks | keys

    def mark_range(self, first: int, last: int) -> None:
        """Mark the rows between two, both included."""
        rows = self.rows[min(first, last) : max(first, last) + 1]
        self.marks |= {self.mark_of(each) for row in rows for each in self.own_members(row)}

    def marked_together(self) -> set[MarkT]:
        """Return the marks of the rows shown that "mark all" takes."""
        return {self.mark_of(row) for row in self.rows}

    def toggle_all(self) -> None:
        """Mark all rows shown that may be marked with others; clear all marks if they are marked already."""
        shown = self.marked_together()
        self.marks = set() if shown <= self.marks else self.marks | shown

    def chosen(self, index: int) -> list[RowT]:
        """Return the marked rows in the order of the table, hidden ones last; without marks the row at the index."""
        if not self.marks:
            return list(self.members(self.rows[index])) if index < len(self.rows) else []
        shown = [each for row in self.rows for each in self.own_members(row) if self.mark_of(each) in self.marks]
        hidden = map(self.row_with, sorted(self.marks - {self.mark_of(row) for row in shown}))
        return shown + [row for row in hidden if row is not None]

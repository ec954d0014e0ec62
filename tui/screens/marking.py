"""The commands that mark and sort the rows of a table, as in the library."""

from collections.abc import Mapping
from functools import partial

from discpress.tui.app.session import Session
from discpress.tui.dialogs.sort_keys import SORT_LETTERS, SortKeys
from discpress.tui.screens.base import Value
from discpress.tui.screens.filtering import Filtering
from discpress.tui.widgets.table import Table


class Marking(Filtering):
    """The part of a screen that marks and sorts."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._last_mark: int | None = None

    def action_mark(self) -> None:
        """Mark the row, or take its mark off, and step on."""
        if self.has_rows():
            self._last_mark = self._table.cursor
            self.listed.toggle(self._table.cursor)
            self._table.refresh_row(self._table.cursor)
            self._table.action_step(1)
            self.show_status()

    def action_mark_range(self) -> None:
        """Mark from the last mark to here."""
        if self.has_rows():
            cursor, before = self._table.cursor, len(self.listed.marks)
            self.listed.mark_range(cursor if self._last_mark is None else self._last_mark, cursor)
            if len(self.listed.marks) == before:
                self.say("Everything from the last mark to here is marked already.")
            self._last_mark = cursor
            self._table.refresh()
            self.show_status()

    def action_mark_all(self) -> None:
        """Mark all rows shown, or none."""
        if not self.has_rows():
            return
        self.listed.toggle_all()
        self._table.refresh()
        self.show_status()

    def action_sort(self) -> None:
        """Wait for the letter of a column."""
        if self.has_rows():
            self.app.push_screen(SortKeys(self._letters, self.listed.sort_key), self._take_letter)

    @property
    def _letters(self) -> Mapping[str, tuple[str, str]]:
        return {key: SORT_LETTERS[key] for key in self.listed.SORTS}

    def values(self) -> list[Value]:
        """Return the columns to sort by as well."""
        letters = self._letters.items()
        sorts = [Value(f"Sort by {name}", "", partial(self.sort_by, key)) for key, (_, name) in letters]
        return [*sorts, *super().values()]

    def _take_letter(self, letter: str | None) -> None:
        if letter is None:
            return
        keys = {known: key for key, (known, _) in self._letters.items()}
        if letter in keys:
            self.sort_by(keys[letter])
        else:
            self.say(f"No column is sorted by {letter}.")

    def sort_by(self, key: str) -> None:
        """Sort by a column; by the present one the other way round."""
        same = key == self.listed.sort_key
        self._sort(key, is_reversed=same and not self.listed.is_reversed)

    def action_sort_reverse(self) -> None:
        """Reverse the order."""
        if self.has_rows():
            self._sort(self.listed.sort_key, is_reversed=not self.listed.is_reversed)

    def on_table_sorted(self, message: Table.Sorted) -> None:
        """Sort by the column whose head was clicked; once more turns the order around."""
        if message.key == "mark":
            self.action_mark_all()
        elif message.key in self.listed.SORTS:
            self.sort_by(message.key)

    def _sort(self, key: str, *, is_reversed: bool) -> None:
        """Sort; a cursor at the top stays there, any other one stays on its row."""
        if not self._table.cursor:
            self.listed.cursor_key = None
        self.listed.sort_key, self.listed.is_reversed = key, is_reversed
        self._table.show_sort(key, self.listed.sort_sign)
        self._refresh_order()

    def _refresh_order(self) -> None:
        """Show the rows in the order that was chosen."""
        self.listed.refresh_order()
        self.show_rows()

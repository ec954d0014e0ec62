"""The filter of a table: a line to type into, words that take effect at once, and what is wrong with them."""

from typing import Any

from textual.widgets import Input

from discpress.engine.errors import UsageError
from discpress.tui.app.session import Session
from discpress.tui.screens.base import DiscScreen
from discpress.tui.widgets.filter_input import FilterInput
from discpress.tui.widgets.marked_rows import MarkedRows
from discpress.tui.widgets.table import Table


class Filtering(DiscScreen):
    """The part of a screen that filters; the rest has the table and the line `filter`."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._problem = ""

    @property
    def listed(self) -> MarkedRows[Any, Any]:
        """The rows that are filtered, sorted and marked."""
        raise NotImplementedError

    @property
    def _table(self) -> Table:
        return self.query_one(Table)

    def show_rows(self) -> None:
        """Repaint with the cursor on the row it was on."""
        index = self.listed.index_of(self.listed.cursor_key)
        self._table.show_rows(self._table.cursor if index is None else index)
        self._remember()
        self.show_status()

    def _remember(self) -> None:
        """Note the row under the cursor, to find it again in another order."""
        rows, cursor = self.listed.rows, self._table.cursor
        self.listed.cursor_key = self.listed.path_of(rows[cursor]) if cursor < len(rows) else None

    def show_status(self) -> None:
        """Show what all rows come to, or what is wrong with the filter."""
        raise NotImplementedError

    def why_empty(self) -> str:
        """Return why there are no rows."""
        raise NotImplementedError

    def has_rows(self) -> bool:
        """Return whether there are rows; if not, say why."""
        if not self.listed.rows:
            self.say(self.why_empty())
        return bool(self.listed.rows)

    def take_filter_off(self) -> None:
        """Show all rows."""
        self.query_one(FilterInput).value = ""
        self._filter("")

    def action_filter(self) -> None:
        """Open the line for the filter."""
        field = self.query_one(FilterInput)
        field.add_class("-open")
        # At once: focus() would let the keys that came together with this one act as commands.
        self.set_focus(field)

    def action_clear_filter(self) -> None:
        """Clear the filter; if there is none, the marks."""
        if self.query_one(FilterInput).value or self.listed.filter_text:
            self.take_filter_off()
        elif self.listed.marks:
            self.listed.marks.clear()
            self._table.refresh()
        elif not self.query_one(FilterInput).has_class("-open"):
            self.say("There is no filter to clear, and no mark.")
        self._close_filter()
        self.show_status()

    def _close_filter(self) -> None:
        self.query_one(FilterInput).remove_class("-open")
        self.set_focus(self._table)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        self._filter(event.value)

    def on_filter_input_left(self) -> None:
        """Go to the rows; the line stays."""
        self.set_focus(self._table)

    def on_filter_input_cleared(self) -> None:
        """Take the filter off."""
        self.action_clear_filter()

    def on_input_submitted(self) -> None:
        """Go back to the table with the filter on."""
        self._close_filter()

    def _filter(self, text: str) -> None:
        try:
            self.listed.set_filter(text)
            self._problem = ""
        except UsageError as error:
            self._problem = str(error)
            self.show_status()
            return
        self.show_rows()

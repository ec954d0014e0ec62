"""A table of any length that paints only what is seen: one line a row, two lines a cursor step.

It keeps its own first row in place of a scroll offset, and turns half a page at its edges: the terminal is sent the
whole table only then (a step is two rows, 0.3 kB; Textual has no way to let the terminal itself scroll).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from textual import events
from textual.binding import Binding
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip

from discpress.tui.widgets.palette import Line, Painted, fit, fit_name, wrapped


class Column(NamedTuple):
    """One column."""

    key: str
    """What it is sorted by; its cells come in the order of the columns."""
    label: str
    """Its head."""
    width: int
    """Cells, without the gap behind it; the smallest for a flexible one."""
    right: bool = False
    """Whether its cells end at the right: numbers."""
    flexible: bool = False
    """Whether it takes the room that is left; one of a table does."""
    rank: int = 0
    """Columns with the highest rank are left out first if the table is narrow; 0 always stays."""
    from_width: int = 0
    """Cells that a table has that shows it."""
    below_width: int = 10_000
    """Cells that a table has no more that shows it."""
    sorts: str = ""
    """The order that a click on its head chooses; empty for its own key."""


class Rows(Protocol):
    """The source of a table's rows."""

    def __len__(self) -> int:
        """Return how many there are."""

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of a row for these columns, safe to show."""

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell, of `palette.STYLES`."""


class Table(Painted):
    """Heads, rows, a cursor; the rows come from outside and are asked for as they are painted."""

    BINDINGS = [  # noqa: RUF012 - Textual declares it so
        Binding("down,j", "step(1)", show=False),
        Binding("up,k", "step(-1)", show=False),
        Binding("pagedown,ctrl+f", "page(1)", show=False),
        Binding("pageup,ctrl+b", "page(-1)", show=False),
        Binding("home,less_than_sign", "edge(-1)", show=False),
        Binding("end,greater_than_sign", "edge(1)", show=False),
    ]

    class Moved(Message):
        """The cursor stands on another row, or other rows are seen."""

        def __init__(self, table: "Table") -> None:
            super().__init__()
            self.table = table

    class Sorted(Message):
        """A head was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    class Chosen(Message):
        """The row under the cursor was clicked once more."""

    def __init__(self, columns: Sequence[Column], rows: Rows, *, id: str, ellipsis: str) -> None:
        super().__init__(id=id)
        self.can_focus = True
        self._ellipsis = ellipsis
        self._columns = tuple(columns)
        self._rows = rows
        self._cursor = self._top = 0
        self._sort = ("", "")
        self._empty_text = ""
        self._painted: dict[int, Line] = {}
        self.has_cursor = True
        """Whether the row of the cursor is painted as such."""

    # What is shown

    @property
    def cursor(self) -> int:
        """The row of the cursor; 0 for an empty table."""
        return self._cursor

    @property
    def seen(self) -> range:
        """The rows that are on the screen."""
        return range(self._top, min(len(self._rows), self._top + self._page))

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    def show_rows(self, cursor: int) -> None:
        """Repaint after the rows have become others, with the cursor on that one."""
        self._cursor = max(0, min(cursor, len(self._rows) - 1))
        self._keep_seen()
        self.refresh_changed()
        self._say_moved()

    def refresh_changed(self) -> None:
        """Repaint the rows that read differently than they were painted."""
        for y in range(1, self.size.height):
            if self._painted.get(y) != self._line(y):
                self._refresh_line(y)

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns."""
        if self._columns != tuple(columns):
            self._columns = tuple(columns)
            self.refresh()

    def show_empty(self, text: str) -> None:
        """Say this in place of rows while there are none: what to do about it."""
        if text != self._empty_text:
            self._empty_text = text
            self.refresh_changed()

    def show_sort(self, key: str, sign: str) -> None:
        """Show by which column it is sorted, by a sign behind its head."""
        if self._sort != (key, sign):
            self._sort = (key, sign)
            self._refresh_line(0)

    def refresh_row(self, index: int) -> None:
        """Repaint one row, if it is visible."""
        if index in self.seen:
            self._refresh_line(index - self._top + 1)

    # Moving

    def move_to(self, index: int) -> None:
        """Put the cursor on a row; the table scrolls if that row is not visible."""
        index = max(0, min(index, len(self._rows) - 1))
        if index == self._cursor:
            return
        old, top = self._cursor, self._top
        self._cursor = index
        self._keep_seen()
        if self._top == top:
            self.refresh_row(old)
            self.refresh_row(index)
        else:
            self.refresh_changed()
        self._say_moved()

    def action_step(self, count: int) -> None:
        """Move the cursor by rows."""
        self.move_to(self._cursor + count)

    def action_page(self, count: int) -> None:
        """Move the cursor by screens."""
        self.move_to(self._cursor + count * self._page)

    def action_edge(self, side: int) -> None:
        """Move the cursor to the first row or the last."""
        self.move_to(len(self._rows) if side > 0 else 0)

    def _keep_seen(self) -> None:
        page = self._page
        if not self._top <= self._cursor < self._top + page:
            is_below = self._cursor >= self._top + page
            is_near = -page <= self._cursor - self._top < 2 * page
            # One step beyond the edge turns half a page, a jump puts the row in the middle.
            lines_above = page // 2 - (1 if is_near and not is_below and page > 2 else 0)
            self._top = self._cursor - lines_above
        self._top = max(0, min(self._top, len(self._rows) - page))

    def _say_moved(self) -> None:
        self.place_cursor()
        self.post_message(self.Moved(self))

    def place_cursor(self) -> None:
        """Let the terminal's own cursor follow the row, for screen readers; it goes out with the next line sent."""
        if self.has_focus and self.is_attached:
            line = self._cursor - self._top + 1
            self.app.cursor_position = Offset(self.content_region.x, self.content_region.y + line)

    # Events

    def on_focus(self) -> None:
        """Take the terminal's cursor along."""
        self.place_cursor()

    def on_resize(self) -> None:
        """Keep the cursor's row on the screen; the rows may have been painted from another first one."""
        top = self._top
        if self._cursor < self._page:
            self._top = 0  # a smaller window may have scrolled
        self._keep_seen()
        if self._top != top:
            self.refresh()
        self._say_moved()

    def on_click(self, event: events.Click) -> None:
        """Go to the row that was clicked, open the one under the cursor, sort by a head."""
        at = event.get_content_offset(self)
        if at is None or at.y == 0:
            if at is not None and (key := self._column_at(at.x)):
                self.post_message(self.Sorted(key))
            return
        index = self._top + at.y - 1
        if index >= len(self._rows):
            return
        if index == self._cursor:
            self.post_message(self.Chosen())
        self.move_to(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move on by a third of a page."""
        event.stop()
        self.action_step(max(1, self._page // 3))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move back by a third of a page."""
        event.stop()
        self.action_step(-max(1, self._page // 3))

    def _column_at(self, x: int) -> str:
        start = 0
        for column, width in self._layout(self.size.width):
            start += width + 1
            if x < start:
                return column.sorts or column.key
        return ""

    # Painting

    def _refresh_line(self, y: int) -> None:
        self.refresh(Region(0, y, self.size.width, 1))

    def _layout(self, width: int) -> list[tuple[Column, int]]:
        """Return the columns that have room, each with its width."""
        shown = [column for column in self._columns if column.from_width <= width < column.below_width]
        while shown and sum(column.width + 1 for column in shown) - 1 > width:
            least = max(shown, key=lambda column: column.rank)
            if least.rank == 0:
                break
            shown.remove(least)
        spare = max(0, width - (sum(column.width + 1 for column in shown) - 1))
        return [(column, column.width + (spare if column.flexible else 0)) for column in shown]

    def render_line(self, y: int) -> Strip:
        """Paint the heads or one row."""
        if y == 0:
            width = self.size.width
            return self.strip_of([(self._heads(self._layout(width)), "head")], width, "head")
        line = self._painted[y] = self._line(y)
        return self.strip_of(line, self.size.width, line[-1][1] if line else "normal")

    def _line(self, y: int) -> Line:
        """Return one row as it reads now; what is behind its last piece is painted like that."""
        index = self._top + y - 1
        if not len(self._rows):
            lines = wrapped(self._empty_text, self.size.width, "accent")
            return [*lines[index], ("", "normal")] if index < len(lines) else []
        if index >= len(self._rows):
            return []
        is_here = index == self._cursor and self.has_cursor
        return [*self._row(index, self._layout(self.size.width), is_here), ("", "cursor" if is_here else "normal")]

    def _heads(self, layout: Sequence[tuple[Column, int]]) -> str:
        return " ".join(self._head(column, width) for column, width in layout)

    def _head(self, column: Column, width: int) -> str:
        """Return a head, with the sign if it is the sorted one; the label is cut rather than the sign."""
        key, sign = self._sort
        is_sorted = bool(column.label) and (column.sorts or column.key) == key
        label = column.label[: width - len(sign)] + sign if is_sorted else column.label
        return fit(label, width, right=column.right, ellipsis=self._ellipsis)

    def _row(self, index: int, layout: Sequence[tuple[Column, int]], is_here: bool) -> Line:
        cells, end = self._rows.cells(index, [column.key for column, _ in layout]), self._ellipsis
        pieces = []
        for (column, width), text in zip(layout, cells, strict=True):
            style = "cursor" if is_here else self._rows.style(index, column.key)
            cell = fit_name(text, width, end) if column.flexible else fit(text, width, right=column.right, ellipsis=end)
            pieces += [(cell, style), (" ", "normal")] if style == "bar" else [(f"{cell} ", style)]
        return pieces

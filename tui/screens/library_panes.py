"""The panes around the library's table: strip of the queue, pane of a title, pane of filters, edges."""

from textual import events
from textual.geometry import Size

from discpress.engine.library.listed import ListedTitle
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.tui.app.session import Session
from discpress.tui.screens.folding import Folding
from discpress.tui.views.frame.facets import facets_of
from discpress.tui.views.frame.group_pane import group_lines, group_title
from discpress.tui.views.frame.pane import PaneForm, pane_lines, pane_title
from discpress.tui.views.frame.status_line import empty_hint, places, rule_line, status_line
from discpress.tui.views.library import LibraryView
from discpress.tui.views.queue_strip import strip_edges, strip_lines
from discpress.tui.widgets.facets import Facets
from discpress.tui.widgets.filter_input import FilterInput
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line, edge, line_cells

_TALL = 24
"""Lines from which the pane has room below the table."""
_SIDE, _FACETS = 190, 160
"""Columns from which the pane stands next to the table, and from which the filters have a pane."""
STRIP_JOBS = 3


class LibraryPanes(Folding):
    """The part of the library's screen that is not its table."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._faceted: tuple[object, ...] = ()

    @property
    def listed(self) -> LibraryView:
        """The rows that are filtered, sorted and marked."""
        return self.view

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Show the queue in brief, and the title whose job has moved on."""
        self.show_strip(snapshot)
        title = self.title_here()
        if title is not None and title.path in {job.path for job in snapshot.jobs}:
            self.show_pane()

    def classes_at(self, size: Size) -> dict[str, bool]:
        """Return the classes of the screen: panes are shown if the terminal has room for them."""
        panes = {"-tall": size.height >= _TALL, "-side": size.width >= _SIDE, "-facets": size.width >= _FACETS}
        return super().classes_at(size) | panes

    def on_resize(self, event: events.Resize) -> None:
        """Lay the panes out anew."""
        self.call_after_refresh(self._show_all)

    def _show_all(self) -> None:
        if self.query("#status"):  # none if the screen was left meanwhile
            if not self.query_one(Facets).display and self.focused is not self.query_one(FilterInput):
                self.set_focus(self._table)  # the pane had the focus when it was hidden
            self.show_status()
            self.show_pane()
            self.on_snapshot(self.session.last_snapshot)

    def show_strip(self, snapshot: QueueSnapshot) -> None:
        """Show the queue in a few lines, with a box around its jobs if there is room."""
        strip, is_ascii = self.query_one("#strip", Lines), self.session.is_ascii
        width = self.inner_width - (2 if self.has_class("-boxed") else 0)
        lines = strip_lines(snapshot, self.view.name_of, width, STRIP_JOBS, self.keys, is_ascii=is_ascii)
        is_boxed = len(lines) > 1 and self.has_class("-boxed")
        strip.set_class(is_boxed, "-busy")
        if is_boxed:  # the edges have the totals
            strip.show_edges(*strip_edges(snapshot, self.size.width - 6, is_ascii=is_ascii))
        strip.show_whole(lines[1:] if is_boxed else lines, is_boxed=is_boxed)

    def show_pane(self) -> None:
        """Show the title under the cursor."""
        self._remember()
        pane, title = self.query_one("#pane", Lines), self.title_here()
        self._show_rule()
        head = self.head_here()
        if pane.display and pane.size.width and head is not None:
            pane.show(group_lines(self.view, head, pane.content_size.width))
            pane.show_edges(group_title(self.view, head))
            return
        whole = None if title is None or not pane.display or not pane.size.width else self.view.titles.whole(title.key)
        if whole is None:
            pane.show([])
            return
        form = PaneForm.SIDE if self.has_class("-side") else PaneForm.COLUMNS if pane.is_boxed else PaneForm.BRIEF
        copies_key = "" if self.session.is_read_only else self.keys.of("show_duplicates")
        pane.show(pane_lines(self.session, whole, *pane.content_size, form, copies_key))
        pane.show_edges(pane_title(self.session, whole))

    def title_here(self) -> ListedTitle | None:
        """Return the title under the cursor; None without rows."""
        return None if self.view.cursor_key is None else self.view.titles.at(self.view.cursor_key)

    def head_here(self) -> ListedTitle | None:
        """Return the head of a group under the cursor; None if there is none."""
        rows, cursor = self.view.rows, self._table.cursor
        return rows[cursor] if cursor < len(rows) and self.view.groups.is_head(rows[cursor]) else None

    def show_status(self) -> None:
        """Say what is marked, shown and not whole, or what is wrong with the filter."""
        self._table.show_columns(self.view.columns)
        self._table.show_empty("" if self.view.rows else empty_hint(self.view, self.session))
        self.set_class(not self.view.titles, "-empty")
        self._show_rule()
        facets = self.query_one(Facets)
        shown = self.view.totals, self.view.filter_text, facets.size.width
        if facets.display and shown != self._faceted:  # counts all titles: not for each mark
            self._faceted = shown
            hint = f"{self.keys.of('filter_pane')}: choose"
            facets.show_facets(facets_of(self.view, facets.size.width), hint, "enter: take  esc: back")

    def _show_rule(self) -> None:
        """Write into the edges of the table, or into the line below it, what is marked and shown."""
        title, head = self.title_here(), self.head_here()
        name = pane_title(self.session, title) if title is not None else group_title(self.view, head) if head else []
        if self._problem:
            shown: Line = [(self._problem, "bad")]
        elif self.session.is_loading:
            shown = [("reading the library ...", "dim")]
        else:
            room = self.inner_width if self._table.is_boxed else self.size.width - line_cells(name)
            shown = status_line(self.view, room)
        self.query_one("#status", Lines).show([rule_line(name, shown, self.size.width, is_ascii=self.session.is_ascii)])
        table = self._table
        if table.is_boxed:
            width = table.size.width - 4
            table.show_edges(edge([("Library", "normal")], places(self.session.folders), width), shown)

    def action_filter_pane(self) -> None:
        """Go to the pane of filters."""
        facets = self.query_one(Facets)
        if facets.display:
            self.set_focus(facets)
        else:
            self.say(f"The filter pane needs {_FACETS} columns. Press {self.keys.of('filter')} to type a filter.")

    def on_facets_left(self) -> None:
        """Go to the rows."""
        self.set_focus(self._table)

    def on_facets_picked(self, message: Facets.Picked) -> None:
        """Filter by the word of a count, in place of another one of its kind; once more takes it off."""
        field = self.query_one(FilterInput)
        words = field.value.split()
        kind = message.word.partition(":")[0]
        kept = [word for word in words if word.partition(":")[0] != kind]
        field.value = " ".join(kept if message.word in words else [*kept, message.word])

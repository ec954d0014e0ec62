"""The datfiles, and how many of their games the library has."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType

from discpress.engine.dats.index import ListedDat, read_lists
from discpress.engine.dats.ownership import ListCounts, count_lists
from discpress.engine.errors import DiscpressError
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.screens.base import DiscScreen
from discpress.tui.views.dats.datfiles import COLUMNS, DatfilesView
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import wrapped
from discpress.tui.widgets.table import Table


class DatfilesScreen(DiscScreen):
    """One row a list."""

    PLACE = Place.DATFILES
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.DATFILES)]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._lists = DatfilesView()
        self._queries = DiskQueries()

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        yield Lines(id="summary")
        yield Table(COLUMNS, self._lists, id="datfiles", ellipsis=self.view.signs.ellipsis)
        yield Lines(id="about")
        yield self.key_line()

    def on_mount(self) -> None:
        """Count."""
        self.query_one(Table).focus()
        self.call_after_refresh(self._show)
        self._count()

    def on_changes(self, changes: Changes) -> None:
        """Count anew."""
        self._count()

    def _count(self) -> None:
        async def count() -> None:
            try:
                # Comparing twenty thousand titles takes a second.
                lists, counts = await self._queries.ask(lambda: self.session.store.file.run(_read))
            except DiscpressError as error:  # the state file is busy or full
                self.fail(str(error))
                return
            self._lists.show(lists, counts)
            self._show()

        run_exclusive(self, count, "count")

    def _show(self) -> None:
        if not self.query(Table):
            return  # the screen was left meanwhile
        text, style = self._lists.summary()
        self.query_one("#summary", Lines).show_whole(wrapped(text, self.size.width, style))
        table = self.query_one(Table)
        table.show_rows(table.cursor)
        self.on_table_moved()

    def on_resize(self, event: events.Resize) -> None:
        """Break the lines anew."""
        self._show()

    def on_table_moved(self) -> None:
        """Describe the list under the cursor."""
        self.show_about(self._lists.about(self.query_one(Table).cursor, self.size.width))


def _read(connection: sqlite3.Connection) -> tuple[Sequence[ListedDat], Mapping[int, ListCounts]]:
    return read_lists(connection), count_lists(connection)

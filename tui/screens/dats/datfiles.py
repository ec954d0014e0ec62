"""The datfiles, and how many of their games the library has."""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import BindingType

from discpress.engine.dats.index import ListedDat, read_lists
from discpress.engine.dats.ownership import ListCounts, count_lists
from discpress.engine.errors import DiscpressError
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.screens.base import TableScreen
from discpress.tui.views.dats.datfiles import COLUMNS, DatfilesView
from discpress.tui.widgets.palette import Line, wrapped
from discpress.tui.widgets.table import Table


class DatfilesScreen(TableScreen):
    """One row a list."""

    PLACE = Place.DATFILES
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.DATFILES)]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._lists = DatfilesView()
        self._queries = DiskQueries()

    def new_table(self) -> Table:
        """Return the table."""
        return Table(COLUMNS, self._lists, id="datfiles", ellipsis=self.view.signs.ellipsis)

    def on_mount(self) -> None:
        """Count."""
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
            self.show_all()

        run_exclusive(self, count, "count")

    def lines_above(self, width: int) -> Sequence[Line]:
        """Return the totals of the lists."""
        text, style = self._lists.summary()
        return wrapped(text, width, style)

    def lines_below(self, cursor: int, width: int) -> Sequence[Line]:
        """Describe a list."""
        return self._lists.about(cursor, width)


def _read(connection: sqlite3.Connection) -> tuple[Sequence[ListedDat], Mapping[int, ListCounts]]:
    return read_lists(connection), count_lists(connection)

"""The commands that group, fold and unfold the rows of the library."""

import asyncio
from functools import partial

from discpress.engine.library.groups import Grouping
from discpress.engine.library.listed import ListedTitle
from discpress.tui.app.disk_queries import run_exclusive
from discpress.tui.messages import OpenDetails
from discpress.tui.screens.base import Value
from discpress.tui.screens.marking import Marking

_GROUPINGS = {
    Grouping.NONE: "no groups",
    Grouping.FOLDER: "by folder",
    Grouping.SYSTEM: "by system",
}


class Folding(Marking):
    """The part of the library's screen for rows that stand for several titles."""

    def title_row(self) -> ListedTitle | None:
        """Return the title under the cursor; None if there is none, and say why."""
        if not self.has_rows():
            return None
        row = self.view.rows[self._table.cursor]
        if self.view.groups.is_head(row):
            self.say("This row is a group. Move the cursor to one of its titles.")
            return None
        return row

    def action_show_details(self) -> None:
        """Show everything known of the title; fold or unfold a group."""
        if not self.has_rows():
            return
        row = self.view.rows[self._table.cursor]
        if not self.view.groups.is_head(row):
            self.post_message(OpenDetails(row.path))
        elif self.view.groups.is_folded(row):
            self.action_unfold()
        else:
            self.action_fold()

    def action_unfold(self) -> None:
        """Show each disc of the game under the cursor, or each title of the group."""
        if not self.has_rows():
            return
        if self.view.unfold(self._table.cursor):
            self.show_rows()
        else:
            is_head = self.view.groups.is_head(self.view.rows[self._table.cursor])
            self.say("All titles of this group are shown." if is_head else "This row stands for one image.")

    def action_fold(self) -> None:
        """Show the discs of the game under the cursor as one row, otherwise its group."""
        if not self.has_rows():
            return
        path = self.view.fold(self._table.cursor)
        if path is None:
            self.say("There is nothing to fold here.")
            return
        self.view.cursor_key = path
        self.show_rows()

    def action_group(self) -> None:
        """Choose how the titles are grouped."""
        if self.has_rows():
            self.pick("Group the library?", list(_GROUPINGS), _GROUPINGS.__getitem__, self.view.grouping, self.group_by)

    def group_by(self, grouping: Grouping) -> None:
        """Group by a fact; a cursor at the top stays there, any other one stays on its title."""
        if not self._table.cursor:
            self.view.cursor_key = None
        self.view.grouping = grouping
        self._refresh_order()

    def _refresh_order(self) -> None:
        view = self.view
        if not view.is_large:
            super()._refresh_order()
            return

        async def order() -> None:
            """Make the order of many titles in a thread, and show it: the screen goes on meanwhile."""
            before: object = None
            while before is not view.in_order:  # a scan may have changed them meanwhile
                before = view.in_order
                made = await asyncio.to_thread(view.order)
            view.show_order(made)
            self.show_rows()

        run_exclusive(self, order, "order")

    def values(self) -> list[Value]:
        """Return the ways to group as well."""
        names = {Grouping.NONE: "No groups", Grouping.FOLDER: "Group by folder", Grouping.SYSTEM: "Group by system"}
        return [*(Value(name, "", partial(self.group_by, each)) for each, name in names.items()), *super().values()]

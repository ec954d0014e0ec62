"""The choice of a folder: an input, what is wrong with it, and a list of the folders that the text begins."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from discpress.engine.names import display_name
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.dialogs.own_screen import OwnScreen, ResultT
from discpress.tui.widgets.folder_input import FolderInput, folders_at
from discpress.tui.widgets.table import Column, Table

_COLUMNS = (Column("folder", "FOLDERS", 20, flexible=True),)
FOLDER_KEYS = "Tab completes the name. Down picks a folder of the list."


class ChoosingFolder(OwnScreen[ResultT]):
    """The part of a screen that asks for a folder; the rest says which one is refused, and takes the other ones."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
    ]

    def problem_of(self, folder: Path, name: str) -> str:
        """Return why a folder is not taken, empty if it is; asks the disk, so a thread calls it."""
        raise NotImplementedError

    def take(self, folder: Path) -> None:
        """Go on with a folder."""
        raise NotImplementedError

    def compose_folder(self, typed: str, ellipsis: str) -> ComposeResult:
        """Lay out the input with a text in it, and the list."""
        self._queries, self._lists = DiskQueries(), DiskQueries()
        self._rows = _Folders()
        yield FolderInput(typed, id="folder")
        yield Static("", markup=False, id="problem")
        yield Table(_COLUMNS, self._rows, id="folders", ellipsis=ellipsis)

    def on_mount(self) -> None:
        """Let the user type; called besides the method of this name of a subclass."""
        self.query_one(FolderInput).focus()
        self._list()

    def on_input_changed(self) -> None:
        """List the folders that the text begins."""
        self.query_one(FolderInput).offered = ""
        self._list()

    def _list(self) -> None:
        typed = self.query_one(FolderInput).value

        async def find() -> None:
            offered = await self._lists.ask(partial(folders_at, typed))
            if not self.is_attached or not self.query(Table):
                return  # it was left meanwhile
            if self.query_one(FolderInput).value == typed:
                self._rows.offered = offered
                self.query_one(Table).show_empty("No further folder begins like that.")
                self.query_one(Table).show_rows(0)

        run_exclusive(self, find, "list")

    def on_table_moved(self) -> None:
        """Show the cursor once a folder is picked: before that, Enter takes what is typed."""
        table = self.query_one(Table)
        table.has_cursor = bool(self.query_one(FolderInput).offered) or table.cursor > 0
        table.refresh_row(table.cursor)

    def action_step(self, count: int) -> None:
        """Pick the next folder of the list; the first step picks the first one."""
        field, table = self.query_one(FolderInput), self.query_one(Table)
        if self._rows.offered:
            table.move_to(table.cursor + count if field.offered else table.cursor)
            field.offered = self._rows.offered[table.cursor]
            self.on_table_moved()

    async def on_table_chosen(self) -> None:
        """Take the folder that was clicked twice."""
        field = self.query_one(FolderInput)
        field.offered = self._rows.offered[self.query_one(Table).cursor]
        await field.action_submit()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the folder, if it is one."""
        event.stop()
        field = self.query_one(FolderInput)
        run_exclusive(self, partial(self._submit, field.folder, display_name(field.value.strip())), "submit")

    async def _submit(self, folder: Path | None, name: str) -> None:
        problem = "Type the name of a folder."
        if folder is not None:
            try:
                problem = await self._queries.ask_with_timeout(partial(self.problem_of, folder, name))
            except TimeoutError:
                problem = f"{name}: its disk does not answer"
        if folder is not None and not problem:
            self.take(folder)
            return
        for said in self.query("#problem").results(Static):  # none if the screen was left meanwhile
            said.update(problem)


class _Folders:
    """The folders that what is typed begins, as a table."""

    def __init__(self) -> None:
        self.offered: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.offered)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        return [self.offered[index]]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        return "normal"

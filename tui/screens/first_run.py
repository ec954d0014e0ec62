"""The first start: one input for the folder of the games, and a choice of what plays them."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from discpress.engine.names import display_name
from discpress.engine.system.files import folder_problem
from discpress.engine.systems import System
from discpress.engine.targets import AUTO
from discpress.engine.targets.by_system import of_one
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.app.session import Session
from discpress.tui.commands import Place
from discpress.tui.dialogs.pick import PickTarget
from discpress.tui.messages import OpenFolders, SaveSettings
from discpress.tui.screens.base import DiscScreen
from discpress.tui.widgets.folder_input import FolderInput, expanded, folders_at
from discpress.tui.widgets.footer import KeyLine
from discpress.tui.widgets.table import Column, Table

_ASKED = (System.PS2, System.PSP)
"""The systems whose players are asked for: those with more than one."""
_COLUMNS = (Column("folder", "FOLDERS", 20, flexible=True),)
_WELCOME = """\
discpress

It shows what every disc image in your folders would save as ZSO or CSO,
and converts the ones you choose, with proof, in the background.

Where are your games? Type a folder; Tab completes it, Enter opens it.
Down picks one of the folders below, and Enter or Tab takes it.
"""


class FirstRun(DiscScreen):
    """Asks for one folder and what plays the games, keeps both in the settings, and opens the folder."""

    PLACE = Place.FIRST_RUN
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.quit_anywhere", show=False),
        Binding("down", "step(1)", show=False, priority=True),
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("ctrl+c", "app.quit_anywhere", show=False, priority=True),  # the input would copy by it
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._queries, self._lists = DiskQueries(), DiskQueries()
        self._rows = _Folders()

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        yield Static(_WELCOME, markup=False, id="welcome")
        yield FolderInput("~/", id="folder")
        yield Static("", markup=False, id="problem")
        yield Table(_COLUMNS, self._rows, id="folders", ellipsis=self.view.signs.ellipsis)
        key = self.keys.of("plan")
        until = f" until you press {key} and confirm" if key else ""
        promise = f"Nothing is changed{until}. Escape leaves."
        yield Static(promise, markup=False, id="promise")
        yield KeyLine((), {})

    def on_mount(self) -> None:
        """Let the user type."""
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
                self.query_one(Table).show_rows(0)

        run_exclusive(self, find, "list")

    def action_step(self, count: int) -> None:
        """Pick the next folder of the list; the first step picks the first one."""
        field, table = self.query_one(FolderInput), self.query_one(Table)
        if self._rows.offered:
            table.move_to(table.cursor + count if field.offered else table.cursor)
            field.offered = self._rows.offered[table.cursor]

    async def on_table_chosen(self) -> None:
        """Take the folder that was clicked twice."""
        field = self.query_one(FolderInput)
        field.offered = self._rows.offered[self.query_one(Table).cursor]
        await field.action_submit()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the folder, if it is one."""
        event.stop()
        field = self.query_one(FolderInput)
        run_exclusive(self, partial(self._open, field.folder, display_name(field.value.strip())), "open")

    async def _open(self, folder: Path | None, name: str) -> None:
        problem = "Type the name of a folder."
        if folder is not None:
            try:
                problem = await self._queries.ask_with_timeout(partial(_problem_of, folder, name))
            except TimeoutError:
                problem = f"{name}: its disk does not answer"
        if problem or folder is None:
            for said in self.query("#problem").results(Static):  # none if the screen was left meanwhile
                said.update(problem)
            return
        is_asked = not self.session.config.targets and not self.session.is_read_only
        self._ask_for_players(folder, _ASKED if is_asked else (), {})

    def _ask_for_players(self, folder: Path, systems: Sequence[System], targets: Mapping[str, str]) -> None:
        """Ask what plays the discs of each of these systems, then keep the answers and open the folder."""
        if not systems:
            if targets:
                self.post_message(SaveSettings({"targets": dict(targets)}))
            self.dismiss()
            self.post_message(OpenFolders([folder]))
            return
        system, *others = systems

        def answer(name: str | None) -> None:
            meant = of_one(name or AUTO)
            # A target of any system is only asked for this one.
            chosen = meant if not meant or system in meant else {system.value: name or AUTO}
            self._ask_for_players(folder, others, {**targets, **chosen})

        question = f"What plays your games? {system.label}:"
        self.app.push_screen(PickTarget(self.view, system, AUTO, question=question), answer)


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


def _problem_of(folder: Path, name: str) -> str:
    """Return why a folder is not opened; empty if it is."""
    problem = folder_problem(folder)
    if problem:
        return f"{name}: {problem}"
    if os.path.realpath(folder) == os.path.realpath(expanded("~")):
        return "This is your whole home folder: name the folder in it that holds your games."
    return ""

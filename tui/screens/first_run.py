"""The first start: one input for the folder of the games."""

import os
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from discpress.engine.names import display_name
from discpress.engine.system.files import folder_problem
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.commands import Place
from discpress.tui.messages import OpenFolders
from discpress.tui.screens.base import DiscScreen
from discpress.tui.widgets.folder_input import FolderInput, expanded

_WELCOME = """\
discpress

It shows what every disc image in your folders would save as ZSO or CSO,
and converts the ones you choose, with proof, in the background.

Where are your games? Type a folder; Tab completes it, Enter opens it.
"""


class FirstRun(DiscScreen):
    """Asks for one folder, keeps it in the settings, and opens it."""

    PLACE = Place.FIRST_RUN
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.quit_anywhere", show=False),
        Binding("ctrl+c", "app.quit_anywhere", show=False, priority=True),  # the input would copy by it
    ]

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        yield Static(_WELCOME, markup=False, id="welcome")
        yield FolderInput("~/", id="folder")
        yield Static("", markup=False, id="problem")
        key = self.keys.of("plan")
        until = f" until you press {key} and confirm" if key else ""
        promise = f"Nothing is changed{until}. Escape leaves."
        yield Static(promise, markup=False, id="promise")

    def on_mount(self) -> None:
        """Let the user type."""
        self._queries = DiskQueries()
        self.query_one(FolderInput).focus()

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
        self.dismiss()
        self.post_message(OpenFolders([folder]))


def _problem_of(folder: Path, name: str) -> str:
    """Return why a folder is not opened; empty if it is."""
    problem = folder_problem(folder)
    if problem:
        return f"{name}: {problem}"
    if os.path.realpath(folder) == os.path.realpath(expanded("~")):
        return "This is your whole home folder: name the folder in it that holds your games."
    return ""

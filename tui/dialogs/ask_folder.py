"""A question for one folder."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from discpress.engine.names import display_name
from discpress.engine.system.files import NO_FOLDER, folder_problem
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.dialogs.own_screen import OwnScreen
from discpress.tui.widgets.folder_input import FolderInput


class AskFolder(OwnScreen[Path | None], ModalScreen[Path | None]):
    """Its result is an existing folder; None when the question was left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, question: Sequence[str], folder: Path | None) -> None:
        """`folder` is what stands there at first."""
        super().__init__()
        self._question = question
        self._folder = folder
        self._queries = DiskQueries()

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(id="box"):
            yield Static("\n".join(self._question), markup=False, id="question")
            yield FolderInput(_typed(self._folder), id="folder")
            yield Static("", markup=False, id="problem")

    def on_mount(self) -> None:
        """Let the user type."""
        self.query_one(FolderInput).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, if that is a folder."""
        event.stop()
        field = self.query_one(FolderInput)
        run_exclusive(self, partial(self._answer, field.folder, display_name(field.value.strip())), "answer")

    async def _answer(self, folder: Path | None, name: str) -> None:
        problem = f"{name}: {NO_FOLDER}" if name else "name a folder"
        try:
            if folder is not None:
                why = await self._queries.ask_with_timeout(partial(folder_problem, folder))
                if not why:
                    self.dismiss(folder)
                    return
                problem = f"{name}: {why}"
        except TimeoutError:
            problem = f"{name}: its disk does not answer"
        for said in self.query("#problem").results(Static):  # none if the question was left meanwhile
            said.update(problem)

    def action_leave(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)


def _typed(folder: Path | None) -> str:
    """Return what stands in the input; a name that cannot be shown as it is cannot be typed either."""
    text = "" if folder is None else f"{folder}/"
    return text if display_name(text) == text else ""

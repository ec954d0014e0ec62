"""A question for one folder."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from discpress.engine.names import display_name
from discpress.engine.system.files import folder_problem
from discpress.tui.dialogs.choosing_folder import FOLDER_KEYS, ChoosingFolder


class AskFolder(ChoosingFolder[Path | None], ModalScreen[Path | None]):
    """Its result is an existing folder; None when the question was left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, question: str, folder: Path | None, ellipsis: str) -> None:
        """`folder` is what stands there at first, None for the home folder."""
        super().__init__()
        self._question = question
        self._folder = folder
        self._ellipsis = ellipsis

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(id="box"):
            question = f"{self._question}  (enter takes, escape leaves)\n{FOLDER_KEYS}"
            yield Static(question, markup=False, id="question")
            yield from self.compose_folder(_typed(self._folder), self._ellipsis)

    def problem_of(self, folder: Path, name: str) -> str:
        """Return why a folder cannot be used."""
        problem = folder_problem(folder)
        return f"{name}: {problem}" if problem else ""

    def take(self, folder: Path) -> None:
        """Answer."""
        self.dismiss(folder)

    def action_leave(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)


def _typed(folder: Path | None) -> str:
    """Return what stands in the input; a name that cannot be shown as it is cannot be typed either."""
    text = "~/" if folder is None else f"{folder}/"
    return text if display_name(text) == text else ""

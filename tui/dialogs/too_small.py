"""The one line of a terminal that is too small for the library."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static


class TooSmall(ModalScreen[None]):
    """Says what size is needed; everything below it stays as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q,ctrl+c", "app.quit_anywhere", show=False)]

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._text = f"needs {width}x{height} or more"

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        yield Static(self._text, markup=False)

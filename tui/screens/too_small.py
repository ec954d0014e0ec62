"""The one line of a terminal that is too small for the library."""

from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import Static


class TooSmall(ModalScreen[None]):
    """Says what size is needed; everything below it stays as it is."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self._text = f"needs {width}x{height} or more"

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        yield Static(self._text, markup=False)

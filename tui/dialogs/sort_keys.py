"""The letters of the columns, in place of the keys, until one of them is pressed."""

from collections.abc import Mapping
from string import ascii_lowercase
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from discpress.tui.dialogs.own_screen import OwnScreen
from discpress.tui.widgets.lines import Lines

SORT_LETTERS: Mapping[str, tuple[str, str]] = {
    "title": ("t", "title"),
    "name": ("t", "file"),
    "system": ("y", "system"),
    "format": ("f", "format"),
    "size": ("z", "size"),
    "estimate": ("e", "estimate"),
    "saving": ("s", "saving"),
    "block": ("b", "block size"),
    "state": ("a", "state"),
    "serial": ("i", "serial"),
    "region": ("r", "region"),
    "path": ("p", "path"),
    "when": ("d", "date"),
    "reason": ("r", "reason"),
}
"""The letter that sorts by a column, and the column's name for people."""


class SortKeys(OwnScreen[str | None], ModalScreen[str | None]):
    """Its result is the letter; None when the question was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        *(Binding(letter, f"take('{letter}')", show=False) for letter in ascii_lowercase),
    ]

    def __init__(self, letters: Mapping[str, tuple[str, str]], present: str) -> None:
        """`letters` are a letter and a name by column, `present` the column that is sorted by."""
        super().__init__()
        self._letters = letters
        self._present = present

    def compose(self) -> ComposeResult:
        """Lay out the letters."""
        yield Lines(id="letters")

    def on_mount(self) -> None:
        """Show the letters."""
        self._show()

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._show()

    def _show(self) -> None:
        lines, used, width = [[("sort by", "accent")]], len("sort by"), max(20, self.app.size.width)
        for key, (letter, name) in self._letters.items():
            cells = cell_len(f"  {letter} {name}")
            if used + cells > width:
                lines.append([])
                used = 0
            style = "mark" if key == self._present else "dim"
            lines[-1] += [("  ", "normal"), (letter, "accent"), (f" {name}", style)]
            used += cells
        block = self.query_one("#letters", Lines)
        block.styles.height = len(lines)
        block.show(lines)

    def on_click(self) -> None:
        """Leave the order as it is."""
        self.dismiss(None)

    def action_take(self, letter: str) -> None:
        """Answer with a letter."""
        self.dismiss(letter)

    def action_leave(self) -> None:
        """Leave the order as it is."""
        self.dismiss(None)

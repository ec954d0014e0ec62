"""A question with verbs on its buttons; the focus is on the first, the safe one."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from discpress.tui.screens.base import OwnScreen

ASKING = "-asking"
"""The app has this class while it asks: its messages wait."""


class Confirm(OwnScreen[str | None], ModalScreen[str | None]):
    """Asks; its result is the name of the button, None for escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", show=False),
        Binding("right,l,j,down", "app.focus_next", show=False),
        Binding("left,h,k,up", "app.focus_previous", show=False),
    ]

    def __init__(self, lines: Sequence[str], buttons: Sequence[tuple[str, str]]) -> None:
        """`buttons` are names and their verbs, the safe one first; the lines are safe to show."""
        super().__init__()
        self._lines = lines
        self._buttons = buttons

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(id="box"):
            yield Static("\n".join(self._lines), markup=False, id="question")
            with Horizontal(id="buttons"):
                for name, label in self._buttons:
                    yield Button(label, id=name, compact=True)

    def on_mount(self) -> None:
        """Put the focus on the safe button; no message lies over the question."""
        self.app.add_class(ASKING)
        self.query_one(f"#{self._buttons[0][0]}", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer with the button's name."""
        self.dismiss(event.button.id)

    def action_answer(self, name: str) -> None:
        """Answer without a button."""
        self.dismiss(name or None)

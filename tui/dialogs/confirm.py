"""A question with verbs on its buttons; the focus is on the first, the safe one."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from discpress.tui.dialogs.own_screen import OwnScreen


class Confirm(OwnScreen[str | None], ModalScreen[str | None]):
    """Asks; its result is the name of the button, None for escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", show=False),
        Binding("right,j,down", "app.focus_next", show=False),
        Binding("left,k,up", "app.focus_previous", show=False),
        Binding("x", "answer_last", show=False, id="purge"),  # the user's key for it, if there is another
    ]

    def __init__(self, lines: Sequence[str], buttons: Sequence[tuple[str, str]], *, has_key: bool = False) -> None:
        """`buttons` are names and their verbs, the safe one first; the lines are safe to show.

        With `has_key` the key that removes answers with the last button; it must not be the key that asked, which may
        repeat.
        """
        super().__init__()
        self._has_key = has_key
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
        """Put the focus on the safe button."""
        self.query_one(f"#{self._buttons[0][0]}", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer with the button's name."""
        self.dismiss(event.button.id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out the key of the last button if it has none."""
        return super().check_action(action, parameters) and (action != "answer_last" or self._has_key)

    def action_answer_last(self) -> None:
        """Answer with the last button."""
        self.dismiss(self._buttons[-1][0])

    def action_answer(self, name: str) -> None:
        """Answer without a button."""
        self.dismiss(name or None)

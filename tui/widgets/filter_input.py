"""The line that a filter is typed into."""

from textual import events
from textual.message import Message

from discpress.tui.widgets.plain_input import PlainInput


class FilterInput(PlainInput):
    """Its cursor does not blink; the arrows leave it for the table, escape takes the filter off."""

    class Left(Message):
        """The user wants to go on with the rows."""

    class Cleared(Message):
        """The user wants no filter."""

    def __init__(self, placeholder: str, *, id: str, value: str = "") -> None:
        super().__init__(value, placeholder=placeholder, id=id)

    def on_key(self, event: events.Key) -> None:
        """Take the keys that leave the line."""
        if event.key in {"down", "up"}:
            event.stop()
            self.post_message(self.Left())
        elif event.key == "escape":
            event.stop()
            self.post_message(self.Cleared())

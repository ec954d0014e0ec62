"""The last line of a screen: the keys that are valid here, as many as fit."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from discpress.tui.commands import Command, key_label
from discpress.tui.widgets.palette import Painted

_GAP = 2
_ALWAYS = {"help", "back", "quit"}
"""The way out, and what tells the rest: other keys go first."""


class KeyLine(Painted):
    """Keys and their words; a click runs the command."""

    class Clicked(Message):
        """A command was clicked."""

        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    def __init__(self, commands: Sequence[Command], keys: Mapping[str, str]) -> None:
        super().__init__()
        self._entries = [(command, key_label(command, keys)) for command in commands if command.in_footer]

    def _laid_out(self) -> list[tuple[Command, str, int]]:
        """Return what has room: command, key, first cell."""
        width = self.size.width
        widths = {command.name: cell_len(key) + cell_len(command.label) + 1 + _GAP for command, key in self._entries}
        entries = list(self._entries)
        # The gap behind the last one may be cut.
        while entries and sum(widths[command.name] for command, _ in entries) - _GAP > width:
            last = max((i for i, (command, _) in enumerate(entries) if command.name not in _ALWAYS), default=None)
            if last is None:
                break
            del entries[last]
        placed, at = [], 0
        for command, key in entries:
            placed.append((command, key, at))
            at += widths[command.name]
        return placed

    def render_line(self, y: int) -> Strip:
        """Paint the keys."""
        pieces = []
        for command, key, _ in self._laid_out():
            pieces += [(key, "accent"), (f" {command.label}  ", "dim")]
        return self.strip_of(pieces, self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Say which command was clicked."""
        under = [command for command, _, at in self._laid_out() if at <= event.x]
        if under:
            self.post_message(self.Clicked(under[-1]))

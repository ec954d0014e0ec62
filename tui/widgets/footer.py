"""The foot of a screen: a line for messages, and below it the keys that are valid here, as many as fit."""

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from discpress.tui.commands import Command, key_label
from discpress.tui.widgets.palette import Line, Painted, fit, wrapped

_GAP = 2
_MOST_MESSAGE_LINES = 4
_ALWAYS = {"help", "back", "quit"}
"""The way out, and what tells the rest: other keys go first."""
_IF_WIDE = {"mark_all", "sort", "bench", "show_trash", "show_settings", "pause_all", "move_up", "move_down"}
"""The commands that come after those of the footer, if there is room."""


class KeyLine(Painted):
    """The message of the moment, then keys and their words; a click runs the command."""

    class Clicked(Message):
        """A command was clicked."""

        def __init__(self, command: Command) -> None:
            super().__init__()
            self.command = command

    def __init__(self, commands: Sequence[Command], keys: Mapping[str, str]) -> None:
        super().__init__()
        shown = [command for command in commands if command.in_footer or command.name in _IF_WIDE]
        shown.sort(key=lambda command: (command.name in _ALWAYS, not command.in_footer))
        self._entries = [(command, key_label(command, keys)) for command in shown]
        self._message = ""
        self._style = "normal"
        self.styles.height = 2

    @property
    def message(self) -> str:
        """The text of the line above the keys; empty at rest."""
        return self._message

    def show_message(self, text: str, style: str = "normal") -> None:
        """Show a text above the keys, over several lines if it takes them; an empty one clears the line."""
        self._message, self._style = text, style
        self._follow_width()
        self.refresh()

    def on_resize(self) -> None:
        """Break the message anew."""
        self._follow_width()

    def _follow_width(self) -> None:
        height = len(self._message_lines()) + 1
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height

    def _message_lines(self) -> list[Line]:
        width = self.size.width
        if not width:
            return [[]]  # not laid out yet
        lines = wrapped(self._message, width, self._style) or [[("", "normal")]]
        if len(lines) > _MOST_MESSAGE_LINES:
            rest = " ".join(text for line in lines[_MOST_MESSAGE_LINES - 1 :] for text, _ in line)
            ellipsis = "~" if getattr(self.app, "is_ascii", False) else "…"
            lines = [*lines[: _MOST_MESSAGE_LINES - 1], [(fit(rest, width, ellipsis=ellipsis), self._style)]]
        return lines

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
        """Paint the message or the keys."""
        lines = self._message_lines()
        if y < len(lines):
            return self.strip_of(lines[y], self.size.width)
        pieces = []
        for command, key, _ in self._laid_out():
            pieces += [(key, "accent"), (f" {command.label}  ", "dim")]
        return self.strip_of(pieces, self.size.width)

    def on_click(self, event: events.Click) -> None:
        """Say which command was clicked."""
        if event.y < self.size.height - 1:
            return
        under = [command for command, _, at in self._laid_out() if at <= event.x]
        if under:
            self.post_message(self.Clicked(under[-1]))

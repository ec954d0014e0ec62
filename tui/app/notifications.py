"""Messages: one at a time, in the line above the keys, until the next key."""

from collections import deque

from textual.app import App
from textual.screen import ModalScreen

from discpress.engine.names import display_name
from discpress.tui.messages import Notice
from discpress.tui.widgets.footer import KeyLine

_MOST_KEPT = 100


class Notifier:
    """Shows the last message in the line above the keys, once the screen in front has one."""

    def __init__(self, app: App[int]) -> None:
        self.shown: deque[Notice] = deque(maxlen=_MOST_KEPT)
        """The messages since the start, oldest first."""
        self._app = app
        self._pending: Notice | None = None
        self._line: KeyLine | None = None

    def notify(self, text: str, *, is_error: bool = False) -> None:
        """Show a text that the screen does not contain, in place of the message before."""
        self._pending = Notice(display_name(text), is_error)
        self._app.call_later(self._show_pending)

    def clear(self) -> None:
        """Take the message off, as the user goes on; one that was not shown yet is still to come."""
        if self._line is not None:
            self._line.show_message("")
            self._line = None

    def on_screen_left(self) -> None:
        """Show what had no place on the screen that was left."""
        self._app.call_later(self._show_pending)

    def _show_pending(self) -> None:
        if self._pending is None or isinstance(self._app.screen, ModalScreen):
            return  # a question has no line for it: it is shown when that has its answer
        for line in self._app.screen.query(KeyLine).results():
            self.clear()
            notice, self._pending = self._pending, None
            self.shown.append(notice)
            self._line = line
            line.show_message(notice.text, "bad" if notice.is_error else "accent")
            break

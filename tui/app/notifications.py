"""Notifications: one at a time, and none over a question."""

from textual.app import App

from discpress.engine.names import display_name
from discpress.tui.screens.ask_folder import AskFolder
from discpress.tui.screens.confirm import ASKING, Confirm
from discpress.tui.widgets.table import Table


class Notifier:
    """Shows the last notification, once the screen in front has room for it."""

    def __init__(self, app: App[int]) -> None:
        self._app = app
        self._pending: tuple[str, bool] | None = None

    def notify(self, text: str, *, is_error: bool = False) -> None:
        """Show a text that the screen does not contain, in place of the notification before."""
        self._pending = (display_name(text), is_error)
        self._app.call_later(self._show_pending)

    def on_screen_left(self) -> None:
        """Show what had no room on the screen that was left."""
        if not self._is_asking():
            self._app.remove_class(ASKING)
        self._app.call_later(self._show_pending)

    def _show_pending(self) -> None:
        if self._pending is None or self._is_asking():
            return  # it would lie over the question: it is shown when that has its answer
        (text, is_error), self._pending = self._pending, None
        self._app.clear_notifications()
        self._lift()
        self._app.notify(text, severity="error" if is_error else "information", markup=False)

    def _lift(self) -> None:
        """Keep the lines below a table free: they are about the row under the cursor, or about the queue."""
        screen = self._app.screen
        tables = screen.query(Table)
        below = screen.size.height - tables.first().region.bottom if tables else 1
        for rack in screen.query("ToastRack"):
            rack.styles.margin = (0, 0, max(1, below), 0)

    def _is_asking(self) -> bool:
        return isinstance(self._app.screen, Confirm | AskFolder)

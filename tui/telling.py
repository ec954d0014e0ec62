"""What the app says beside its screens: one message at a time, and none over a question."""

from textual.app import App
from textual.await_complete import AwaitComplete

from engine.names import display_name
from tui.screens.ask_folder import AskFolder
from tui.screens.confirm import ASKING, Confirm


class Telling(App[int]):
    """The part of the app that has the last word to the user."""

    _message: tuple[str, bool] | None = None
    """What is to be said as soon as there is room for it, and whether it is an error."""

    def tell(self, message: str, *, is_error: bool = False) -> None:
        """Say what cannot be seen on the screen, in the place of what was said before."""
        self._message = (display_name(message), is_error)
        self.call_later(self._show_message)

    def _show_message(self) -> None:
        if self._message is None or isinstance(self.screen, Confirm | AskFolder):
            return  # it would lie over the question: it is said when that has its answer
        (text, is_error), self._message = self._message, None
        self.clear_notifications()
        self.notify(text, severity="error" if is_error else "information", markup=False)

    def pop_screen(self) -> AwaitComplete:
        """Leave a screen, and say what it had no room for."""
        popped = super().pop_screen()
        if not isinstance(self.screen, Confirm | AskFolder):
            self.remove_class(ASKING)
        self.call_later(self._show_message)
        return popped

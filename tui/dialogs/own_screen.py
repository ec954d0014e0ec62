"""Base of all screens and questions: none is found half laid out by a key, or left already."""

import asyncio
from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import Screen

ResultT = TypeVar("ResultT")


class OwnScreen(Screen[ResultT]):
    """A screen for keys that come in bursts, as on a slow line: none finds it half laid out, or left already."""

    # Textual leaves the app's own keys out over a question.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+l", "app.redraw", show=False, id="redraw")]

    def __init__(self) -> None:
        super().__init__()
        self.is_ready = asyncio.Event()
        """Set once it has been laid out, or was left before."""

    def on_mount(self) -> None:
        """Take keys; called besides, and after, the method of this name of a subclass."""
        self.is_ready.set()

    def on_unmount(self) -> None:
        """Hold up no key that waits."""
        self.is_ready.set()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave out what finds the screen taken down."""
        return bool(self.children)

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Leave the screen if it is in front; otherwise another one would be left."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()

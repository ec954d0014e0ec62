"""Keys and pastes one after the other: none is handled before all that the one before it does."""

from collections import deque
from collections.abc import Awaitable, Callable

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump
from textual.timer import Timer

LOST_S = 1.0
"""How long the next key waits for a widget that was taken down with the key before in its queue."""


class InputHandled(Message):
    """Follows a key on its way from the widget to the app: where it is, the key has been."""

    def __init__(self, number: int, *, is_last: bool) -> None:
        super().__init__()
        self.number = number
        self.is_last = is_last


class InputOrder:
    """Hands on one key or paste at a time.

    A slow line brings several in one packet. Textual gives them all to the widget that has the focus at that moment,
    so that a key behind `/` or Enter would be a key of the wrong widget.
    """

    def __init__(self, app: App[int], handle: Callable[[events.Event], Awaitable[None]]) -> None:
        """Give each event to `handle`, which passes it to the widget with the focus."""
        self._app = app
        self._handle = handle
        self._waiting: deque[events.Event] = deque()
        self._target: MessagePump | None = None
        self._number = 0
        self._patience: Timer | None = None

    async def take(self, event: events.Event) -> None:
        """Hand an event on at once, or after those before it."""
        self._waiting.append(event)
        if self._target is None:
            await self._hand_on()
        elif self._patience is None:
            self._patience = self._app.set_timer(LOST_S, self._hand_on)

    async def follow(self, message: InputHandled) -> None:
        """Go on when a message has followed an event to the app, and a second one what that made widgets post."""
        if self._target is None or message.number != self._number:
            return
        if message.is_last or not self._send_behind(is_last=True):
            await self._hand_on()

    async def _hand_on(self) -> None:
        if self._patience is not None:
            self._patience.stop()
            self._patience = None
        self._target = None
        while self._waiting and self._target is None:
            self._number += 1
            self._target = self._app.focused or self._app.screen
            await self._handle(self._waiting.popleft())
            if not self._send_behind(is_last=False):
                self._target = None
        if self._waiting:
            self._patience = self._app.set_timer(LOST_S, self._hand_on)

    def _send_behind(self, *, is_last: bool) -> bool:
        return self._target is not None and self._target.post_message(InputHandled(self._number, is_last=is_last))


class OrderedApp(App[int]):
    """An app that handles keys and pastes one after the other."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._input_order = InputOrder(self, self.handle_input)

    async def on_event(self, event: events.Event) -> None:
        """Put a key or a paste of the terminal in order; everything else is handled at once."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._input_order.take(event)
        else:
            await super().on_event(event)

    async def handle_input(self, event: events.Event) -> None:
        """Handle a key or a paste; the one before it is through."""
        await super().on_event(event)

    async def on_input_handled(self, message: InputHandled) -> None:
        """Handle the next key, if there is one."""
        await self._input_order.follow(message)

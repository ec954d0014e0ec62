"""Keys are handed on one by one, also by a widget that never tells that it has handled one."""

import pytest
from textual import events
from textual.app import ComposeResult
from textual.widget import Widget

from discpress.tui.app import input_order
from discpress.tui.app.input_order import InputHandled, OrderedApp


class Silent(Widget, can_focus=True):
    """Keeps what follows its keys, as a widget does that is taken down with messages in its queue."""

    keys = ""

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.keys += event.key

    def on_input_handled(self, message: InputHandled) -> None:
        message.stop()


class SilentApp(OrderedApp):
    """Has one silent widget, with the focus."""

    def compose(self) -> ComposeResult:
        yield Silent()


async def test_a_key_whose_end_is_never_told_keeps_the_next_ones_only_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(input_order, "LOST_S", 0.01)
    app = SilentApp()
    async with app.run_test() as pilot:
        for key in "abc":
            app.post_message(events.Key(key, key))
        while app.query_one(Silent).keys != "abc":
            await pilot.pause(0.01)

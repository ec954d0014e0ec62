"""A screen that is one long text with a head, to be scrolled: base of details, help and log."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from discpress.tui.screens.base import DiscScreen
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line

SCROLLING: list[BindingType] = [
    Binding("down,j", "scroll_text(1)", show=False),
    Binding("up,k", "scroll_text(-1)", show=False),
    Binding("pagedown,space", "scroll_page(1)", show=False),
    Binding("pageup", "scroll_page(-1)", show=False),
    Binding("home,less_than_sign", "scroll_text(-100000)", show=False),
    Binding("end,greater_than_sign", "scroll_text(100000)", show=False),
]
"""Keys of every such screen."""


class TextScreen(DiscScreen):
    """Subclasses give the lines for a width; they are asked again when the terminal is resized."""

    BINDINGS: ClassVar[list[BindingType]] = [*SCROLLING]

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        yield self.title_bar()
        yield Lines(id="text")
        yield self.key_line()

    def on_mount(self) -> None:
        """Show the text."""
        self.call_after_refresh(self.show_text)

    def on_resize(self, event: events.Resize) -> None:
        """Break the lines anew."""
        self.call_after_refresh(self.show_text)

    def text_lines(self, width: int) -> Sequence[Line]:
        """Return what to show in that many cells."""
        raise NotImplementedError

    def show_text(self) -> None:
        """Show what there is now."""
        for text in self.query("#text").results(Lines):  # none if the screen was left meanwhile
            text.show(self.text_lines(max(20, self.inner_width - 2)))

    def action_scroll_text(self, count: int) -> None:
        """Scroll by lines."""
        self.query_one("#text", Lines).scroll_lines(count)

    def action_scroll_page(self, count: int) -> None:
        """Scroll by screens."""
        text = self.query_one("#text", Lines)
        text.scroll_lines(count * max(1, text.size.height - 1))

    def on_mouse_scroll_down(self) -> None:
        """Scroll down."""
        self.action_scroll_text(3)

    def on_mouse_scroll_up(self) -> None:
        """Scroll up."""
        self.action_scroll_text(-3)

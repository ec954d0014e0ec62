"""The first line of a screen: the places with their counts, and what the library comes to."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from discpress.tui.commands import Place
from discpress.tui.widgets.palette import Line, Painted

_NAME = " discpress "
_GAP = 2
"""Least cells between the tabs and the totals."""


@dataclass(frozen=True, slots=True)
class Tab:
    """One place."""

    place: Place
    """The screen that a click opens."""
    label: str
    """Its name."""
    count: int | None = None
    """The number of its rows; None if that is not known, or it has none."""

    @property
    def text(self) -> str:
        """Its name and its count, with a space around them."""
        return f" {self.label} " if self.count is None else f" {self.label} {self.count:,} "


class TitleBar(Painted):
    """Tabs at the left, totals at the right; a click opens the place of a tab."""

    class Picked(Message):
        """A tab was clicked."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._tabs: tuple[Tab, ...] = ()
        self._current: Place | None = None
        self._totals: tuple[Line, ...] = ()

    @property
    def text(self) -> str:
        """The text of the bar, without styles."""
        return "".join(text for text, _ in self._line())

    def show(self, tabs: Sequence[Tab], current: Place | None, totals: Sequence[Line]) -> None:
        """Show the tabs, one of them as the present one; `totals` are the same words, the longest first."""
        new = (tuple(tabs), current, tuple(totals))
        if new != (self._tabs, self._current, self._totals):
            self._tabs, self._current, self._totals = new
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint the line."""
        return self.strip_of(self._line(), self.size.width, "top")

    def _line(self) -> Line:
        """Return what has room: the name of the program goes first, then the totals."""
        width = self.size.width
        tabs = [(tab.text, "tab" if tab.place is self._current else "top") for tab in self._tabs]
        named = [(_NAME, "top"), *tabs]
        for left, right in ((named, self._totals), (tabs, self._totals), (named, ()), (tabs, ())):
            for totals in (*right, ()):
                spare = width - sum(cell_len(text) for text, _ in (*left, *totals))
                if spare >= (_GAP if totals else 0) and bool(totals) == bool(right):
                    return [*left, (" " * spare, "top"), *totals]
        return tabs

    def on_click(self, event: events.Click) -> None:
        """Report the tab that was clicked."""
        at = 0
        for text, _ in self._line():
            at += cell_len(text)
            if event.x < at:
                under = [tab for tab in self._tabs if tab.text == text]
                if under:
                    self.post_message(self.Picked(under[0].place))
                return

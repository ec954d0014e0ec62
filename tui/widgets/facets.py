"""Lines with a word of the filter each, which a click or a key takes."""

from collections.abc import Sequence

from textual import events
from textual.binding import Binding
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line


class Facets(Lines):
    """The pane of filters; with the focus it has a cursor, on a line that has a word."""

    BINDINGS = [  # noqa: RUF012 - Textual declares it so
        Binding("down,j", "step(1)", show=False),
        Binding("up,k", "step(-1)", show=False),
        Binding("home,pageup,less_than_sign", "edge(0)", show=False),
        Binding("end,pagedown,greater_than_sign", "edge(-1)", show=False),
        Binding("enter,space", "pick", show=False),
        Binding("escape,tab,shift+tab,right", "leave", show=False),
    ]
    FOCUS_ON_CLICK = False  # who clicks a count goes on with the keys of the table

    class Picked(Message):
        """A line was chosen."""

        def __init__(self, word: str) -> None:
            super().__init__()
            self.word = word

    class Left(Message):
        """The user wants to go on with the rows."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id, can_focus=True)
        self._words: tuple[str, ...] = ()
        self._word = ""
        self._hints = "", ""

    def show_facets(self, facets: Sequence[tuple[Line, str]], hint: str, hint_inside: str) -> None:
        """Show lines, each with its word; a line without one cannot be chosen. The hint is another with the focus."""
        self._words = tuple(word for _, word in facets)
        self._hints = hint, hint_inside
        if not self._word or self._word not in self._words:
            self._word = next(filter(None, self._words), "")
        self.show([line for line, _ in facets])
        self._show_hint()

    def on_click(self, event: events.Click) -> None:
        """Report the word of the line that was clicked."""
        at = event.get_content_offset(self)
        place = -1 if at is None else self._top + at.y
        word = self._words[place] if 0 <= place < len(self._words) else ""
        if word:
            self.post_message(self.Picked(word))

    def action_step(self, by: int) -> None:
        """Go to another line, over those without a word."""
        chosen = [word for word in self._words if word]
        if self._word in chosen:
            self._go_to(chosen[max(0, min(chosen.index(self._word) + by, len(chosen) - 1))])

    def action_edge(self, place: int) -> None:
        """Go to the first line, 0, or to the last one, -1."""
        chosen = [word for word in self._words if word]
        if chosen:
            self._go_to(chosen[place])

    def action_pick(self) -> None:
        """Report the word under the cursor."""
        if self._word:
            self.post_message(self.Picked(self._word))

    def action_leave(self) -> None:
        """Go back to the rows."""
        self.post_message(self.Left())

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor, and the keys that lead on, or hide it."""
        super().watch_has_focus(has_focus)
        self._show_hint()
        self._refresh_cursor()

    def render_line(self, y: int) -> Strip:
        """Paint one line, that of the cursor in its style."""
        place = self._top + y
        if self.has_focus and self._word and 0 <= place < len(self._words) and self._words[place] == self._word:
            return self.strip_of([(text, "cursor") for text, _ in self._lines[place]], self.size.width, "cursor")
        return super().render_line(y)

    def _show_hint(self) -> None:
        self.show_edges([("Filter", "normal")], [(self._hints[self.has_focus], "dim")])

    def _go_to(self, word: str) -> None:
        """Move the cursor, and scroll until its line is seen."""
        self._refresh_cursor()
        self._word = word
        place, height = self._words.index(word), self.size.height
        self.scroll_lines(min(0, place - self._top) or max(0, place - self._top - height + 1))
        self._refresh_cursor()

    def _refresh_cursor(self) -> None:
        if self._word:
            self.refresh(Region(0, self._words.index(self._word) - self._top, self.size.width, 1))

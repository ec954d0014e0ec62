"""Lines with a word of the filter each, which a click takes."""

from collections.abc import Sequence

from textual import events
from textual.message import Message

from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line


class Facets(Lines):
    """The pane of filters."""

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, word: str) -> None:
            super().__init__()
            self.word = word

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._words: tuple[str, ...] = ()

    def show_facets(self, facets: Sequence[tuple[Line, str]]) -> None:
        """Show lines, each with its word; a line without one cannot be clicked."""
        self._words = tuple(word for _, word in facets)
        self.show([line for line, _ in facets])

    def on_click(self, event: events.Click) -> None:
        """Report the word of the line that was clicked."""
        at = event.get_content_offset(self)
        word = self._words[at.y] if at is not None and at.y < len(self._words) else ""
        if word:
            self.post_message(self.Picked(word))

"""Lines of text that are replaced as a whole, of which only the changed ones are sent."""

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip

from discpress.tui.widgets.palette import Line, Painted


class Lines(Painted):
    """A block of lines; more of them than fit can be scrolled with `scroll_lines`."""

    def __init__(self, *, id: str | None = None, can_focus: bool = False) -> None:
        super().__init__(id=id)
        self.can_focus = can_focus
        self._lines: tuple[tuple[tuple[str, str], ...], ...] = ()
        self._top = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    @property
    def text(self) -> list[str]:
        """What is shown, without styles."""
        return ["".join(text for text, _ in line) for line in self._lines]

    def show(self, lines: Sequence[Line]) -> None:
        """Replace the lines and repaint those that differ."""
        new = tuple(tuple(line) for line in lines)
        if new == self._lines:
            return
        old, old_top = self._lines, self._top
        self._lines = new
        self._top = max(0, min(self._top, len(new) - self.size.height))
        if self._top != old_top:
            self.refresh()
            return
        for y in range(self.size.height):
            place = self._top + y
            if _at(old, place) != _at(new, place):
                self.refresh(Region(0, y, self.size.width, 1))

    def show_whole(self, lines: Sequence[Line], least: int = 0, *, is_boxed: bool = False) -> None:
        """Replace the lines in a block as high as they are, with its box if it has one; of at least some lines."""
        height = max(least, len(lines)) + (2 if is_boxed else 0)
        if self.styles.height is None or self.styles.height.value != height:
            self.styles.height = height
        self.show(lines)

    def show_headed(self, lines: Sequence[Line]) -> None:
        """Replace the lines; if there is a box, the first one stands in its edge."""
        if self.is_boxed:
            head, *lines = lines
            self.show_edges([(head[0][0].rstrip(), "normal")])
        self.show(lines)

    def scroll_lines(self, count: int) -> None:
        """Move down by some lines, up by a negative number, as far as there is text."""
        top = max(0, min(self._top + count, len(self._lines) - self.size.height))
        if top != self._top:
            self._top = top
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        return self.strip_of(_at(self._lines, self._top + y), self.size.width)


def _at(lines: tuple[tuple[tuple[str, str], ...], ...], place: int) -> tuple[tuple[str, str], ...]:
    return lines[place] if 0 <= place < len(lines) else ()

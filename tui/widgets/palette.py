"""The few styles that all our widgets write in: names for what text is, colours by the theme."""

import re
from collections.abc import Sequence
from typing import Self, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

Piece: TypeAlias = tuple[str, str]
"""(text, name of a style)."""
Line: TypeAlias = Sequence[Piece]
"""One line of the screen."""

STYLES = (
    *("normal", "dim", "strong", "head", "good", "warn", "bad", "accent", "cursor", "mark"),
    *("bar", "box", "top", "top-strong", "tab"),
)


PAINTS = {f"paint--{name}" for name in STYLES}
"""The component classes of an app whose widgets are `Painted`; app.tcss gives them the colours of the theme."""
_EDGE_STYLES = {
    "normal": "$foreground",
    "dim": "$text-dim",
    "strong": "$strong bold",
    "good": "$success",
    "warn": "$warning",
    "bad": "$error",
    "accent": "$accent",
    "mark": "$warning",
    "box": "$box",
}
"""The styles that a title in the edge of a box may have, as Textual writes them."""


class Painted(Widget):
    """A widget that paints itself line by line; base of all that draw tables, lines and graphs.

    Its styles are component classes of the app (`PAINTS`), so that a theme changes them all. They look the same in each
    widget. Were they the widgets' own, Textual would work them out for each: a third of what showing a screen costs.
    """

    _edges: tuple[int, Line, Line] = (0, (), ())

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint, but not behind a screen that hides this one: Textual would send all of that one anew.

        What was left out is painted when the screen comes back to the front.
        """
        if not (layout or recompose) and self._is_hidden():
            return self
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _is_hidden(self) -> bool:
        if not self.is_attached:
            return False
        front = self.app.screen
        return front is not self.screen and front.styles.background.a == 1

    def paint(self, name: str) -> Style:
        """Return the style of that name."""
        names = (f"paint--{name}",)
        if names not in self._rich_style_cache:  # which Textual empties when styles change
            styles = self.app.get_component_styles(*names)
            self._rich_style_cache[names] = (styles.rich_style, styles.partial_rich_style)
        return self._rich_style_cache[names][0]

    @property
    def is_boxed(self) -> bool:
        """Whether it has a box around it, in whose edges titles are written."""
        return bool(self.styles.border_top[0])

    def show_edges(self, top: Line, bottom: Line = ()) -> None:
        """Write into the upper and the lower edge of the box; what does not fit is cut, in ASCII with a sign of it."""
        edges = self._room_in_edge(), tuple(top), tuple(bottom)
        if edges != self._edges:
            self._edges = edges
            self.border_title, self.border_subtitle = self._edge(top), self._edge(bottom)

    def _room_in_edge(self) -> int:
        """Return the cells between the corners, their lines and spaces; none before the layout."""
        return max(0, self.outer_size.width - 6)

    def _edge(self, line: Line) -> Content:
        is_ascii = getattr(self.app, "is_ascii", False)
        if room := self._room_in_edge():
            line = cut(line, room, "~" if is_ascii else "…")
        drawn = [(in_ascii(text.replace("─", "-")) if is_ascii else text, _EDGE_STYLES[name]) for text, name in line]
        return Content.assemble(*drawn)

    def strip_of(self, line: Line, width: int, fill: str = "normal") -> Strip:
        """Return a line as Textual wants it: cut or filled to `width` cells, neighbours of one style joined."""
        segments: list[Segment] = []
        used = 0
        last = ""
        is_ascii = getattr(self.app, "is_ascii", False)
        for said, name in (*line, (" " * width, fill)):
            text = in_ascii(said) if is_ascii else said
            room = width - used
            if room <= 0:
                break
            cells = cell_len(text)
            if cells > room:
                text = set_cell_size(text, room)
                cells = room
            if segments and name == last:
                segments[-1] = Segment(segments[-1].text + text, segments[-1].style)
            elif text:
                segments.append(Segment(text, self.paint(name)))
            used += cells
            last = name
        return Strip(segments, width)


def in_ascii(text: str) -> str:
    """Return text of the same width in ASCII: a terminal without UTF-8 would shift the rest of the line."""
    if text.isascii():
        return text
    return "".join(each if each.isascii() else "?" * cell_len(each) for each in text)


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "…") -> str:
    """Return text of exactly `width` cells: filled with spaces, or cut with an ellipsis at its end."""
    cells = cell_len(text)
    if cells > width:
        room = max(0, width - cell_len(ellipsis))
        return set_cell_size(set_cell_size(text, room) + ellipsis, width)
    gap = " " * (width - cells)
    return gap + text if right else text + gap


_DISC = re.compile(r" \((?:(?:disc|side) [^()]{1,8}|[0-9]+ discs)\)$")


def fit_name(text: str, width: int, ellipsis: str = "…") -> str:
    """Return a name of exactly `width` cells; a cut one keeps the number of its disc: `Lighthouse… (disc 2)`."""
    disc = _DISC.search(text)
    if disc is None or cell_len(text) <= width or len(disc[0]) > width // 2:
        return fit(text, width, ellipsis=ellipsis)
    room = width - len(disc[0])
    return fit(text[: disc.start()].rstrip(), room, ellipsis=ellipsis) + disc[0]


def headed(head: str, width: int, *, is_ascii: bool) -> Line:
    """Return a head with a rule to the end of its line: the rule is faint, the head can be read."""
    return [(f"{head} ", "dim"), (("-" if is_ascii else "─") * (width - cell_len(head) - 1), "box")]


def line_cells(line: Line) -> int:
    """Return the width of a line in cells."""
    return sum(cell_len(text) for text, _ in line)


def cut(line: Line, width: int, ellipsis: str = "…") -> list[Piece]:
    """Return a line of at most `width` cells; what is cut ends with an ellipsis."""
    pieces: list[Piece] = []
    room = width
    for text, style in line:
        cells = cell_len(text)
        if cells > room:
            return [*pieces, (fit(text, room, ellipsis=ellipsis), style)] if room > 0 else pieces
        pieces.append((text, style))
        room -= cells
    return pieces


def beside(blocks: Sequence[tuple[Sequence[Line], int]], height: int, gap: int) -> list[Line]:
    """Return blocks of lines, each with its width, as columns in at most `height` lines."""
    lines: list[Line] = []
    for y in range(min(height, max((len(block) for block, _ in blocks), default=0))):
        line: list[Piece] = []
        for block, width in blocks:
            pieces = cut(block[y] if y < len(block) else (), width)
            line += [*pieces, (" " * (width - line_cells(pieces) + gap), "normal")]
        lines.append(line)
    return lines


def edge(left: Line, right: Line, width: int) -> Line:
    """Return what stands in an edge of `width` cells at its left and at its right; the right side goes first."""
    spare = width - line_cells(left) - line_cells(right) - 2
    if not right or spare < 1:
        return left
    return [*left, (f" {'─' * spare} ", "box"), *right]


def wrapped(text: str, width: int, style: str) -> list[Line]:
    """Return text over several lines of at most `width` cells, broken at spaces; no line for an empty text."""
    lines: list[Line] = []
    rest = text
    while cell_len(rest) > width > 0:
        most = len(set_cell_size(rest, width).rstrip()) or 1
        cut = rest.rfind(" ", 1, most + 1)
        cut = cut if cut > 0 else most
        lines.append([(rest[:cut].rstrip(), style)])
        rest = rest[cut:].lstrip()
    return [*lines, [(rest, style)]] if rest else lines


def joined(pieces: Sequence[Piece], width: int, joint: str = ", ") -> list[Line]:
    """Return pieces as one sentence, over as many lines of `width` cells as it takes; no piece is broken."""
    lines: list[list[Piece]] = []
    used = 0
    for index, (text, style) in enumerate(pieces):
        said = f"{text}{joint}" if index < len(pieces) - 1 else text
        if not lines or used + cell_len(said.rstrip()) > width:
            lines.append([])
            used = 0
        lines[-1].append((said, style))
        used += cell_len(said)
    return list(lines)


def tail(text: str, width: int, ellipsis: str = "…") -> str:
    """Return the end of a text in at most `width` cells, as the end of a path tells more than its beginning."""
    if cell_len(text) <= width:
        return text
    rest = text
    while rest and cell_len(rest) + cell_len(ellipsis) > width:
        rest = rest[1:]
    return f"{ellipsis}{rest}"


def about_lines(name: Piece, said: Piece, width: int) -> list[Line]:
    """Return what is to be said of a table's row, whole; what takes several lines does without the row's name."""
    text, style = said
    lines = wrapped(text, width, style)
    return lines if len(lines) > 1 else [[name], *lines]

"""The keys that are valid on the screen below, with what each does."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType

from discpress.tui.app.session import Session
from discpress.tui.commands import Place, bindings_at, commands_at, describe_keys
from discpress.tui.screens.text import TextScreen
from discpress.tui.widgets.palette import Line, fit, wrapped

_KEYS = 12
_MOVING = (
    ("up down", "Move by a row (k j), page up and down by a screen, home and end (g G) to the edges."),
    ("mouse", "A click goes to a row, a second one opens it; a click on a head sorts. Off over SSH unless set."),
)
_WORDS: Mapping[Place, Sequence[tuple[str, str]]] = {
    Place.LIBRARY: (
        ("kain", "in the title, serial or file name; !kain: not in it"),
        ("sys:ps2", "system; fmt:iso format, region:us region, state:ready state"),
        ("saving>20", "percent, also < >= <=; size>4G the file's size"),
    ),
    Place.TRASH: (
        ("kain", "in the file's name or folder; !kain: not in it"),
        ("why:undone", "reason: converted, repaired, overwritten or undone"),
        ("state:changed", "replacement: in place, changed, or only listed"),
        ("age>30", "days in the trash; size>4G the file's size, frees<1G what removing it frees"),
    ),
}


class HelpScreen(TextScreen):
    """Keys of one place, then the words of the filter."""

    PLACE = Place.LOG
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.LOG)]

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session)
        self._place = place

    def text_lines(self, width: int) -> Sequence[Line]:
        """Return the table of keys."""
        keys = describe_keys(self._place, self.session.config.keys, is_read_only=self.session.is_read_only)
        lines: list[Line] = [[(f"Keys valid here ({self._place})", "head")]]
        lines += _table([*keys, *_MOVING], width)
        if self._place in _WORDS:
            lines += [[], [("Words of the filter", "head")], *_table(_WORDS[self._place], width)]
        names = ", ".join(command.name for command in commands_at(self._place))
        lines += [[], [("Names for other keys, in the settings file", "head")], *wrapped(names, width, "normal")]
        return lines


def _table(rows: Sequence[tuple[str, str]], width: int) -> list[Line]:
    lines: list[Line] = []
    keys = max(_KEYS, *(cell_len(head) + 1 for head, _ in rows))
    for head, text in rows:
        first, *rest = wrapped(text, max(10, width - keys), "normal") or [[("", "normal")]]
        lines.append([(fit(head, keys - 1) + " ", "accent"), *first])
        lines += [[(" " * keys, "normal"), *line] for line in rest]
    return lines

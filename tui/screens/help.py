"""The menu of keys: all that is valid on the screen below, searched as it is typed; Enter runs the line chosen."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from discpress.engine.names import fold
from discpress.tui.commands import Place
from discpress.tui.messages import RunCommand
from discpress.tui.screens.palette import Hit, PaletteScreen
from discpress.tui.widgets.table import Column

_MOVING = (
    ("up down", "Move", "Go up or down by a row; j and k do the same. Page up and page down go by a screen."),
    ("home end", "Edges", "Go to the first or the last row; < and > do the same."),
    ("mouse", "Mouse", "Click a row, click it again to open it, click a head to sort. Off over SSH unless set."),
)
_WORDS: Mapping[Place, Sequence[tuple[str, str, str]]] = {
    Place.LIBRARY: (
        ("kain", "Filter word", "In the title, serial or file name; !kain: not in it."),
        ("sys:ps2", "Filter word", "System; also fmt:iso (format), region:us and state:ready."),
        ("saving>20", "Filter word", "Saving in percent, also < >= <=; size>4G compares the file's size."),
    ),
    Place.TRASH: (
        ("kain", "Filter word", "In the file's name or folder; !kain: not in it."),
        ("why:undone", "Filter word", "Reason: converted, repaired, overwritten, duplicate or undone."),
        ("state:changed", "Filter word", "Replacement: in place, changed, or only listed."),
        ("age>30", "Filter word", "Days in the trash; size>4G compares the file's size, frees<1G what removing frees."),
    ),
}


class HelpScreen(PaletteScreen):
    """Keys of one place, then how to move and the words of the filter."""

    COLUMNS: ClassVar[Sequence[Column]] = (
        Column("key", "KEY", 13),
        Column("name", "NAME", 16),
        Column("about", "WHAT IT DOES", 24, flexible=True),
    )
    PLACEHOLDER: ClassVar[str] = "find a key of this screen: enter runs it, escape leaves"

    def find(self, wanted: str) -> list[Hit]:
        """Return the lines that contain all words: first the key that is typed, then names, then sentences."""
        hits = [hit for _, hit in self.commands()]
        hits += [Hit(*row, None) for row in (*_MOVING, *_WORDS.get(self.place, ()))]
        words = fold(wanted).split()
        ranked = [(_rank(hit, wanted, words), hit) for hit in hits]
        return [hit for rank, hit in sorted(ranked, key=lambda pair: pair[0]) if rank < _NOT_FOUND]

    def describe(self, hit: Hit) -> str:
        """Return the sentence of a line, and what the settings file calls the command."""
        if not isinstance(hit.request, RunCommand):
            return hit.about
        return f"{hit.about} Name in the settings file: {hit.request.name}"


_NOT_FOUND = 3


def _rank(hit: Hit, wanted: str, words: Sequence[str]) -> int:
    """Return how well a line fits; _NOT_FOUND if it does not."""
    if not words or wanted in hit.key.split():
        return 0
    for rank, text in enumerate((hit.name, f"{hit.key} {hit.name} {hit.about}"), 1):
        if all(word in fold(text) for word in words):
            return rank
    return _NOT_FOUND

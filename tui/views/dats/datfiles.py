"""The datfiles as a table: how many of their games the library has, and how sure that is."""

from collections.abc import Mapping, Sequence

from discpress.engine.dats.index import ListedDat
from discpress.engine.dats.ownership import ListCounts
from discpress.engine.names import display_name
from discpress.engine.systems import System
from discpress.engine.units import format_count
from discpress.tui.widgets.palette import Line, wrapped
from discpress.tui.widgets.table import Column

COLUMNS = (
    Column("name", "DATFILE", 16, flexible=True),
    Column("version", "VERSION", 10, from_width=90),
    Column("games", "GAMES", 6, right=True),
    Column("exact", "EXACT", 6, right=True),
    Column("header", "HEADER", 6, right=True),
    Column("revisions", "REV", 5, right=True),
    Column("bad", "BAD", 5, right=True),
    Column("mia", "MIA", 5, right=True),
    Column("missing", "MISSING", 7, right=True),
)
_STYLES = {"exact": "good", "bad": "warn", "revisions": "warn"}


class DatfilesView:
    """The rows of the table."""

    def __init__(self) -> None:
        self._lists: Sequence[ListedDat] | None = None
        self._counts: Mapping[int, ListCounts] = {}

    def show(self, lists: Sequence[ListedDat], counts: Mapping[int, ListCounts]) -> None:
        """Take in the lists with their counts by number."""
        self._lists, self._counts = lists, counts

    def summary(self) -> tuple[str, str]:
        """Return what the lists come to, in one sentence, and its style."""
        if self._lists is None:
            return "counting ...", "dim"
        if not self._lists:
            return "No datfile is loaded: run discpress dat add FILE.", "normal"
        owned = sum(self._of(each).owned for each in self._lists)
        games = sum(each.games for each in self._lists)
        return f"{format_count(len(self._lists), 'datfile')}: you have {owned} of {games} games", "normal"

    def about(self, index: int, width: int) -> list[Line]:
        """Return the list of a row, and its counts in words."""
        if self._lists is None or index >= len(self._lists):
            return []
        dat, counts = self._lists[index], self._of(self._lists[index])
        system = "any system" if dat.system is System.UNKNOWN else dat.system.label
        head = display_name(f"{dat.label} for {system}, from {dat.path}")
        text = f"{counts.header} not decoded yet, {format_count(counts.revisions, 'other revision')}"
        return [*wrapped(head, width, "dim"), *wrapped(text, width, "normal")]

    def __len__(self) -> int:
        return len(self._lists or ())

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        dat = (self._lists or ())[index]
        texts = {
            "name": display_name(", ".join(filter(None, (dat.shown_name, dat.publisher)))),
            "version": display_name(dat.version),
            "games": str(dat.games),
        }
        counts = self._of(dat)
        return [texts[key] if key in texts else str(getattr(counts, key)) for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        dat = (self._lists or ())[index]
        if key in {"name", "version", "games"}:
            return "normal" if key == "name" else "dim"
        return _STYLES.get(key, "normal") if getattr(self._of(dat), key) else "dim"

    def _of(self, dat: ListedDat) -> ListCounts:
        return self._counts.get(dat.id, ListCounts())

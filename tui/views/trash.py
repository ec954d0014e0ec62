"""The trash as a table shows it: filtered, sorted, marked; and the sentences about it."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from discpress.engine.convert.trash.journal import CONVERTED, DUPLICATE, OVERWRITTEN, REPAIRED, UNDONE
from discpress.engine.convert.trash.listing import TrashItem
from discpress.engine.library.filter_words import Choice, Measure, Vocabulary, days_of, size_measure
from discpress.engine.names import display_name, fold, natural_key
from discpress.engine.units import format_count, format_size
from discpress.tui.widgets.marked_rows import MarkedRows, Signs
from discpress.tui.widgets.palette import Line, Piece
from discpress.tui.widgets.table import Column

COLUMNS = (
    Column("mark", " ", 1),
    Column("name", "FILE", 20, flexible=True),
    Column("size", "SIZE", 8, right=True),
    Column("when", "SINCE", 16, rank=1),
    Column("reason", "WHY", 11, rank=2),
    Column("state", "REPLACEMENT", 11),
)
FILTER_HINT = "words, !not, state:changed why:undone size>4G age>30"
_IN_PLACE, _CHANGED, _LISTED, _STOPPED = "in place", "changed", "only listed", "half undone"
_REASONS = (CONVERTED, REPAIRED, OVERWRITTEN, DUPLICATE, UNDONE)


def state_of(item: TrashItem) -> str:
    """Return the state of an entry's replacement, or that the entry is only listed or half undone."""
    if item.entry.problem:
        return _LISTED
    if item.is_undo_stopped:
        return _STOPPED
    return _IN_PLACE if item.is_replacement_there else _CHANGED


_ORDERS: Mapping[str, Callable[[TrashItem], Any]] = {
    "when": lambda item: item.entry.id,
    "name": lambda item: natural_key(item.entry.name),
    "size": lambda item: item.entry.size_bytes,
    "reason": lambda item: item.entry.reason,
    "state": state_of,
}


class TrashView(MarkedRows[TrashItem, Path]):
    """The entries of the trash; they are marked by their folders."""

    SORTS = ("when", "name", "size", "reason", "state")
    LARGE_FIRST = frozenset({"when", "size"})

    def __init__(self, signs: Signs, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives seconds since the epoch."""
        super().__init__(signs)
        self.items: dict[Path, TrashItem] = {}
        self._words = _vocabulary(clock)
        self._predicate = self._words.parse("")

    def replace_all(self, items: Iterable[TrashItem]) -> None:
        """Show other entries; marks stay on those that are still there."""
        self.items = {item.entry.folder: item for item in items}
        self.marks &= self.items.keys()
        self.refresh_order()

    def set_filter(self, text: str) -> None:
        """Show the entries that these words select. Raises UsageError for an invalid word, and changes nothing then."""
        self._predicate = self._words.parse(text)
        self.filter_text = text.strip()
        self.refresh_order()

    def refresh_order(self) -> None:
        """Sort by `sort_key`, and filter."""
        order = _ORDERS[self.sort_key]
        newest_first = sorted(self.items.values(), key=_ORDERS["when"], reverse=True)
        in_order = sorted(newest_first, key=order, reverse=self.is_descending)
        self.rows = list(filter(self._predicate, in_order))

    def path_of(self, row: TrashItem) -> Path:
        """Return the folder of an entry."""
        return row.entry.folder

    def mark_of(self, row: TrashItem) -> Path:
        """Return the path by which an entry is marked."""
        return row.entry.folder

    def row_with(self, mark: Path) -> TrashItem | None:
        """Return an entry, shown or hidden, by its folder; None if there is none."""
        return self.items.get(mark)

    # Rows of the table

    def __len__(self) -> int:
        return len(self.rows)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        item = self.rows[index]
        others = len(item.entry.files) - 1
        texts = {
            "mark": self.signs.mark if item.entry.folder in self.marks else " ",
            "name": display_name(item.entry.name) + (f" and {others} more" if others else ""),
            "size": format_size(item.entry.size_bytes),
            "when": display_name(item.entry.trashed_at[:16].replace("T", " ")),
            "reason": display_name(item.entry.reason),
            "state": state_of(item),
        }
        return [texts[key] for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        item = self.rows[index]
        if item.entry.folder in self.marks:
            return "mark"
        return "warn" if key == "state" and state_of(item) != _IN_PLACE else "normal"


def _vocabulary(clock: Callable[[], float]) -> Vocabulary[TrashItem]:
    return Vocabulary(
        text_of=lambda item: fold(f"{item.title} {item.entry.home_path}"),
        choices={
            "state": Choice(state_of, lambda: (_IN_PLACE, _CHANGED, _LISTED, _STOPPED)),
            "why": Choice(lambda item: item.entry.reason, lambda: _REASONS),
        },
        measures={
            "size": size_measure(lambda item: item.entry.size_bytes),
            "frees": size_measure(freed_bytes, "frees"),
            "age": Measure(lambda item: item.entry.age_days(clock()), days_of, "a number of days, like age>30"),
        },
    )


def freed_bytes(item: TrashItem) -> int:
    """Return what removing an entry would free; nothing if it is only listed."""
    return 0 if item.entry.problem else item.freed_bytes


def freed_by(items: Iterable[TrashItem]) -> str:
    """Return what removing these entries would free, as a text."""
    return format_size(sum(map(freed_bytes, items)))


def status_line(view: TrashView, width: int) -> Line:
    """Return the number of files and what removing them would free, then what is marked and filtered."""
    files = format_count(sum(len(item.entry.files) for item in view.items.values()), "file")
    freed = freed_by(view.items.values())
    rest: list[Piece] = []
    if view.marks:
        marked = [view.items[key] for key in view.marks]
        rest.append((f"; {len(marked)} marked, {freed_by(marked)}", "mark"))
    if view.filter_text:
        rest.append((f"; {len(view.rows)} shown", "accent"))
    text = f"{files} in the trash" + (f"; removing them would free {freed}" if view.items else "")
    if len(text) + sum(len(piece) for piece, _ in rest) > width:
        text = f"{files}, {freed} to free"
    return [(text, "head"), *rest, (" " * width, "head")]


def undo_question(items: Sequence[TrashItem]) -> list[str]:
    """Return the question before restoring entries."""
    if len(items) > 1:
        return [
            f"Restore {len(items)} originals, {format_size(sum(item.entry.size_bytes for item in items))}?",
            "Their replacements go into the trash in their place. One that is gone or was changed is left alone unless "
            "it proves to be the same.",
        ]
    entry = items[0].entry
    replacement = display_name(entry.replacement_path.name)
    moved = f"{replacement} goes into the trash in its place."
    if not items[0].is_replacement_there:
        moved = f"{replacement} is gone or was changed: it is left alone unless it proves to be the same."
    return [f"Restore {display_name(entry.home_path.name)}?", moved]


def purge_question(items: Sequence[TrashItem]) -> list[str]:
    """Return the question before entries are removed for good."""
    if len(items) > 1:
        return [
            f"Remove {len(items)} originals for good? It frees {freed_by(items)}.",
            "discpress decodes each replacement first. An original stays if that does not prove the same disc.",
        ]
    return [
        f"Remove {display_name(items[0].entry.home_path.name)} for good? It frees {freed_by(items)}.",
        "discpress decodes its replacement first. If that does not prove the same disc, the original stays.",
    ]

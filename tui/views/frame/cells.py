"""The texts of one row of the library's table, by the keys of its columns."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from discpress.engine.formats import Settings
from discpress.engine.library.listed import ListedTitle
from discpress.engine.library.naming import TitleNames
from discpress.engine.library.shelf import TitleShelf
from discpress.engine.library.states import TitleStates
from discpress.engine.names import display_name
from discpress.engine.store.model import Title
from discpress.engine.systems import SYSTEMS
from discpress.engine.units import format_option_size, format_size
from discpress.tui.views.frame.columns import BARS, DIM, NARROW_BAR, STATE_STYLES, WIDE_BAR
from discpress.tui.views.labels import MATCH_STYLES, format_label, match_sign, saving_label
from discpress.tui.widgets.family_rows import FamilyRows, family_cells
from discpress.tui.widgets.graph import bar
from discpress.tui.widgets.group_rows import GroupRows, group_cells
from discpress.tui.widgets.marked_rows import Signs

_AROUND = 32
"""Rows above and below one that are read with it."""


class Shown(Protocol):
    """The facts of a library that its rows need."""

    planned: Callable[[Title], Settings | None]
    """Gives the settings that a title would be written with."""
    signs: Signs
    states: TitleStates
    families: FamilyRows
    groups: GroupRows
    marks: set[bytes]
    titles: TitleShelf
    rows: list[ListedTitle]

    def index_of(self, path: Path | None) -> int | None:
        """Return the row of a path; None if it is not shown."""

    @property
    def names(self) -> TitleNames:
        """The names of the titles, told apart."""

    def is_later(self, title: ListedTitle) -> bool:
        """Return whether another title with the same disc stands above it."""

    def members(self, row: ListedTitle) -> Sequence[ListedTitle]:
        """Return the titles that a row stands for."""

    def state_of(self, title: ListedTitle) -> str:
        """Return the sign and the word for the state of a title."""


def cells_of(view: Shown, title: ListedTitle, keys: Sequence[str]) -> Sequence[str]:
    """Return the texts of the row of a title; a folded row has the sums of its family, a head those of its group."""
    if view.groups.is_head(title):
        sums, saving = group_cells(view.groups, title, view.states, view.signs, view.marks)
        bars = {"bar": _bar(view, saving, NARROW_BAR), "wide_bar": _bar(view, saving, WIDE_BAR)}
        return [{**sums, **bars}.get(key, "") for key in keys]
    family = view.families.folded_at(title)
    if family is None:
        return [_CELLS[key](view, title) for key in keys]
    texts = family_cells(family, view.names, view.states, view.signs, view.marks)
    percent, saved = family.saving_percent(view.states), family.saving_bytes(view.states)
    more = {
        "serial": display_name(title.serial),
        "region": family.shared(lambda each: display_name(each.region).upper(), ""),
        "folder": family.shared(lambda each: display_name(each.file_path.parent.name), ""),
        "block": family.shared(lambda each: _block_cell(view, each), ""),
        "saved": "" if saved is None else format_size(saved),
        "bar": _bar(view, percent, NARROW_BAR),
        "wide_bar": _bar(view, percent, WIDE_BAR),
        "percent": saving_label(percent),
        "match": family.shared(lambda each: _match_cell(view, each), ""),
    }
    return [more[key] if key in more else texts[key] for key in keys]


def style_of(view: Shown, title: ListedTitle, key: str) -> str:
    """Return the style of one cell of the row of a title."""
    is_head, family = view.groups.is_head(title), view.families.folded_at(title)
    if key == "mark" or (key == "title" and all(each.key in view.marks for each in view.members(title))):
        return "mark"
    if key in BARS and (_percent(view, title) or 0.0) > 0:
        return "bar"
    if is_head:
        return "head"
    if key == "state":
        state = view.states.state(title) if family is None else family.state(view.states)
        return "good" if state.spec.is_in_batch else STATE_STYLES[state.spec.concern]
    if key == "match":
        return MATCH_STYLES[view.states.match_of(title).verdict]
    if key in DIM or (title.shared.has_error and key not in BARS):
        return "dim"
    return "strong" if key == "estimate" else "normal"


def _percent(view: Shown, title: ListedTitle) -> float | None:
    """Return the saving of a row in percent."""
    if view.groups.is_head(title):
        return view.groups.sums(title, view.states).saving_percent
    family = view.families.folded_at(title)
    return title.saving_percent if family is None else family.saving_percent(view.states)


def _name_cell(view: Shown, title: ListedTitle) -> str:
    name = f"  + {display_name(title.path.name)}" if view.is_later(title) else view.names.without_serial(title)
    is_head = view.families.is_head(title)
    return name if is_head is None else f"{view.signs.unfolded if is_head else ' '} {name}"


def _estimate_cell(_view: Shown, title: ListedTitle) -> str:
    return "" if title.packed_bytes is None else format_size(title.packed_bytes)


def _saved_cell(_view: Shown, title: ListedTitle) -> str:
    return "" if title.saving_bytes is None else format_size(title.saving_bytes)


def _bar(view: Shown, percent: float | None, width: int) -> str:
    return bar(percent, width, is_ascii=view.signs.is_ascii) if percent is not None and percent > 0 else ""


def _match_cell(view: Shown, title: ListedTitle) -> str:
    return match_sign(view.states.match_of(title).verdict, is_ascii=view.signs.is_ascii)


def _block_cell(view: Shown, title: ListedTitle) -> str:
    whole = _whole(view, title)
    if whole is None or (whole.is_packed and whole.overrides is None):
        return ""
    settings = view.planned(whole)
    if settings is None:
        return ""
    name = settings.format.label
    return name if settings.is_plain else f"{name} {format_option_size(settings.block_size)}"


def _whole(view: Shown, title: ListedTitle) -> Title | None:
    """Return all facts of a title of the list; those of the rows around it are read with it."""
    if not view.titles.is_kept(title.key):
        index = view.index_of(title.path) or 0
        around = (row for row in view.rows[max(0, index - _AROUND) : index + _AROUND] if not view.groups.is_head(row))
        view.titles.read_ahead(each.key for row in around for each in view.members(row))
    return view.titles.whole(title.key)


_CELLS: Mapping[str, Callable[[Shown, ListedTitle], str]] = {
    "mark": lambda view, title: view.signs.mark if title.key in view.marks else " ",
    "title": _name_cell,
    "serial": lambda _view, title: display_name(title.serial),
    "region": lambda _view, title: display_name(title.region).upper(),
    "folder": lambda _view, title: display_name(title.file_path.parent.name),
    "system": lambda _view, title: SYSTEMS[title.system].short,
    "format": lambda _view, title: format_label(title),
    "size": lambda _view, title: format_size(title.file_bytes),
    "estimate": _estimate_cell,
    "saved": _saved_cell,
    "bar": lambda view, title: _bar(view, title.saving_percent, NARROW_BAR),
    "wide_bar": lambda view, title: _bar(view, title.saving_percent, WIDE_BAR),
    "saving": lambda _view, title: saving_label(title.saving_percent),
    "percent": lambda _view, title: saving_label(title.saving_percent),
    "block": _block_cell,
    "match": _match_cell,
    "state": lambda view, title: view.state_of(title),
}

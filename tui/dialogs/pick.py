"""A choice from a list: of values of a setting, or of what plays the discs of one system."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from discpress.engine.systems import SYSTEMS, system_from
from discpress.engine.targets.by_system import choices
from discpress.tui.dialogs.own_screen import OwnScreen
from discpress.tui.views.library import LibraryView
from discpress.tui.views.settings import about_target, target_cells
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import wrapped
from discpress.tui.widgets.table import Column, Table

T = TypeVar("T")

COLUMNS = (Column("name", "VALUE", 16), Column("note", "", 20, flexible=True))
TARGET_COLUMNS = (
    Column("name", "TARGET", 10),
    Column("label", "PLAYS ON", 26),
    Column("loads", "LOADS", 13, flexible=True),
)
_ABOUT_LINES = 4
_OTHER_LINES = 4
"""Cells of the box beside the rows: its border, the question, the heads."""


@dataclass(frozen=True, slots=True)
class PickRow(Generic[T]):
    """One row."""

    value: T
    """The value that it stands for."""
    cells: tuple[str, ...]
    """Its texts, one for each column, safe to show."""
    about: tuple[str, ...] = ()
    """Sentences for the lines below the rows."""
    refusal: str = ""
    """The reason why it cannot be taken; empty if it can."""


class Pick(OwnScreen[T | None], ModalScreen[T | None]):
    """Its result is the value of the chosen row; None when the list was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("enter", "choose", show=False),
    ]

    def __init__(
        self,
        question: str,
        offered: Sequence[PickRow[T]],
        present: T | None,
        ellipsis: str,
        columns: Sequence[Column] = COLUMNS,
    ) -> None:
        """The cursor begins on the row of `present`, or on the first one."""
        super().__init__()
        self._question = question
        self.offered = tuple(offered)
        """The rows."""
        self._columns = tuple(columns)
        self._ellipsis = ellipsis
        values = [choice.value for choice in offered]
        self._first = values.index(present) if present is not None and present in values else 0
        self._about_lines = _ABOUT_LINES if any(choice.about for choice in offered) else 1

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(id="box"):
            yield Static(f"{self._question}  (enter takes, escape leaves)", markup=False, id="question")
            table = Table(self._columns, _Rows(self.offered, self._columns), id="offered", ellipsis=self._ellipsis)
            most = self.app.size.height - self._about_lines - _OTHER_LINES
            table.styles.height = max(2, min(len(self.offered) + 1, most))
            yield table
            about = Lines(id="about")
            about.styles.height = self._about_lines
            yield about

    def on_mount(self) -> None:
        """Put the cursor on the present value."""
        table = self.query_one(Table)
        table.focus()
        table.show_rows(self._first)
        self.call_after_refresh(self._show)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Describe the row under the cursor."""
        event.stop()
        self._show()

    def on_table_chosen(self) -> None:
        """Take what was clicked twice."""
        self.action_choose()

    def on_resize(self) -> None:
        """Wrap the words anew."""
        self.call_after_refresh(self._show)

    @property
    def _under_cursor(self) -> PickRow[T]:
        return self.offered[self.query_one(Table).cursor]

    def _show(self) -> None:
        for about in self.query("#about").results(Lines):  # none if the question was left meanwhile
            choice = self._under_cursor
            said = (choice.refusal,) if choice.refusal else choice.about
            width = max(20, about.size.width)
            about.show([line for each in said for line in wrapped(each, width, "dim")][: self._about_lines])

    def action_choose(self) -> None:
        """Take the row under the cursor; one that is refused shows its reason instead."""
        if not self._under_cursor.refusal:
            self.dismiss(self._under_cursor.value)

    def action_leave(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)


class PickTarget(Pick[str]):
    """Its result is the name of a target that plays the discs of a system."""

    def __init__(self, view: LibraryView, system: str, name: str, *, question: str = "", has_auto: bool = True) -> None:
        """`name` is the present target; `has_auto` offers to leave the choice to discpress."""
        names = choices(system if system_from(system) == system else system_from("").value)
        super().__init__(
            question or f"What plays your {SYSTEMS[system_from(system)].label} discs?",
            [
                PickRow(each, target_cells(system, each), tuple(about_target(system, each)))
                for each in (names if has_auto else names[1:])
            ],
            name,
            view.signs.ellipsis,
            TARGET_COLUMNS,
        )


class _Rows:
    """The choices as a table."""

    def __init__(self, offered: Sequence[PickRow[T]], columns: Sequence[Column]) -> None:
        self._offered = offered
        self._places = {column.key: place for place, column in enumerate(columns)}

    def __len__(self) -> int:
        return len(self._offered)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        return [self._offered[index].cells[self._places[key]] for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        return "dim" if self._offered[index].refusal or self._places[key] > 1 else "normal"

"""A choice of what plays the discs of one system."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from discpress.engine.systems import SYSTEMS, system_from
from discpress.engine.targets.by_system import choices
from discpress.tui.screens.base import OwnScreen
from discpress.tui.screens.confirm import ASKING
from discpress.tui.views.library import LibraryView
from discpress.tui.views.settings import TargetRows, about_target
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import wrapped
from discpress.tui.widgets.table import Column, Table

COLUMNS = (Column("name", "TARGET", 10), Column("label", "PLAYS ON", 20, flexible=True), Column("loads", "LOADS", 13))
_ABOUT_LINES = 4


class PickTarget(OwnScreen[str | None], ModalScreen[str | None]):
    """Its result is the name of a target that plays the discs; None when the question was left with escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("enter,space", "choose", show=False),
    ]

    def __init__(self, view: LibraryView, system: str, name: str, *, question: str = "", has_auto: bool = True) -> None:
        """`name` is the present target; `has_auto` offers to leave the choice to discpress."""
        super().__init__()
        self._system = system
        self._ellipsis = view.signs.ellipsis
        self._question = question or f"What plays your {SYSTEMS[system_from(system)].label} discs?"
        names = choices(system if system_from(system) == system else system_from("").value)
        self._rows = TargetRows(system, names if has_auto else names[1:])
        self._first = self._rows.names.index(name) if name in self._rows.names else 0

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(id="box"):
            yield Static(f"{self._question}  (enter takes, escape leaves)", markup=False, id="question")
            table = Table(COLUMNS, self._rows, id="targets", ellipsis=self._ellipsis)
            table.styles.height = len(self._rows) + 1
            yield table
            about = Lines(id="about")
            about.styles.height = _ABOUT_LINES
            yield about

    def on_mount(self) -> None:
        """Put the cursor on the present target; no message lies over the question."""
        self.app.add_class(ASKING)
        table = self.query_one(Table)
        table.focus()
        table.show_rows(self._first)
        self.call_after_refresh(self._show)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Describe the target under the cursor."""
        event.stop()
        self._show()

    def on_table_chosen(self) -> None:
        """Take what was clicked twice."""
        self.action_choose()

    def on_resize(self) -> None:
        """Wrap the words anew."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        for about in self.query("#about").results(Lines):  # none if the question was left meanwhile
            said: Sequence[str] = about_target(self._system, self._rows.names[self.query_one(Table).cursor])
            width = max(20, about.size.width)
            about.show([line for each in said for line in wrapped(each, width, "dim")][:_ABOUT_LINES])

    def action_choose(self) -> None:
        """Take the target under the cursor."""
        self.dismiss(self._rows.names[self.query_one(Table).cursor])

    def action_leave(self) -> None:
        """Leave it as it is."""
        self.dismiss(None)

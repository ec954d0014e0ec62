"""Tune: choose target, format, block size, level and alignment, and see at once what they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType

from discpress.engine.errors import DiscpressError
from discpress.engine.formats import form_name
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.rows.measurement_rows import LabTest
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.dialogs.pick import Pick, PickRow, PickTarget
from discpress.tui.messages import OpenBench, OpenPlan, StartWorker
from discpress.tui.screens.base import Value
from discpress.tui.screens.tune_saving import TuneSaving
from discpress.tui.views.bench import Form, measured_latencies
from discpress.tui.views.labels import FILE_GONE, reason_of
from discpress.tui.views.tune import (
    ALIGNMENTS,
    Cell,
    Tuning,
    cell_of,
    grid_of,
    known_by_settings,
    nearest,
    reason_against,
    summed,
)
from discpress.tui.views.tune_lines import GridForm, choice_lines, grid_and_chart
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line, wrapped

_BOTH = 120
"""Columns from which the chart stands beside the table."""
_MARGIN = 5
"""Lines that are not of the grid: the title bar, the edges of the box, those below it."""


class TuneScreen(TuneSaving):
    """The grid of the first of the chosen titles; what is kept can be kept for all of them."""

    PLACE = Place.TUNE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.TUNE)]

    def __init__(self, session: Session, titles: Sequence[Title], block_size: int | None, form: Form) -> None:
        """Begin with what the first title is written with now, or with another block size and container."""
        super().__init__(session, titles)
        self._is_chart = False
        self._asked: set[tuple[object, ...]] = set()
        self._known: dict[Path, Mapping[tuple[object, ...], StoredEstimate]] = {}
        image_format, methods = form
        if image_format is not None:
            self._tuning = self._tuning.of_form(image_format, methods)
        if block_size is not None:
            self._tuning = replace(self._tuning, block_size=nearest(block_size, self._tuning.block_sizes))

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        yield Lines(id="text", can_focus=True)
        yield self.key_line()

    def on_mount(self) -> None:
        """Show what is known, and ask for the rest."""
        self.query_one("#text", Lines).focus()
        self.call_after_refresh(self._show)

    def on_changes(self, changes: Changes) -> None:
        """Show what was measured meanwhile."""
        there = self.view.titles.renewed(self._titles, changes.titles)
        self._is_gone = not there
        self._titles = there or self._titles
        self._known.clear()
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        if not self.query("#text"):
            return  # the screen was left meanwhile
        title, tuning, chooser = self._title, self._tuning, self.session.chooser
        known, *others = map(self._known_of, self._summed)
        grid = [[summed(cell, others) for cell in row] for row in grid_of(tuning, title, chooser, known)]
        chosen = summed(cell_of(tuning, title, chooser, known), others)
        self._ask(grid, chosen)
        problem = reason_of(title, self.session.unsampled)
        width = max(20, self.inner_width - 2)
        lines: list[Line] = [
            [(f"Tune {self.view.names.of(title)} ({title.system.label})", "head"), (self._others(), "dim")]
        ]
        if self._is_gone:
            lines.append([(FILE_GONE, "bad")])
        file_bytes = sum(each.file_bytes for each in self._summed)
        sign = self.view.signs.margin
        lines += choice_lines(
            tuning, chosen, title, width, self.keys, margin_sign=sign, problem=problem, file_bytes=file_bytes
        )
        if problem and (chosen.refusal or chosen.estimate) and self._lacks(grid):
            lines += wrapped(f"the rest cannot be estimated: {problem}", width, "bad")
        lines.append([])
        if tuning.is_plain:
            lines.append([("An ISO has no blocks: every byte stays as it is on the disc.", "dim")])
        else:
            found = self.session.store.measurements(LabTest.SEEK, title.identity)
            measured = measured_latencies(found, tuning.format)
            size = width, max(4, self.size.height - len(lines) - _MARGIN)
            shown = GridForm.BOTH if self.size.width >= _BOTH else GridForm.CHART if self._is_chart else GridForm.TABLE
            is_ascii = self.view.signs.is_ascii
            lines += grid_and_chart(grid, tuning, measured, size, shown, is_waiting=not problem, is_ascii=is_ascii)
            if tuning.why_fixed:
                lines += wrapped(tuning.why_fixed, width, "dim")
        self.query_one("#text", Lines).show(lines)

    @property
    def _summed(self) -> Sequence[Title]:
        """The titles whose figures are added: those of one system, because another has other targets."""
        return [each for each in self._titles if each.system == self._title.system]

    def _known_of(self, title: Title) -> Mapping[tuple[object, ...], StoredEstimate]:
        if title.path not in self._known:
            self._known[title.path] = known_by_settings(self.session.store.estimates_of(title.identity))
        return self._known[title.path]

    def _others(self) -> str:
        count, others = len(self._summed) - 1, len(self._titles) - len(self._summed)
        more = f"   and {count} more: the figures are their sum" if count else ""
        return f"{more}   {others} of other systems left out" if others else more

    def _ask(self, grid: Sequence[Sequence[Cell]], chosen: Cell) -> None:
        """Ask the worker for what is missing, once for each format and alignment."""
        if self._tuning.is_plain or not self._title.original_bytes:
            return
        form = (self._tuning.format, self._tuning.alignment, self._tuning.methods)
        if form in self._asked or not (chosen.estimate is None or self._lacks(grid)):
            return
        try:
            for title in self._summed:
                self.session.want_grid(title, self._tuning.overrides)
        except DiscpressError as error:  # the state file is busy or full: the next key asks again
            self.fail(str(error))
            return
        self._asked.add(form)
        self.post_message(StartWorker())

    def _lacks(self, grid: Sequence[Sequence[Cell]]) -> bool:
        """Return whether a size is not known that the target would load; an ISO has none."""
        is_blocked = not self._tuning.is_plain
        return is_blocked and any(cell.estimate is None for row in grid for cell in row if not cell.refusal)

    def action_move(self, rows: int, columns: int) -> None:
        """Go to another block size or level."""
        moved = self._tuning.moved(rows, columns)
        if self._tuning.is_plain:
            self.say("An ISO has no blocks and no levels.")
        elif moved == self._tuning:
            what, end = ("block size", rows) if rows else ("level", columns)
            ends = ("smallest", "largest") if rows else ("lowest", "highest")
            fixed = self._tuning.why_fixed if rows else ""
            self.say(fixed or f"This is the {ends[end > 0]} {what}.")
        self.change(moved)

    def action_smaller_block(self) -> None:
        """Take the next smaller block size."""
        self.action_move(-1, 0)

    def action_larger_block(self) -> None:
        """Take the next larger block size."""
        self.action_move(1, 0)

    def action_lower_level(self) -> None:
        """Take the next lower level."""
        self.action_move(0, -1)

    def action_higher_level(self) -> None:
        """Take the next higher level."""
        self.action_move(0, 1)

    def action_target_next(self) -> None:
        """Choose what plays the title; its format becomes the best for that."""
        system = self._title.system

        def answer(name: str | None) -> None:
            if name is not None and name != self._tuning.target:
                self.change(self._tuning.of_target(name, system))

        self.app.push_screen(PickTarget(self.view, system, self._tuning.target), answer)

    def action_format_next(self) -> None:
        """Choose the format; those that the target does not load have the reason next to them."""
        title, chooser = self._title, self.session.chooser
        offered = []
        for place, form in enumerate(self._tuning.forms):
            refusal = reason_against(cell_of(self._tuning.of_form(*form), title, chooser, {}))
            offered.append(PickRow(place, (form_name(*form), refusal), refusal=refusal))
        present = (self._tuning.format, self._tuning.methods)

        def answer(place: int | None) -> None:
            if place is not None:
                self.change(self._tuning.of_form(*self._tuning.forms[place]))

        first = self._tuning.forms.index(present) if present in self._tuning.forms else None
        self.app.push_screen(Pick("Which format?", offered, first, self.view.signs.ellipsis), answer)

    def values(self) -> list[Value]:
        """Return the formats that the target loads as well."""
        found = []
        for form in self._tuning.forms:
            tuning = self._tuning.of_form(*form)
            if not cell_of(tuning, self._title, self.session.chooser, {}).refusal:
                found.append(Value(f"Format: {form_name(*form)}", "", partial(self.change, tuning)))
        return [*found, *super().values()]

    def action_alignment_next(self) -> None:
        """Choose the alignment."""
        if not self._tuning.takes_alignment:
            self.say(f"{self._tuning.format.label} has no alignment.")
            return
        self.pick(
            "Where do blocks start?",
            ALIGNMENTS,
            lambda each: "anywhere: the smallest alignment" if each is None else f"at multiples of {each} bytes",
            self._tuning.alignment,
            lambda value: self.change(replace(self._tuning, alignment=value)),
        )

    def change(self, tuning: Tuning) -> None:
        """Show another choice."""
        self._tuning = tuning
        self._show()

    def action_chart(self) -> None:
        """Show the grid as a chart, or as a table again."""
        if self._tuning.is_plain:
            self.say("An ISO has no blocks: there is nothing to draw.")
            return
        if self.size.width >= _BOTH:
            self.say("The chart stands beside the table already.")
            return
        self._is_chart = not self._is_chart
        self._show()

    def action_bench(self) -> None:
        """Measure the title."""
        if self.is_lost():
            return
        self.post_message(OpenBench(self._title))

    def action_plan(self) -> None:
        """Show what converting the titles with this choice will do."""
        if self.is_lost():
            return
        request = self.session.chooser.with_overrides(self._tuning.overrides)
        self.post_message(OpenPlan(self._titles, {title.path: request for title in self._titles}))

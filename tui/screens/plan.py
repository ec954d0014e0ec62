"""The plan: what will happen, before it happens; nothing is changed until it is confirmed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType

from discpress.engine.convert.batch.model import Batch, PlannedTitle
from discpress.engine.errors import DiscpressError
from discpress.engine.names import display_name
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.units import format_count, format_duration, format_size, format_whole_percent
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.app.session import ON_SCREEN, Changes, Session
from discpress.tui.commands import Keys, Place, bindings_at
from discpress.tui.dialogs.ask_folder import AskFolder
from discpress.tui.messages import OpenTune, StartWorker, TitlesQueued
from discpress.tui.screens.base import TableScreen
from discpress.tui.views.plan import CONFLICTS, jobs_of, plan_titles, reason_left_out, summary_of
from discpress.tui.views.title_settings import describe_settings
from discpress.tui.widgets.palette import Line, about_lines, wrapped
from discpress.tui.widgets.table import Column, Table

COLUMNS = (
    Column("name", "TITLE", 18, flexible=True),
    Column("size", "SIZE", 8, right=True, rank=1),
    Column("becomes", "BECOMES", 8, right=True),
    Column("form", "AS", 10),
    Column("saves", "SAVES", 6, right=True),
    Column("time", "TIME", 6, right=True, rank=2),
    Column("note", "NOTE", 9),
)
_GONE = "The files of these titles are not there any more: nothing is left to convert."


class PlanScreen(TableScreen):
    """Totals, options, one row a title; the result is whether the titles were queued."""

    PLACE = Place.PLAN
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.PLAN)]

    def __init__(
        self,
        session: Session,
        titles: Sequence[Title],
        wanted: Mapping[Path, ConversionRequest],
        *,
        is_repair: bool = False,
    ) -> None:
        """`wanted` are settings in place of the titles' own, for this one time; a repair has none."""
        super().__init__(session)
        self._is_repair = is_repair
        self._titles = list(titles)
        self._requests = dict(wanted)
        self._options = ConversionRequest()
        self._batch = Batch(())
        self._is_ready = False
        self._is_silent = False
        self._queries = DiskQueries()

    def new_table(self) -> Table:
        """Return the table."""
        return Table(COLUMNS, _Rows(self), id="plan", ellipsis=self.view.signs.ellipsis)

    def on_mount(self) -> None:
        """Look at names and free space."""
        # What is repaired would otherwise stay next to its result, or keep its name from it.
        self._options = ConversionRequest(trash_source=self._is_repair or self.session.config.trash)
        self._plan()
        if self.session.want_estimates(self.view.titles.listed(self._titles), ON_SCREEN):
            self.post_message(StartWorker())

    def on_changes(self, changes: Changes) -> None:
        """Plan anew with what is known now."""
        self._titles = self.view.titles.renewed(self._titles, changes.titles)
        self._plan()

    def _plan(self) -> None:
        options, titles = self._options, list(self._titles)
        queued = {job.path for job in self.session.last_snapshot.jobs if job.is_alive}

        def plan() -> Batch:
            chooser, store = self.session.chooser, self.session.store
            wanted, states = self._requests, self.view.states
            return plan_titles(titles, chooser, options, store, queued, wanted, states, is_repair=self._is_repair)

        async def look() -> None:
            self._planned(await self._queries.ask(plan, self._say_silence))

        run_exclusive(self, look, "plan")

    def _say_silence(self) -> None:
        self._is_ready, self._is_silent = False, True
        self.show_all()

    def _planned(self, batch: Batch) -> None:
        self._batch, self._is_ready, self._is_silent = batch, True, False
        self.show_all()

    @property
    def rows(self) -> Sequence[PlannedTitle]:
        """The rows of the table."""
        return self._batch.rows

    def lines_above(self, width: int) -> Sequence[Line]:
        """Return the totals and the options."""
        if not self._titles:
            return wrapped(_GONE, width, "bad")
        if self._is_ready:
            return summary_of(self._batch, self._options, self.view.signs, self.keys, width)
        silent = ("their disk does not answer: the plan comes when it does", "bad")
        return [[silent if self._is_silent else ("looking ...", "dim")]]

    def lines_below(self, cursor: int, width: int) -> Sequence[Line]:
        """Return what becomes of a title."""
        return _about(self.rows[cursor], width, self.keys) if cursor < len(self.rows) else []

    def action_originals(self) -> None:
        """Keep the originals, or move each to the trash."""
        if self._is_empty():
            return
        self._options = replace(self._options, trash_source=not self._options.trash_source)
        self._plan()

    def action_conflict(self) -> None:
        """Choose the next rule for taken names."""
        if self._is_empty():
            return
        rules = list(CONFLICTS)
        rule = rules[(rules.index(self._options.on_conflict) + 1) % len(rules)]
        self._options = replace(self._options, on_conflict=rule)
        self._plan()

    def action_even_useless(self) -> None:
        """Convert titles that barely shrink as well, or skip them."""
        if self._is_empty():
            return
        self._options = replace(self._options, force=not self._options.force)
        self.say(f"Titles that barely shrink are {'converted as well' if self._options.force else 'left out'}.")
        self._plan()

    def action_choose_folder(self) -> None:
        """Ask for the folder of the results; if one is chosen already, put them next to the originals again."""
        if self._is_empty():
            return
        if self._options.output_folder is not None:
            self._options = replace(self._options, output_folder=None)
            self._plan()
            return

        def answer(folder: Path | None) -> None:
            if folder is not None:
                self._options = replace(self._options, output_folder=folder)
                self._plan()

        folder = self._titles[0].file_path.parent
        self.app.push_screen(AskFolder("Where do the results go?", folder, self.view.signs.ellipsis), answer)

    def action_tune(self) -> None:
        """Choose other settings for these titles."""
        if self._is_empty():
            return
        self.post_message(OpenTune(self._titles))

    def _is_empty(self) -> bool:
        """Return whether no title is left, and say so."""
        if not self._titles:
            self.say(_GONE)
        return not self._titles

    def action_plan_all(self) -> None:
        """Plan all titles shown in the library: the ready ones, or those that their target cannot load."""
        view = self.view
        what = "that their target cannot load" if self._is_repair else "that are ready"
        wanted = view.repairable if self._is_repair else view.ready
        planned = {title.key for title in self._titles}
        more = [title for title in wanted if title.key not in planned]
        if not more:
            self.say(f"The plan has all titles shown {what} already.")
            return
        self._titles += self.view.titles.read(title.key for title in more)
        if self.session.want_estimates(more, ON_SCREEN):
            self.post_message(StartWorker())
        self._plan()

    def action_confirm(self) -> None:
        """Put the titles into the queue and go back."""
        if self._is_empty():
            return
        if not self._is_ready:
            self.say("The plan is not ready yet: discpress still looks at names and free space.")
            return
        if not self._batch.converted:
            what = "repair" if self._is_repair else "convert"
            self.say(f"Nothing to {what} here. Move the cursor to a title to see why.")
            return
        try:
            jobs = jobs_of(self._batch, self._options, self.view.names)
            added = self.session.queue.add_new(jobs, by_kind=True)
        except DiscpressError as error:
            self.fail(str(error))
            return
        if None in added:
            self.say(f"{format_count(added.count(None), 'title')} left out: in the queue already.")
        self.post_message(TitlesQueued({row.title.path for row in self._batch.converted}))


class _Rows:
    """The plan as a table."""

    def __init__(self, screen: PlanScreen) -> None:
        self._screen = screen

    def __len__(self) -> int:
        return len(self._screen.rows)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        row = self._screen.rows[index]
        texts = _cells(row, self._screen.view.names.of(row.title))
        return [texts[key] for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        row = self._screen.rows[index]
        if not row.is_converted:
            return "bad" if key == "note" else "dim"
        return "warn" if key == "note" and row.warnings else "normal"


def _cells(row: PlannedTitle, name: str) -> dict[str, str]:
    title, settings = row.title, row.settings
    form = ""
    if settings is not None and row.is_converted:
        form = f"{settings.form} {describe_settings(settings)}" if settings.block_size else settings.form
    note = "repair" if row.repairs else "see below" if row.warnings else ""
    return {
        "name": name,
        "form": form,
        "size": format_size(title.file_bytes),
        **_result_cells(row),
        "note": note if row.is_converted else "left out",
    }


def _result_cells(row: PlannedTitle) -> dict[str, str]:
    """Return what is estimated of a title that is converted."""
    estimate, file_bytes = row.estimate, row.title.file_bytes
    if not row.is_converted or estimate is None:
        return {"becomes": "", "saves": "", "time": ""}
    percent = 100 * (1 - estimate.packed_bytes / file_bytes) if file_bytes else 0.0
    return {
        "becomes": format_size(estimate.packed_bytes),
        "saves": format_whole_percent(percent),
        "time": format_duration(estimate.seconds) if estimate.seconds else "",
    }


def _about(row: PlannedTitle, width: int, keys: Keys) -> list[Line]:
    """Return what is to be said of a title: why it is left out, or what it becomes and what to know of that."""
    path = (display_name(row.title.path), "dim")
    if not row.is_converted:
        return about_lines(path, (f"left out: {display_name(reason_left_out(row, keys))}", "bad"), width)
    output = "" if row.output_path is None else f"-> {display_name(row.output_path.name)}"
    notices = "; ".join(display_name(notice) for notice in (*row.repairs, *row.warnings))
    if cell_len(f"{output}   {notices}") <= width:
        return [[path], [(output, "normal"), (f"   {notices}", "warn")]]
    return [*wrapped(output, width, "normal"), *wrapped(notices, width, "warn")]

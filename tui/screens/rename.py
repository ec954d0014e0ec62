"""The plan of a rename: old names, new names and the reasons; nothing is renamed until it is confirmed."""

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from discpress.engine.convert.renaming.names import Pattern
from discpress.engine.convert.renaming.plan import RenamePlan
from discpress.engine.errors import DiscpressError
from discpress.engine.names import display_name
from discpress.engine.queue.titles.renaming import finish_in_library, rename_in_library, rename_plans
from discpress.engine.store.model import Title
from discpress.engine.units import format_count
from discpress.tui.app.disk_queries import DiskQueries, run_detached, run_exclusive
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Keys, Place, bindings_at
from discpress.tui.messages import Refresh, SelectTitle
from discpress.tui.screens.base import TableScreen
from discpress.tui.widgets.palette import Line, about_lines, wrapped
from discpress.tui.widgets.table import Column, Table

_WIDE = 100
COLUMNS = (
    Column("old", "OLD NAME", 20, below_width=_WIDE),
    Column("wide_old", "OLD NAME", 36, from_width=_WIDE),
    Column("new", "NEW NAME", 18, flexible=True),
    Column("why", "WHY", 16, below_width=_WIDE),
    Column("wide_why", "WHY", 30, from_width=_WIDE),
)
PATTERNS = {Pattern.LIST: "the names in the datfiles", Pattern.OPL: "SLUS_203.12.Title, which OPL reads"}
"""Texts for the patterns of new names."""
UNDO_HINT = "discpress rename --undo takes it back."
_LOOKING = ("looking ...", "dim")
_SILENT = ("a disk does not answer: the names come when it does", "bad")


class RenameScreen(TableScreen):
    """One row a title: its new name, or the reason why it stays."""

    PLACE = Place.RENAME
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.RENAME)]

    def __init__(self, session: Session, titles: Sequence[Title]) -> None:
        super().__init__(session)
        self._titles = list(titles)
        self._pattern = Pattern.LIST
        self._plans: Sequence[RenamePlan] = ()
        self._is_ready = self._is_renaming = False
        self._above = _LOOKING
        self._queries = DiskQueries()

    def new_table(self) -> Table:
        """Return the table."""
        return Table(COLUMNS, _Rows(self), id="rename", ellipsis=self.view.signs.ellipsis)

    def on_mount(self) -> None:
        """Look at the names in the folders."""
        self._plan()

    def on_changes(self, changes: Changes) -> None:
        """Plan anew with what is known now."""
        self._titles = self.view.titles.renewed(self._titles, changes.titles)
        if not self._is_renaming:
            self._plan()

    def _plan(self) -> None:
        self._is_ready, self._above = False, _LOOKING
        titles, pattern = list(self._titles), self._pattern

        async def look() -> None:
            try:
                self._plans = await self._queries.ask(lambda: self._plans_of(titles, pattern), self._say_silence)
            except DiscpressError as error:  # the state file is busy or full
                self.fail(str(error))
                return
            self._is_ready = True
            self.show_all()

        run_exclusive(self, look, "plan")

    def _plans_of(self, titles: Sequence[Title], pattern: Pattern) -> list[RenamePlan]:
        """Return the plans as of now; asks the disk."""
        busy = {job.path for job in self.session.snapshot().jobs if job.is_alive}
        return rename_plans(self.session.store, titles, self.view.states, pattern, busy)

    def _say_silence(self) -> None:
        self._say_above(*_SILENT)

    def _say_above(self, text: str, style: str) -> None:
        self._above = text, style
        self.show_above()

    @property
    def plans(self) -> Sequence[RenamePlan]:
        """The rows of the table."""
        return self._plans

    def lines_above(self, width: int) -> Sequence[Line]:
        """Return what is planned, or what is being done."""
        has_lists = self.view.states.has_lists
        planned = summary_of(self._plans, self._pattern, self.keys, has_lists=has_lists) if self._is_ready else None
        text, style = planned or self._above
        return wrapped(text, width, style)

    def lines_below(self, cursor: int, width: int) -> Sequence[Line]:
        """Return what becomes of a title."""
        return about_plan(self._plans[cursor], width) if cursor < len(self._plans) else []

    def action_choose_names(self) -> None:
        """Choose the pattern of the new names."""
        if self._is_renaming:
            self.say("The titles are being renamed.")
            return

        def take(pattern: Pattern) -> None:
            self._pattern = pattern
            self._plan()

        self.pick("Which names do the titles get?", list(PATTERNS), PATTERNS.__getitem__, self._pattern, take)

    def action_rename_titles(self) -> None:
        """Rename the titles as planned."""
        wanted = [plan for plan in self._plans if not plan.problem]
        if self._is_renaming:
            self.say("The titles are being renamed.")
        elif not self._is_ready:
            self.say("The plan is not ready yet: discpress still looks at the names.")
        elif not wanted:
            self.say("Nothing to rename here. Move the cursor to a title to see why.")
        else:
            self._is_renaming, self._is_ready = True, False
            run_detached(self, partial(self._rename, wanted, self._pattern))

    async def _rename(self, wanted: Sequence[RenamePlan], pattern: Pattern) -> None:
        """Rename titles one after the other; the one that is under way is ended even if the app is left."""
        store = self.session.store
        failures: list[str] = []
        done: list[RenamePlan] = []
        notices: list[str] = []
        batch = 0
        try:
            await self._queries.ask(lambda: finish_in_library(store, notices.append), self._say_silence)
            titles = [plan.title for plan in wanted]
            now = await self._queries.ask(lambda: self._plans_of(titles, pattern), self._say_silence)
            for place, (plan, plan_now) in enumerate(zip(wanted, now, strict=True)):
                self._say_above(f"renaming {place + 1} of {len(wanted)} ...", "dim")
                if plan.files != plan_now.files:  # nobody has seen the other plan
                    why = plan_now.problem or "its plan has changed meanwhile"
                    failures.append(f"{display_name(plan.title.path)}: {display_name(why)}")
                    continue
                try:
                    rename = partial(rename_in_library, plan, store, notices.append, batch)
                    number = await self._queries.ask(rename, self._say_silence)
                except DiscpressError as error:
                    failures.append(str(error))
                    continue
                batch = batch or number
                done.append(plan)
        except DiscpressError as error:
            failures.append(str(error))
        self._finish(done, failures, notices)

    def _finish(self, done: Sequence[RenamePlan], failures: Sequence[str], notices: Sequence[str]) -> None:
        """Tell the result and go back; stay if nothing was renamed."""
        self._is_renaming = False
        self.view.marks -= {plan.title.key for plan in done}
        self.post_message(Refresh())
        for notice in notices:  # all of them stay in the list of messages
            self.say(notice)
        for failure in failures:
            self.fail(failure)
        said = result_of([plan.new_path for plan in done], failures, notices, self.keys)
        if failures:
            self.fail(said)
        else:
            self.say(said)
        if done and self.app.screen is self:
            if self.view.filter_text:  # which may hide the new name
                self.dismiss()
            else:
                self.post_message(SelectTitle(done[0].new_path))
        elif self.is_attached:
            self._plan()


def summary_of(plans: Sequence[RenamePlan], pattern: Pattern, keys: Keys, *, has_lists: bool) -> tuple[str, str]:
    """Return what the plans come to, in one sentence, and its style."""
    if not plans:
        return "These titles are not there any more: nothing is left to rename.", "bad"
    if not has_lists:
        return "No datfile is loaded: run discpress dat add FILE.", "bad"
    possible = sum(1 for plan in plans if not plan.problem)
    names = f"{keys.of('choose_names')} names: {PATTERNS[pattern]}"
    return f"{possible} of {format_count(len(plans), 'title')} can be renamed   {names}", "normal"


def about_plan(plan: RenamePlan, width: int) -> list[Line]:
    """Return the whole new name with the reason, or the reason why a title stays."""
    path = (display_name(plan.title.path), "dim")
    if plan.problem:
        return about_lines(path, (f"stays: {display_name(plan.problem)}", "bad"), width)
    others = [each for each in plan.files if each.before != plan.title.path.name]
    follow = f"; {format_count(len(others), 'other file')} with it" if others else ""
    new = f"-> {display_name(plan.new_path.name)}"
    return [*wrapped(new, width, "normal"), *wrapped(f"{display_name(plan.why)}{follow}", width, "dim")]


def result_of(new_paths: Sequence[Path], failures: Collection[str], notices: Collection[str], keys: Keys) -> str:
    """Return the result of a rename as a message, with the way back."""
    parts = [f"Renamed {format_count(len(new_paths), 'title')}: {UNDO_HINT}" if new_paths else "Nothing was renamed."]
    if len(new_paths) == 1:
        parts = [f"Renamed to {display_name(new_paths[0].name)}: {UNDO_HINT}"]
    if failures:
        parts.append(f"{format_count(len(failures), 'title')} failed: {next(iter(failures))}")
    if notices or len(failures) > 1:
        parts.append(f"Press {keys.of('messages')} for all messages.")
    return " ".join(parts)


class _Rows:
    """The plans as a table."""

    def __init__(self, screen: RenameScreen) -> None:
        self._screen = screen

    def __len__(self) -> int:
        return len(self._screen.plans)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        plan = self._screen.plans[index]
        why = f"stays: {plan.problem}" if plan.problem else plan.why
        texts = {
            "old": display_name(plan.title.path.name),
            "new": "" if plan.problem else display_name(plan.new_path.name),
            "why": display_name(why),
        }
        return [texts[key.removeprefix("wide_")] for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        if self._screen.plans[index].problem:
            return "bad" if key.endswith("why") else "dim"
        return "dim" if key.endswith("why") else "normal"

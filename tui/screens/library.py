"""The library: status line, table, detail pane if it fits, the queue in brief, the keys."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.timer import Timer

from discpress.engine.errors import DiscpressError
from discpress.engine.library.listed import ListedTitle
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.titles.identifying import identify_request, is_identifiable
from discpress.engine.store.model import Title
from discpress.engine.targets.by_system import target_name
from discpress.engine.units import format_count
from discpress.tui.app.session import ON_SCREEN, Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.messages import (
    CopyText,
    OpenBench,
    OpenDatfiles,
    OpenDevice,
    OpenDuplicates,
    OpenPlan,
    OpenRename,
    OpenSettings,
    OpenTune,
    Quit,
    Rescan,
    SaveSettings,
    StartWorker,
)
from discpress.tui.screens.library_panes import LibraryPanes
from discpress.tui.views.frame.status_line import empty_hint
from discpress.tui.views.settings import changed_target
from discpress.tui.widgets.facets import Facets
from discpress.tui.widgets.filter_input import FilterInput
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.table import Table

FILTER_HINT = "words, !not, sys:ps2 fmt:iso state:ready saving>20"
_MANY = 200
"""Chosen titles that are read in a thread."""
_SETTLED_S = 0.2
"""Rest of the cursor after which the estimates of what is seen are asked for: not for each row scrolled past."""


class LibraryScreen(LibraryPanes):
    """The screen that the app opens on."""

    PLACE = Place.LIBRARY
    AUTO_FOCUS = "#library"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.LIBRARY)]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._asking: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        with Horizontal(id="body"):
            yield Facets(id="facets")
            with Container(id="list"):
                yield Table(self.view.columns, self.view, id="library", ellipsis=self.view.signs.ellipsis)
                yield Lines(id="status")
                yield Lines(id="pane")
        yield Lines(id="strip")
        yield FilterInput(FILTER_HINT, id="filter", value=self.view.filter_text)
        yield self.key_line()

    def on_mount(self) -> None:
        """Show what is stored."""
        self._table.show_sort(self.view.sort_key, self.view.sort_sign)
        self._table.show_rows(self.view.index_of(self.view.cursor_key) or 0)
        self.on_snapshot(self.session.last_snapshot)
        self.show_status()

    def _remember(self) -> None:
        """Note the title under the cursor; while the library loads, the remembered one may still come."""
        is_to_come = self.view.cursor_key is not None and self.view.cursor_key not in self.view.titles
        if not (self.session.is_loading and is_to_come and not self._table.cursor):
            super()._remember()

    # News

    def on_changes(self, changes: Changes) -> None:
        """Repaint with the cursor on the title it was on."""
        self.show_rows()

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Show the queue in brief, and the state of the titles it works on."""
        differ = self.view.set_jobs(snapshot.jobs)
        if differ:  # thousands at once, when a whole library is queued
            for index in self._table.seen:
                if any(title.key in differ for title in self._titles_at(index)):
                    self._table.refresh_row(index)
        super().on_snapshot(snapshot)

    def on_table_moved(self) -> None:
        """Show the title under the cursor, and ask for the estimates of what is seen."""
        self.show_pane()
        if self._asking is not None:
            self._asking.stop()
        self._asking = self.set_timer(_SETTLED_S, self._ask)

    def _ask(self) -> None:
        heads = self.view.groups  # whose titles may be all there are
        seen = [
            title
            for index in self._table.seen
            if index < len(self.view.rows) and not heads.is_head(self.view.rows[index])
            for title in self._titles_at(index)
        ]
        if self.session.want_estimates(seen, ON_SCREEN):
            self.post_message(StartWorker())

    def _titles_at(self, index: int) -> Sequence[ListedTitle]:
        """Return the titles that a row stands for; none below the last row."""
        return self.view.members(self.view.rows[index]) if index < len(self.view.rows) else ()

    # Commands

    async def _chosen(self) -> Sequence[Title]:
        """Return all facts of the chosen titles; say why there are none. A thread reads many, so the screen goes on."""
        keys = [title.key for title in self.view.chosen(self._table.cursor)]
        read = self.view.titles.read
        chosen = await asyncio.to_thread(read, keys) if len(keys) > _MANY else read(keys)
        if keys and not chosen:
            self.fail("These titles cannot be read now: the state file is busy.")
        elif not keys:
            self.has_rows()
        return chosen

    def why_empty(self) -> str:
        """Return why there are no rows."""
        return empty_hint(self.view, self.session)

    def on_table_chosen(self) -> None:
        """Open the row that was clicked twice."""
        self.action_show_details()

    async def action_plan(self) -> None:
        """Show what converting the marked titles will do."""
        chosen = await self._chosen()
        if chosen:
            self.post_message(OpenPlan(chosen))

    async def action_repair(self) -> None:
        """Show what becomes of those marked titles that their target cannot load."""
        chosen = await self._chosen()
        if chosen:
            self.post_message(OpenPlan(chosen, is_repair=True))

    async def action_rename(self) -> None:
        """Show new names for the marked titles."""
        chosen = await self._chosen()
        if chosen:
            self.post_message(OpenRename(chosen))

    async def action_deploy(self) -> None:
        """Show what copying the marked titles to a device will do."""
        chosen = await self._chosen()
        if chosen:
            self.post_message(OpenDevice(chosen))

    def action_show_duplicates(self) -> None:
        """Show the copies of the discs among the marked titles, or of all."""
        if self.view.titles:
            self.post_message(OpenDuplicates(frozenset(self.view.marks)))
        else:
            self.has_rows()

    def action_show_datfiles(self) -> None:
        """Show the datfiles."""
        self.post_message(OpenDatfiles())

    async def action_identify(self) -> None:
        """Queue the decoding of the marked titles, at idle priority."""
        chosen = await self._chosen()
        requests = [
            identify_request(title.path, title.file_path, title.device, self.view.names.of(title))
            for title in chosen
            if is_identifiable(title)
        ]
        if not requests:
            if chosen:
                self.say("Nothing to identify: these images cannot be read.")
            return
        try:
            added = len([number for number in self.session.queue.add_new(requests) if number is not None])
        except DiscpressError as error:
            self.fail(str(error))
            return
        self.post_message(StartWorker())
        key = self.keys.of("show_queue")
        self.say(f"Queued {format_count(added, 'title')}. Press {key} for the queue." if added else "Queued already.")

    async def action_tune(self) -> None:
        """Choose settings for the marked titles."""
        chosen = await self._chosen()
        readable = [title for title in chosen if not title.error]
        if readable:
            self.post_message(OpenTune(readable))
        elif chosen:
            self.say(f"Nothing to tune: {chosen[0].error}")

    def action_choose_target(self) -> None:
        """Choose what plays the discs of the system of the title under the cursor."""
        from discpress.tui.dialogs.pick import PickTarget  # noqa: PLC0415 - 5 ms, once a list is opened

        row = self.title_row()
        if row is None:
            return
        system = row.system
        config = self.session.config

        def answer(name: str | None) -> None:
            if name is not None:
                self.post_message(SaveSettings(changed_target(config, system, name)))

        self.app.push_screen(PickTarget(self.view, system, target_name(config.targets, system)), answer)

    def action_bench(self) -> None:
        """Measure the title under the cursor."""
        row = self.title_row()
        title = None if row is None else self.view.titles.whole(row.key)
        if title is not None:
            self.post_message(OpenBench(title))

    def action_show_settings(self) -> None:
        """Show the settings."""
        self.post_message(OpenSettings())

    def action_rescan(self) -> None:
        """Look for new, changed and vanished images."""
        if self.view.titles or self.session.folders:
            self.post_message(Rescan())
        else:
            self.say(empty_hint(self.view, self.session))

    def action_copy_path(self) -> None:
        """Copy the path of the title to the clipboard."""
        row = self.title_row()
        if row is not None:
            self.post_message(CopyText(str(row.path)))

    def action_quit(self) -> None:
        """Leave, or ask what becomes of the jobs."""
        self.post_message(Quit())

    def go_to(self, path: Path) -> None:
        """Put the cursor on a title; a filter that hides it is taken off."""
        if self.view.index_of(path) is None:
            self.take_filter_off()
        self.view.unfold_around(path)
        if self.view.index_of(path) is not None:
            self.view.cursor_key = path
            self.show_rows()  # the emptied filter is told of later, and goes back to the title that is remembered

"""The trash: what conversions replaced; bring it back, or free its space."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from discpress.engine.convert.trash.folder import not_ours
from discpress.engine.convert.trash.listing import TrashItem, TrashListing
from discpress.engine.convert.trash.stopped import list_with_stopped
from discpress.engine.names import display_name
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.worker.trash.entries import trash_request
from discpress.tui.app.disk_queries import DiskQueries, run_detached, run_exclusive
from discpress.tui.app.session import Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.messages import CopyText
from discpress.tui.screens.marking import Marking
from discpress.tui.views.trash import COLUMNS, FILTER_HINT, TrashView, purge_question, status_line, undo_question
from discpress.tui.widgets.filter_input import FilterInput
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line, about_lines, wrapped
from discpress.tui.widgets.table import Table


class TrashScreen(Marking):
    """One row an entry, newest first; a thread looks for them in the folders of the library."""

    PLACE = Place.TRASH
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.TRASH)]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._trash = TrashView(self.view.signs)
        self._listing: TrashListing | None = None
        self._done = 0
        self._queries = DiskQueries()

    @property
    def listed(self) -> TrashView:
        """The rows that are filtered, sorted and marked."""
        return self._trash

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        yield Lines(id="status")
        yield Table(COLUMNS, self._trash, id="trash", ellipsis=self.view.signs.ellipsis)
        yield Lines(id="about")
        yield FilterInput(FILTER_HINT, id="filter")
        yield self.key_line()

    def on_mount(self) -> None:
        """Look into the folders."""
        self._table.show_sort(self._trash.sort_key, self._trash.sort_sign)
        self._table.focus()
        self.query_one("#status", Lines).show([[("looking ...", "dim")]])
        self._look()

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Look again when the worker has ended something."""
        done = sum(1 for job in snapshot.jobs if job.is_over)
        if done != self._done:
            self._done = done
            self._look()

    def _look(self) -> None:
        folders = self.view.titles.folders | set(self.session.folders)

        async def look() -> None:
            self._show(await self._queries.ask(lambda: list_with_stopped(folders), self._say_silence))

        run_exclusive(self, look, "look")

    def _say_silence(self) -> None:
        text = "a disk does not answer: what its trash holds is shown when it does"
        for status in self.query("#status").results(Lines):
            status.show([[(text, "bad")]])

    def _show(self, listing: TrashListing) -> None:
        if not self.query(Table):
            return  # the screen was left meanwhile
        self._listing = listing
        self.session.trash_count = len(listing.items)
        self.show_title_bar()
        self._trash.replace_all(listing.items)
        self._trash.marks |= self.session.offered & self._trash.items.keys()
        self.session.offered = frozenset()
        self.show_rows()

    def show_status(self) -> None:
        """Show what removing the entries would free, or what is wrong with the filter."""
        if self._listing is None:
            return
        self._table.show_empty("" if self._trash.rows else self.why_empty())
        problem: Line = [(self._problem, "bad")]
        self.query_one("#status", Lines).show([problem if self._problem else status_line(self._trash, self.size.width)])

    def why_empty(self) -> str:
        """Return why there are no rows."""
        if self._listing is None:
            return "The trash is not read yet."
        if self._trash.items:
            return f"Nothing matches: {self.keys.of('clear_filter')} takes the filter off."
        return f"The trash is empty: originals come here when a plan says so ({self.keys.of('originals')})."

    def on_table_moved(self) -> None:
        """Describe the entry under the cursor."""
        self._remember()
        item = self._item()
        lines: list[Line] = []
        if item is not None:
            said = (f"replaced by {display_name(item.entry.replacement_path)}", "normal")
            if item.entry.problem:
                said = (f"only listed: {item.entry.problem}", "bad")
            elif item.is_undo_stopped:
                said = (f"its undo was stopped: {self.keys.of('undo')} finishes it", "bad")
            elif item.undo_problem:
                said = (f"cannot be restored: {item.undo_problem}", "bad")
            lines = about_lines((display_name(item.entry.home_path), "dim"), said, self.size.width)
        elif self._listing is not None and self._listing.broken:
            lines = wrapped(str(self._listing.broken[0]), self.size.width, "bad")
        self.show_about(lines)

    def _item(self) -> TrashItem | None:
        cursor = self._table.cursor
        return self._trash.rows[cursor] if cursor < len(self._trash.rows) else None

    def _chosen(self) -> list[TrashItem]:
        """Return the marked entries, or the one under the cursor, without those of others; notify if none is left."""
        chosen = self._trash.chosen(self._table.cursor) if self.has_rows() else []
        ours = [item for item in chosen if not item.entry.problem]
        if chosen and not ours:
            entry = chosen[0].entry
            refused = not_ours(entry.folder, entry.problem)
            self.fail(f"{refused}. {refused.hint[:1].upper()}{refused.hint[1:]}.")
        return ours

    def action_undo(self) -> None:
        """Ask, then let the worker bring the originals back."""
        chosen = self._chosen()
        if chosen:
            self._ask(undo_question(chosen), TaskKind.UNDO, "Restore it" if len(chosen) == 1 else "Restore", chosen)

    def action_purge(self) -> None:
        """Ask, then let the worker prove the replacements and remove the originals for good."""
        chosen = self._chosen()
        whole = [item for item in chosen if not item.is_undo_stopped]
        if whole:
            self._ask(purge_question(whole), TaskKind.PURGE, "Remove it" if len(whole) == 1 else "Remove", whole)
        elif chosen:
            self.fail(f"Its undo was stopped. Press {self.keys.of('undo')} to finish it.")

    def action_empty_trash(self) -> None:
        """Ask, then let the worker remove all originals shown, each after its replacement is proven."""
        rows = self._trash.rows if self.has_rows() else []
        ours = [item for item in rows if not (item.entry.problem or item.is_undo_stopped)]
        if ours:
            way = f"Press {self.keys.of('purge')} to remove, escape to leave everything as it is."
            lines = [*purge_question(ours), way]
            self._ask(
                lines, TaskKind.PURGE, "Remove it" if len(ours) == 1 else f"Remove {len(ours)}", ours, has_key=True
            )
        elif self._trash.rows:
            self.say("Nothing here can be removed: these entries are only listed, or their undo was stopped.")

    def _ask(
        self, lines: list[str], kind: TaskKind, verb: str, chosen: Sequence[TrashItem], *, has_key: bool = False
    ) -> None:
        def answer(choice: str | None) -> None:
            if choice == kind:
                run_detached(self, partial(self._queue, kind, chosen))

        keep = "Leave it" if len(chosen) == 1 else "Leave them"
        self.app.push_screen(Confirm(lines, [("keep", keep), (kind, verb)], has_key=has_key), answer)

    async def _queue(self, kind: TaskKind, chosen: Sequence[TrashItem]) -> None:
        entries = [item.entry for item in chosen]
        make = partial(trash_request, kind, entries)
        if not await self.add_job(self._queries, entries[0].home_path, make, only_new=True):
            return
        self._trash.marks -= {entry.folder for entry in entries}
        self.show_rows()
        checking = "Checking the replacement" if len(entries) == 1 else f"Checking {len(entries)} replacements"
        begun = "Restoring" if kind is TaskKind.UNDO else checking
        shown = self.keys.of("show_queue")
        self.say(f"{begun} in the background. Press {shown} to follow it.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let the key that clears the filter and the marks go back if there are none."""
        if action == "clear_filter" and self.query(FilterInput):
            is_filtered = bool(self._trash.filter_text or self.query_one(FilterInput).value)
            return bool(is_filtered or self._trash.marks)
        return super().check_action(action, parameters)

    def action_copy_path(self) -> None:
        """Copy the original's path."""
        item = self._item() if self.has_rows() else None
        if item is not None:
            self.post_message(CopyText(str(item.entry.home_path)))

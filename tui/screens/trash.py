"""The trash: what conversions replaced; bring it back, or free its space."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from discpress.engine.convert.trash.folder import not_ours
from discpress.engine.convert.trash.listing import TrashItem, TrashListing, list_trash
from discpress.engine.errors import DiscpressError
from discpress.engine.names import display_name
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.units import format_size
from discpress.engine.worker.trash_job import trash_request
from discpress.tui.app.disk_queries import DiskQueries, run_detached, run_exclusive
from discpress.tui.commands import Place, bindings_at
from discpress.tui.messages import CopyPath, Notify, Refresh, StartWorker
from discpress.tui.screens.base import DiscScreen
from discpress.tui.screens.confirm import Confirm
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line, about_lines, wrapped
from discpress.tui.widgets.table import Column, Table

COLUMNS = (
    Column("name", "FILE", 20, flexible=True),
    Column("size", "SIZE", 8, right=True),
    Column("when", "SINCE", 16, rank=1),
    Column("reason", "WHY", 11, rank=2),
    Column("state", "REPLACEMENT", 11),
)


class TrashScreen(DiscScreen):
    """One row an entry, newest first; a thread looks for them in the folders of the library."""

    PLACE = Place.TRASH
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.TRASH)]

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        self._rows = _Rows()
        self._listing: TrashListing | None = None
        self._done = 0
        self._queries = DiskQueries()
        yield Lines(id="status")
        yield Table(COLUMNS, self._rows, id="trash", ellipsis=self.view.signs.ellipsis)
        yield Lines(id="about")
        yield self.key_line()

    def on_mount(self) -> None:
        """Look into the folders."""
        self.query_one(Table).focus()
        self.query_one("#status", Lines).show([[("looking ...", "dim")]])
        self._look()

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Look again when the worker has ended something."""
        done = sum(1 for job in snapshot.jobs if job.is_over)
        if done != self._done:
            self._done = done
            self._look()

    def _look(self) -> None:
        folders = {title.file_path.parent for title in self.view.titles.values()} | set(self.session.folders)

        async def look() -> None:
            self._show(await self._queries.ask(lambda: list_trash(folders), self._say_silence))

        run_exclusive(self, look, "look")

    def _say_silence(self) -> None:
        text = "a disk does not answer: what its trash holds is shown when it does"
        for status in self.query("#status").results(Lines):
            status.show([[(text, "bad")]])

    def _show(self, listing: TrashListing) -> None:
        if not self.query(Table):
            return  # the screen was left meanwhile
        self._listing = listing
        self._rows.items = list(listing.items)
        table = self.query_one(Table)
        table.show_empty(f"The trash is empty: originals come here when a plan says so ({self.keys.of('originals')}).")
        table.show_rows(table.cursor)
        count = sum(len(item.entry.files) for item in listing.items)
        freed = format_size(sum(item.freed_bytes for item in listing.items if not item.entry.problem))
        text = f"{count} {'file' if count == 1 else 'files'} in the trash; removing them would free {freed}"
        self.query_one("#status", Lines).show([[(text, "head"), (" " * self.size.width, "head")]])

    def on_table_moved(self) -> None:
        """Tell of the entry under the cursor."""
        item = self._item()
        lines: list[Line] = []
        if item is not None:
            said = (f"replaced by {display_name(item.entry.replacement_path)}", "normal")
            if item.entry.problem:
                said = (f"only listed: {item.entry.problem}", "bad")
            elif item.undo_problem:
                said = (f"cannot be brought back: {item.undo_problem}", "bad")
            lines = about_lines((display_name(item.entry.home_path), "dim"), said, self.size.width)
        elif self._listing is not None and self._listing.broken:
            lines = wrapped(str(self._listing.broken[0]), self.size.width, "bad")
        self.show_about(lines)

    def _item(self) -> TrashItem | None:
        cursor = self.query_one(Table).cursor
        return self._rows.items[cursor] if cursor < len(self._rows.items) else None

    def _item_of_ours(self) -> TrashItem | None:
        """Return the entry under the cursor if it may be worked on; say why not of one that belongs to others."""
        item = self._item()
        if item is None or not item.entry.problem:
            return item
        refused = not_ours(item.entry.folder, item.entry.problem)
        self.post_message(Notify(f"{refused}. {refused.hint[:1].upper()}{refused.hint[1:]}.", is_error=True))
        return None

    def action_undo(self) -> None:
        """Ask, then let the worker bring the original back."""
        item = self._item_of_ours()
        if item is None:
            return
        replacement = display_name(item.entry.replacement_path.name)
        moved = f"{replacement} goes into the trash in its place."
        if not item.is_replacement_there:
            moved = f"{replacement} is gone or was changed: it is left alone unless it proves to be the same."
        lines = [f"Bring {display_name(item.entry.home_path.name)} back?", moved]
        self._ask(lines, TaskKind.UNDO, "Bring it back", item)

    def action_purge(self) -> None:
        """Ask, then let the worker prove the replacement and remove the original for good."""
        item = self._item_of_ours()
        if item is None:
            return
        lines = [
            f"Remove {display_name(item.entry.home_path.name)} for good? It frees {format_size(item.freed_bytes)}.",
            "discpress decodes its replacement first. If that does not prove the same disc, the original stays.",
        ]
        self._ask(lines, TaskKind.PURGE, "Remove it", item)

    def _ask(self, lines: list[str], kind: TaskKind, verb: str, item: TrashItem) -> None:
        def answer(choice: str | None) -> None:
            if choice == kind:
                run_detached(self, partial(self._queue, kind, item))

        self.app.push_screen(Confirm(lines, [("keep", "Leave it"), (kind, verb)]), answer)

    async def _queue(self, kind: TaskKind, item: TrashItem) -> None:
        try:
            request = await self._queries.ask_with_timeout(lambda: trash_request(kind, item.entry))
            self.session.queue.add_new([request], lambda job: job.kind)
        except TimeoutError:
            self.post_message(Notify(f"{display_name(item.entry.home_path)}: its disk does not answer", is_error=True))
            return
        except DiscpressError as error:
            self.post_message(Notify(str(error), is_error=True))
            return
        self.post_message(StartWorker())
        self.post_message(Refresh())
        begun = "Restoring" if kind is TaskKind.UNDO else "Checking the replacement"
        shown = self.keys.of("show_queue")
        self.post_message(Notify(f"{begun} in the background. Press {shown} in the library to follow it."))

    def action_copy_path(self) -> None:
        """Copy the original's path."""
        item = self._item()
        if item is not None:
            self.post_message(CopyPath(item.entry.home_path))


class _Rows:
    """The entries as a table."""

    def __init__(self) -> None:
        self.items: list[TrashItem] = []

    def __len__(self) -> int:
        return len(self.items)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        item = self.items[index]
        others = len(item.entry.files) - 1
        texts = {
            "name": display_name(item.entry.name) + (f" and {others} more" if others else ""),
            "size": format_size(item.entry.size_bytes),
            "when": display_name(item.entry.trashed_at[:16].replace("T", " ")),
            "reason": display_name(item.entry.reason),
            "state": "in place" if item.is_replacement_there else "changed",
        }
        return [texts[key] for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        return "warn" if key == "state" and not self.items[index].is_replacement_there else "normal"

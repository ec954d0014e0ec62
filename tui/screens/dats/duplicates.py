"""The plan for copies of a disc: the user keeps one of each, and the worker moves the others to the trash."""

from collections.abc import Sequence, Set
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from discpress.engine.errors import DiscpressError
from discpress.engine.library.duplicates import CopyChoice, find_copies, users_of_files
from discpress.engine.library.listed import ListedTitle
from discpress.engine.library.states import TitleStates
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.trash import DuplicatesTask
from discpress.engine.queue.titles.duplicates import duplicates_request
from discpress.engine.units import format_count
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.messages import CopyText, Refresh, StartWorker
from discpress.tui.screens.base import TableScreen
from discpress.tui.views.dats.duplicates import COLUMNS, DuplicatesView, Found, disc_name, move_question
from discpress.tui.widgets.palette import Line, wrapped
from discpress.tui.widgets.table import Table


class DuplicatesScreen(TableScreen):
    """The copies of each disc, among the marked titles or in the whole library."""

    PLACE = Place.DUPLICATES
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.DUPLICATES)]

    def __init__(self, session: Session, marked: Set[bytes] = frozenset()) -> None:
        """`marked` are the titles whose discs are shown; all if there are none."""
        super().__init__(session)
        self._marked = frozenset(marked)
        self._copies = DuplicatesView()
        self._busy: frozenset[Path] = frozenset()
        self._queries = DiskQueries()

    def new_table(self) -> Table:
        """Return the table."""
        return Table(COLUMNS, self._copies, id="duplicates", ellipsis=self.view.signs.ellipsis)

    def on_mount(self) -> None:
        """Find the copies."""
        self._busy = _busy_titles(self.session.last_snapshot)
        self._find()

    def on_changes(self, changes: Changes) -> None:
        """Find the copies anew."""
        self._find()

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Find them anew if a job began or ended that keeps one."""
        busy = _busy_titles(snapshot)
        if busy != self._busy:
            self._busy = busy
            self._find()

    def _find(self) -> None:
        titles, states = list(self.view.titles.values()), self.view.states

        async def look() -> None:
            try:
                found = await self._queries.ask(lambda: self._found(titles, states))
            except DiscpressError as error:  # the state file is busy or full
                self.fail(str(error))
                return
            self._copies.show(found)
            self.show_all()

        run_exclusive(self, look, "copies")

    def _found(self, titles: Sequence[ListedTitle], states: TitleStates) -> Found:
        """Return the copies; a thread calls it, because a library may have twenty thousand titles."""
        decoded = (title.key for title in titles if states.record_of(title) is not None)
        copies = find_copies(self.view.titles.read(decoded), states)
        if self._marked:
            copies = [each for each in copies if any(title.key in self._marked for title in each.titles)]
        return Found(copies, users_of_files(self.session.store.each_title(), copies), states, self._busy)

    def lines_above(self, width: int) -> Sequence[Line]:
        """Return the totals of the copies."""
        text, style = self._copies.summary(self.keys)
        return wrapped(text, width, style)

    def lines_below(self, cursor: int, width: int) -> Sequence[Line]:
        """Describe a row."""
        return self._copies.about(cursor, width)

    def _has_rows(self) -> bool:
        if not self._copies.is_ready:
            self.say("discpress still looks for copies.")
        elif not len(self._copies):
            self.say("No disc here has several copies. Titles are compared once they are decoded.")
        return bool(len(self._copies))

    def action_keep_copy(self) -> None:
        """Keep the copy under the cursor; again: leave its disc alone."""
        if not self._has_rows():
            return
        problem = self._copies.keep(self.query_one(Table).cursor)
        if problem:
            self.say(problem)
        self.show_all()

    def action_trash_copies(self) -> None:
        """Ask, then let the worker move the other copies of the discs of which one is kept."""
        if not self._has_rows():
            return
        wanted = self._copies.wanted
        if not wanted:
            self.say(f"Nothing is chosen. Press {self.keys.of('keep_copy')} on the copy that you want to keep.")
            return

        def answer(choice: str | None) -> None:
            if choice == "move":
                self._queue(wanted)

        self.app.push_screen(Confirm(move_question(wanted), [("leave", "Leave them"), ("move", "Move")]), answer)

    def _queue(self, wanted: Sequence[CopyChoice]) -> None:
        requests = [duplicates_request(choice, disc_name(choice.copies)) for choice in wanted]
        try:
            numbers = self.session.queue.add_new(requests)
        except DiscpressError as error:
            self.fail(str(error))
            return
        self._copies.forget(wanted)
        self.show_all()
        self.post_message(StartWorker())
        self.post_message(Refresh())
        queued = format_count(sum(number is not None for number in numbers), "disc")
        self.say(f"Queued {queued}: the kept copy is decoded first. Press {self.keys.of('show_queue')} to follow it.")

    def action_copy_path(self) -> None:
        """Copy the path of the copy under the cursor."""
        path = self._copies.path_at(self.query_one(Table).cursor)
        if path is not None:
            self.post_message(CopyText(str(path)))
        elif self._has_rows():
            self.say("Move the cursor to a copy.")


def _busy_titles(snapshot: QueueSnapshot) -> frozenset[Path]:
    """Return the titles of all unfinished jobs that keep one copy of a disc."""
    tasks = [(job.path, job.task) for job in snapshot.jobs if job.is_alive and isinstance(job.task, DuplicatesTask)]
    return frozenset(path for kept, task in tasks if isinstance(task, DuplicatesTask) for path in (kept, *task.copies))

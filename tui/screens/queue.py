"""The queue on a whole screen: every job, what runs now, and what may be done with each."""

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from discpress.engine.errors import DiscpressError
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.order import Place as QueuePlace
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS
from discpress.tui.app.disk_queries import DiskQueries, run_exclusive
from discpress.tui.app.session import Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.messages import CopyText, OpenLog, Refresh, StartWorker
from discpress.tui.screens.base import DiscScreen
from discpress.tui.views.frame.queue_head import alive_batches, batch_head
from discpress.tui.views.jobs import COLUMNS, JobRows, describe_job, job_name
from discpress.tui.views.queue_space import queue_spaces, space_line
from discpress.tui.views.queue_strip import total_line
from discpress.tui.widgets.lines import Lines
from discpress.tui.widgets.palette import Line, about_lines
from discpress.tui.widgets.table import Table

_SPACE_REST_S = 5.0
"""Time between two looks at the free space while the same conversions wait."""
_MAX_SPACES = 3


class QueueScreen(DiscScreen):
    """Totals with the curve, the jobs, and two lines on the one under the cursor."""

    PLACE = Place.QUEUE
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.QUEUE)]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._rows = JobRows(self.view.name_of, is_ascii=session.is_ascii)
        self._queries = DiskQueries()
        self._asked_of: tuple[int, ...] = ()
        self._asked_at = 0.0
        self._batches: dict[str, int] = {}

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        yield Lines(id="status")
        yield Lines(id="spaces")
        yield Table(COLUMNS, self._rows, id="jobs", ellipsis=self.view.signs.ellipsis)
        yield Lines(id="about")
        yield self.key_line()

    def on_mount(self) -> None:
        """Show the queue as it is."""
        table, key = self.query_one(Table), self.keys.of("plan")
        table.focus()
        table.show_empty("The queue is empty" + (f": mark titles in the library and press {key}." if key else "."))
        self.call_after_refresh(self.on_snapshot, self.session.last_snapshot)

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Repaint what differs. The cursor follows its job; if that ends, it stays where it is, near what runs."""
        if not self.query(Table):
            return  # the screen was left meanwhile
        table = self.query_one(Table)
        before = self._rows.jobs
        chosen = before[table.cursor] if table.cursor < len(before) else None
        self._rows.set_jobs(snapshot.jobs)
        table.show_columns(self._rows.columns)
        if [job.id for job in before] == [job.id for job in self._rows.jobs]:
            for index, (old, new) in enumerate(zip(before, self._rows.jobs, strict=True)):
                if old != new:
                    table.refresh_row(index)
        else:
            row = None if chosen is None else self._rows.row_to_follow(chosen)
            table.show_rows(table.cursor if row is None else row)
        self._show_totals(snapshot)
        self._show_about()
        self._look_at_disks(snapshot)

    def _look_at_disks(self, snapshot: QueueSnapshot) -> None:
        """Ask for the free space again if other conversions wait, or after a while."""
        waiting = tuple(job.id for job in snapshot.jobs if job.is_alive and job.kind in CONVERSION_KINDS)
        now = time.monotonic()
        if waiting == self._asked_of and (not waiting or now - self._asked_at < _SPACE_REST_S):
            return
        self._asked_of, self._asked_at = waiting, now
        titles = self.view.titles

        def size_of(path: Path) -> int | None:
            title = titles.at(path)
            return None if title is None else title.file_bytes

        async def look() -> None:
            spaces = await self._queries.ask(lambda: queue_spaces(snapshot.jobs, size_of), self._show_silence)
            width, signs = self.size.width, self.view.signs
            self._show_spaces([space_line(space, width, signs) for space in spaces])

        run_exclusive(self, look, "spaces")

    def _show_silence(self) -> None:
        self._show_spaces([[("a disk does not answer: its free space is shown when it does", "bad")]])

    def _show_spaces(self, lines: Sequence[Line]) -> None:
        for block in self.query("#spaces").results(Lines):
            shown = lines[:_MAX_SPACES]
            block.display = bool(shown)
            block.show_whole(shown)

    def _show_totals(self, snapshot: QueueSnapshot) -> None:
        is_ascii, width = self.session.is_ascii, self.size.width
        lines = [total_line(snapshot, width, is_ascii=is_ascii)]
        batches = alive_batches(snapshot)
        if batches != self._batches.keys():
            with suppress(DiscpressError):  # the next poll reports it
                self._batches = self.session.queue.batch_sizes(batches)
        head = batch_head(snapshot, self._batches, self._size_of, width, time.time(), is_ascii=is_ascii)
        self.query_one("#status", Lines).show_whole([head, *lines] if head else lines)

    def _size_of(self, path: Path) -> int:
        title = self.view.titles.at(path)
        return 0 if title is None else title.original_bytes

    def _show_about(self) -> None:
        job = self._job()
        if job is None:
            self.show_about([])
        else:
            (path,), (said,) = describe_job(job)
            self.show_about(about_lines(path, said, self.size.width))

    def on_table_moved(self) -> None:
        """Tell of the job under the cursor."""
        self._show_about()

    def on_table_chosen(self) -> None:
        """Open the log of the job that was clicked twice."""
        self.action_show_log()

    def _job(self) -> Job | None:
        cursor = self.query_one(Table).cursor
        return self._rows.jobs[cursor] if cursor < len(self._rows.jobs) else None

    def _job_or_say(self) -> Job | None:
        """Return the job under the cursor; say that there is none."""
        job = self._job()
        if job is None:
            self.say("The queue is empty: there is no job here.")
        return job

    def _ask(self, jobs: list[Job], action: Action) -> None:
        try:
            done = self.session.queue.ask([job.id for job in jobs], action)
        except DiscpressError as error:
            self.fail(str(error))
            return
        if jobs and not done:
            # Another front may have been first: what is drawn is not what there is.
            now = self.session.queue.job(jobs[0].id)
            self.say(f"This job is {now.state}: you cannot {action} it.")
        self.post_message(Refresh())
        self.post_message(StartWorker())

    def action_pause(self) -> None:
        """Pause the job, or let it go on."""
        job = self._job_or_say()
        if job is not None:
            rests = job.state is JobState.PAUSED or job.wanted == Action.PAUSE
            self._ask([job], Action.RESUME if rests else Action.PAUSE)

    def action_pause_all(self) -> None:
        """Pause all jobs; resume them if all are paused already."""
        alive = [job for job in self._rows.jobs if job.is_alive]
        active = [job for job in alive if job.state is not JobState.PAUSED and job.wanted != Action.PAUSE]
        if active:
            self._ask(active, Action.PAUSE)
        elif alive:
            self._ask(alive, Action.RESUME)
        else:
            self.say("No job waits or runs: there is nothing to pause.")

    def action_cancel(self) -> None:
        """Ask, then cancel the job."""
        job = self._job_or_say()
        if job is None:
            return
        if job.is_over:
            self.say(f"This job is {job.state}: there is nothing left to cancel.")
            return
        if job.state is JobState.QUEUED and not job.attempts:
            self._ask([job], Action.CANCEL)
            return

        def answer(choice: str | None) -> None:
            if choice == "cancel":
                self._ask([job], Action.CANCEL)

        name = job_name(job, self.view.name_of)
        lines = [f"Cancel {name}?", "What it has written so far is removed; the original stays."]
        self.app.push_screen(Confirm(lines, [("keep", "Let it go on"), ("cancel", "Cancel it")]), answer)

    def action_retry(self) -> None:
        """Do it once more."""
        job = self._job_or_say()
        if job is not None:
            self._ask([job], Action.RETRY)

    def action_move_up(self) -> None:
        """Move the job one place up."""
        self._move(-1)

    def action_move_down(self) -> None:
        """Move the job one place down."""
        self._move(1)

    def _move(self, step: int) -> None:
        job = self._job_or_say()
        waiting = [each for each in self._rows.jobs if each.state in {JobState.QUEUED, JobState.PAUSED}]
        if job is None:
            return
        if job not in waiting:
            self.say(f"This job is {job.state}: only one that waits can be moved.")
            return
        place = waiting.index(job) + 1 + step
        if 1 <= place <= len(waiting):
            self._to(job, place)
        else:
            self.say(f"This job is the {'first' if step < 0 else 'last'} of those that wait already.")

    def _to(self, job: Job, place: QueuePlace) -> None:
        try:
            self.session.queue.move(job.id, place)
        except DiscpressError as error:
            self.fail(str(error))
        self.post_message(Refresh())

    def action_show_log(self) -> None:
        """Show what the job said."""
        job = self._job_or_say()
        if job is not None:
            self.post_message(OpenLog(job))

    def action_copy_path(self) -> None:
        """Copy the path of the job's file."""
        job = self._job_or_say()
        if job is not None:
            self.post_message(CopyText(str(job.path)))

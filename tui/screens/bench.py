"""The benchmark screen: throughput and seek latency of one title, measured by the worker on the title's disk."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from discpress.engine.errors import DiscpressError, from_os_error
from discpress.engine.lab.live import LiveTest, read_live
from discpress.engine.lab.options import SeekOptions, ThroughputOptions
from discpress.engine.library.listed import ListedTitle
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Action, Job
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.model import Title
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.worker.measuring.lab_job import lab_request
from discpress.tui.app.disk_queries import DiskQueries, run_detached
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.messages import OpenTune, Refresh, StartWorker
from discpress.tui.screens.base import DiscScreen
from discpress.tui.views.bench import OPTIONS, BenchChoice, csv_texts, failed_test, rate_rows, seek_rows
from discpress.tui.views.bench_lines import head_lines, rate_lines, seek_lines
from discpress.tui.widgets.lines import Lines

_OTHER_LINES = 6  # the title bar, three of the title, message and keys
_EDGES = 2
_LEAST_SEEK_LINES = 8


class BenchScreen(DiscScreen):
    """Numbers first: the newest results of the title, for the chosen candidates."""

    PLACE = Place.BENCH
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.BENCH)]

    def __init__(self, session: Session, title: Title) -> None:
        super().__init__(session)
        self._title = title
        self._choice = BenchChoice()
        self._cursor = 0
        self._found: list[Measurement] = []
        self._queries = DiskQueries()

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield self.title_bar()
        yield Lines(id="head", can_focus=True)
        with Container(id="panes"):
            yield Lines(id="rates")
            yield Lines(id="seeks")
        yield self.key_line()

    def on_mount(self) -> None:
        """Show what was measured before."""
        self.query_one("#head", Lines).focus()
        self._load()
        self.call_after_refresh(self._show)

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew."""
        self.call_after_refresh(self._show)

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Show how far a test is, and what it found."""
        self._load()
        self._show()

    def on_changes(self, changes: Changes) -> None:
        """Follow the title: its file may have become another."""
        known = self.view.titles.get(self._title.path)
        if known is None:
            self._show()
        elif known != self._title:
            self._title = known
            self._load()
            self._show()

    def _load(self) -> None:
        try:
            self._found = self.session.store.measurements(identity=self._title.identity)
        except DiscpressError as error:
            self.fail(str(error))

    # Painting

    def _show(self) -> None:
        if not self.query("#seeks"):
            return  # not there yet, or not any more
        title, choice, is_ascii = self._title, self._choice, self.session.is_ascii
        name, position = self.view.names.of(title), self._position()
        self.query_one("#head", Lines).show(head_lines(title, name, choice, self.keys, position=position))
        is_boxed = self.has_class("-boxed")  # then the panes stand side by side
        height = max(4, self.size.height - _OTHER_LINES - (_EDGES - 1 if is_boxed else 0))
        width = self.size.width // 2 - _EDGES if is_boxed else self.size.width
        rates = rate_lines(
            rate_rows(choice, self._found),
            *self._test_of(TaskKind.THROUGHPUT),
            width,
            height if is_boxed else max(4, height - _LEAST_SEEK_LINES),
            key=self.keys.of("test_throughput"),
        )
        pane = self.query_one("#rates", Lines)
        pane.styles.height = "1fr" if is_boxed else len(rates)
        pane.show_headed(rates)
        rows = seek_rows(title, choice, self._found)
        self._cursor = min(self._cursor, len(rows) - 1)
        left = height if is_boxed else height - len(rates)
        seek_key = self.keys.of("test_seek")
        test = self._test_of(TaskKind.SEEK)
        seeks = seek_lines(rows, self._cursor, *test, width, left, is_ascii=is_ascii, key=seek_key)
        self.query_one("#seeks", Lines).show_headed(seeks)

    def _position(self) -> str:
        if self._title.path not in self.view.titles:
            return "its file is gone"
        place, rows = self._place()
        return f"{place + 1} of {len(rows)}" if place is not None else ""

    def _place(self) -> tuple[int | None, Sequence[ListedTitle]]:
        """Return the place of the row that stands for the title, None if it is not shown, and the rows of titles."""
        rows, title = self.view.groups.without_heads(self.view.rows), self.view.titles.by_key(self._title.key)
        return next((place for place, row in enumerate(rows) if title in self.view.members(row)), None), rows

    def _test_of(self, kind: TaskKind) -> tuple[Job | None, LiveTest | None]:
        """Return the running test of the title and its progress; otherwise the last one, if it failed."""
        job = next((each for each in self._jobs() if each.kind is kind), None)
        if job is None:
            return failed_test(kind, self._title, self.session.last_snapshot.jobs, self._found), None
        try:
            return job, read_live(self.session.store, job.id)
        except DiscpressError:
            return job, None

    def _jobs(self) -> Sequence[Job]:
        kinds = {TaskKind.SEEK, TaskKind.THROUGHPUT}
        jobs = self.session.last_snapshot.jobs
        return [job for job in jobs if job.is_alive and job.kind in kinds and job.path == self._title.path]

    # Choosing

    def action_row_up(self) -> None:
        """Go to the row above."""
        if not self._cursor:
            self.say("This is the first image.")
        self._cursor = max(0, self._cursor - 1)
        self._show()

    def action_row_down(self) -> None:
        """Go to the row below."""
        if self._cursor + 1 >= len(seek_rows(self._title, self._choice, self._found)):
            self.say("This is the last image.")
        self._cursor += 1
        self._show()

    def action_title_next(self) -> None:
        """Take the next title of the library."""
        self._step(1)

    def action_title_before(self) -> None:
        """Take the title before."""
        self._step(-1)

    def _step(self, count: int) -> None:
        place, rows = self._place()
        step = 0 if place is None else place + count
        title = self.view.titles.whole(rows[step].key) if 0 <= step < len(rows) else None
        if title is not None:
            self._title = title
            self._load()
            self._show()
        else:
            self.say(f"This is the {'last' if count > 0 else 'first'} title of the library.")

    def action_blocks_next(self) -> None:
        """Choose the candidates."""
        self._choose("block_sizes")

    def action_form_next(self) -> None:
        """Choose the container."""
        self._choose("form")

    def action_levels_next(self) -> None:
        """Choose the levels."""
        self._choose("levels")

    def action_pattern_next(self) -> None:
        """Choose the pattern."""
        self._choose("pattern")

    def action_duration_next(self) -> None:
        """Choose the duration."""
        self._choose("duration_s")

    def _choose(self, name: str) -> None:
        option, present = OPTIONS[name], getattr(self._choice, name)

        def take(value: object) -> None:
            self._change(self._choice.of(name, value))

        self.pick(option.question, option.values, option.describe, present, take)

    def action_memory(self) -> None:
        """Test what is in memory, or what is not."""
        self._change(self._choice.toggled_warm())

    def _change(self, choice: BenchChoice) -> None:
        self._choice = choice
        self._show()

    # Doing

    def action_test_seek(self) -> None:
        """Queue a seek test."""
        self._start(self._choice.seek_options)

    def action_test_throughput(self) -> None:
        """Queue a throughput test."""
        self._start(self._choice.throughput_options)

    def action_repeat_test(self) -> None:
        """Queue the test that was measured last once more, with what is chosen now."""
        if not self._found:
            reads, rates = self.keys.of("test_seek"), self.keys.of("test_throughput")
            self.say(f"Nothing was measured yet: {reads} measures reads, {rates} throughput.")
        elif max(self._found, key=lambda each: each.at).kind is LabTest.SEEK:
            self.action_test_seek()
        else:
            self.action_test_throughput()

    def _start(self, asked: SeekOptions | ThroughputOptions) -> None:
        kind = TaskKind.SEEK if isinstance(asked, SeekOptions) else TaskKind.THROUGHPUT
        if self._title.error:
            self.fail(f"It cannot be measured: {self._title.error}")
            return
        if any(job.kind is kind for job in self._jobs()):
            self.say(f"A {kind} test of this title is under way: {self.keys.of('stop_test')} stops it.")
            return
        run_detached(self, partial(self._queue, asked))

    async def _queue(self, asked: SeekOptions | ThroughputOptions) -> None:
        path, name = self._title.path, self.view.names.of(self._title)
        await self.add_job(self._queries, path, partial(lab_request, path, asked, name))

    def action_stop_test(self) -> None:
        """Stop the tests of this title; what they have measured is kept."""
        jobs = [job.id for job in self._jobs()]
        if not jobs:
            self.say("No test of this title is under way.")
            return
        try:
            self.session.queue.ask(jobs, Action.CANCEL)
        except DiscpressError as error:
            self.fail(str(error))
        self.post_message(Refresh())
        self.post_message(StartWorker())

    def action_use_block(self) -> None:
        """Go to Tune with the block size under the cursor."""
        row = seek_rows(self._title, self._choice, self._found)[self._cursor]
        if not row.block_size or self._title.error:
            self.say("Put the cursor on a block size first: an ISO has none.")
            return
        self.post_message(OpenTune([self._title], row.block_size, self._choice.form))

    def action_export(self) -> None:
        """Write all results of this title as CSV into the state folder."""
        now = datetime.now(UTC).astimezone().strftime("%Y%m%d-%H%M%S")
        folder, names = self.session.state_folder, []
        for kind, text in csv_texts(self._found).items():
            path = folder / f"bench-{kind}-{now}.csv"
            try:
                path.write_text(text, encoding="utf-8")
            except OSError as error:
                self.fail(str(from_os_error(error, path, "write it")))
                return
            names.append(path.name)
        written = f"Written into {display_name(folder)}: {' and '.join(names)}."
        self.say(written if names else "Nothing was measured yet.")

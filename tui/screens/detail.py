"""One title on a whole screen, with what the doctor finds for a target."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType

from discpress.engine.convert.choice import target_of
from discpress.engine.discs.achievements import HASHED, achievements_at
from discpress.engine.errors import DiscpressError, UsageError, from_os_error
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Finding
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import DoctorTask, VerifyTask
from discpress.engine.store.model import Title
from discpress.engine.system.files import holder_of
from discpress.engine.systems import System
from discpress.engine.targets import ANY, TARGETS, target_for
from discpress.tui.app.disk_queries import DiskQueries, run_detached, run_exclusive
from discpress.tui.app.session import Changes, Session
from discpress.tui.commands import Place, bindings_at
from discpress.tui.dialogs.pick import PickTarget
from discpress.tui.messages import CopyText, OpenBench, OpenDevice, OpenLog, OpenPlan, OpenTune
from discpress.tui.screens.text import TextScreen
from discpress.tui.views.check import newest_check
from discpress.tui.views.details import to_copy, whole
from discpress.tui.views.labels import FILE_GONE, reason_of
from discpress.tui.widgets.palette import Line

_MOST_JOBS = 5
"""Of the title's history; `discpress history` has the rest."""
_SILENT = "its disk does not answer: the doctor looks when it does"


class DetailScreen(TextScreen):
    """Identity, file, header, estimate, findings."""

    PLACE = Place.DETAIL
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_at(Place.DETAIL)]

    def __init__(self, session: Session, path: Path) -> None:
        super().__init__(session)
        self._path = path
        self._findings: list[Finding] | None = None
        self._problem = ""
        self._queries, self._hashing = DiskQueries(), DiskQueries()
        self._achievements = ""
        title = self.view.titles.at(path)
        system, image_format = (System.UNKNOWN, None) if title is None else (title.system, title.format)
        self._target = target_for(system, image_format).name
        if title is not None:
            with suppress(UsageError):  # a target that this version lacks
                self._target = target_of(system, session.chooser.request(title), image_format).name

    def on_mount(self) -> None:
        """Show what is known, and let the doctor look."""
        super().on_mount()
        self._look()
        self._hash()

    def on_changes(self, changes: Changes) -> None:
        """Show the title as it is now."""
        self.show_text()

    def on_snapshot(self, snapshot: QueueSnapshot) -> None:
        """Show what became of its jobs."""
        if any(job.path == self._path for job in snapshot.jobs):
            self.show_text()

    def _look(self) -> None:
        self._findings, self._problem = None, ""
        target = TARGETS[self._target]

        def look() -> list[Finding]:
            return list(examine(self._path, None if target.name == ANY else target))

        async def find() -> None:
            try:
                self._found(await self._queries.ask(look, lambda: self._found([], _SILENT)), "")
            except DiscpressError as error:
                self._found([], str(error))
            except OSError as error:
                self._found([], str(from_os_error(error, self._path, "examine it")))

        run_exclusive(self, find, "doctor")

    def _hash(self) -> None:
        """Compute the RetroAchievements hash: a scan does not, because it takes some hundred reads."""
        title = self.view.titles.get(self._path)
        if title is None or title.system not in HASHED or title.known_fault is not None:
            return

        async def find() -> None:
            self._achievements = await self._hashing.ask(lambda: achievements_at(self._path))
            self.show_text()

        run_exclusive(self, find, "achievements")

    def _found(self, findings: list[Finding], problem: str) -> None:
        self._findings, self._problem = findings, problem
        self.show_text()

    def text_lines(self, width: int) -> Sequence[Line]:
        """Return all that is known."""
        title = self.view.titles.get(self._path)
        if title is None:
            return [[(FILE_GONE, "bad")]]
        try:
            history = self.session.queue.of_path(self._path, _MOST_JOBS)
            check = newest_check(self.session.queue, title, history)
            digests = self.session.store.digests.of(self._path, title.identity)
        except DiscpressError as error:
            return [[(str(error), "bad")]]
        target = TARGETS[self._target].label
        return whole(
            self.view,
            title,
            self._findings,
            target,
            history,
            width,
            self.keys,
            digests=digests,
            achievements=self._achievements,
            problem=self._problem,
            unestimated=reason_of(title, self.session.unestimated),
            check=check,
        )

    def action_target_next(self) -> None:
        """Choose the target for which the doctor examines it."""
        title = self._title_or_say()
        if title is None:
            return

        def answer(name: str | None) -> None:
            if name is not None and name != self._target:
                self._target = name
                self._look()
                self.show_text()

        self.app.push_screen(PickTarget(self.view, title.system, self._target, has_auto=False), answer)

    def action_examine(self) -> None:
        """Queue a deep examination."""
        self._queue(DoctorTask(self._target))

    def action_verify(self) -> None:
        """Queue a verification."""
        self._queue(VerifyTask())

    def _queue(self, task: DoctorTask | VerifyTask) -> None:
        run_detached(self, partial(self._ask_for, task))

    async def _ask_for(self, task: DoctorTask | VerifyTask) -> None:
        title = self.view.titles.get(self._path)

        def request() -> JobRequest:
            file_path = holder_of(self._path)
            name = "" if title is None else self.view.names.of(title)
            source = Source.of(self._path, file_path, file_path.stat().st_dev, name)
            return JobRequest(replace(task, source=source), self._path)

        if await self.add_job(DiskQueries(), self._path, request):
            self.say(f"Queued: the result will appear here. Press {self.keys.of('show_queue')} for the queue.")

    def _title_or_say(self) -> Title | None:
        """Return the title; say that it is gone."""
        title = self.view.titles.get(self._path)
        if title is None:
            self.say(FILE_GONE)
        return title

    def action_plan(self) -> None:
        """Show what converting it will do."""
        title = self._title_or_say()
        if title is not None:
            self.post_message(OpenPlan([title]))

    def action_repair(self) -> None:
        """Show what repairing it will do."""
        title = self._title_or_say()
        if title is not None:
            self.post_message(OpenPlan([title], is_repair=True))

    def action_deploy(self) -> None:
        """Show what copying it to a device will do."""
        title = self._title_or_say()
        if title is not None:
            self.post_message(OpenDevice([title]))

    def action_tune(self) -> None:
        """Choose settings for it."""
        title = self._title_or_say()
        if title is not None and title.error:
            self.say(f"Nothing to tune: {title.error}")
        elif title is not None:
            self.post_message(OpenTune([title]))

    def action_bench(self) -> None:
        """Measure it."""
        title = self._title_or_say()
        if title is not None:
            self.post_message(OpenBench(title))

    def action_show_last_log(self) -> None:
        """Show the log of its newest job."""
        jobs = [job for job in self.session.last_snapshot.jobs if job.path == self._path]
        if jobs:
            self.post_message(OpenLog(max(jobs, key=lambda job: job.id)))
        else:
            self.say("The queue has no job of this title: there is no log.")

    def action_copy_value(self) -> None:
        """Copy what the user chooses of it."""
        title = self._title_or_say()
        if title is None:
            return
        try:
            digests = self.session.store.digests.of(self._path, title.identity)
        except DiscpressError:  # the path can be copied all the same
            digests = []

        def describe(offer: tuple[str, str]) -> str:
            return f"{offer[0]}: {offer[1]}"

        def take(offer: tuple[str, str]) -> None:
            self.post_message(CopyText(offer[1]))

        offers = to_copy(title, digests, self._achievements)
        self.pick("What to copy?", offers, describe, offers[0], take)

    def action_copy_path(self) -> None:
        """Copy the path to the clipboard."""
        self.post_message(CopyText(str(self._path)))

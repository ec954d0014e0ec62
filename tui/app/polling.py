"""Keeps the session's view and the screens up to date with the state file."""

import asyncio
import gc
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from textual.app import App

from discpress.engine.errors import DiscpressError
from discpress.engine.garbage import few_collections, use_one_arena
from discpress.engine.library.arranging import Arrangement
from discpress.engine.library.listed import ListedTitle
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS, TaskKind
from discpress.engine.queue.tasks.trash import others_of
from discpress.tui.app.ended_jobs import BatchEnd, EmptyingOffer, ended_between, notification, summary_news
from discpress.tui.app.notifications import Notifier
from discpress.tui.app.remembered import load_shown
from discpress.tui.app.session import LATER, Changes, Session
from discpress.tui.app.worker_control import WorkerControl
from discpress.tui.screens.base import DiscScreen

_FIRST_TITLES = 200
"""Loaded before the first frame: more than any terminal has lines."""
_ASKED_AT_ONCE = 500
"""Titles whose estimates are asked for in one step of the loop."""
_REST = 3
"""Pause after the library was arranged, in multiples of the processor time that it took."""


class Poller:
    """Loads the library, polls for changes, and passes them on to the screens."""

    def __init__(self, app: App[int], session: Session, notifier: Notifier, worker: WorkerControl) -> None:
        self._app = app
        self._session = session
        self._notifier = notifier
        self._worker = worker
        self._loads = self._loaded = 0
        self._rests_until = 0.0
        self._was_scanning = False
        self._notified: set[Path] = set()
        self._offer = EmptyingOffer()
        self._batch = BatchEnd()
        self.send: Callable[[str], None] = lambda text: None
        """Sends a control sequence to the terminal, if there is one."""

    # The library

    def load_first(self) -> None:
        """Load what the first frame shows, as it was shown last."""
        session, view = self._session, self._session.view
        load_shown(session.state_folder, session.folders).apply(view)
        first = session.load_first(_FIRST_TITLES).titles
        view.show_arranged(view.arrange(first, session.records))
        session.is_loading = len(first) == _FIRST_TITLES

    def load_rest(self) -> None:
        """Load the whole library: after the first frame if it is a large one."""
        self._app.call_after_refresh(gc.enable)  # `open_app` has switched the collector off
        if self._session.is_loading:
            self._app.call_after_refresh(self.load)
        else:
            self.apply(self._session.load())

    def load(self) -> None:
        """Load the whole library."""
        self._read(self._session.load, is_long=True)

    def _read(self, read: Callable[[], Changes], *, is_long: bool = False) -> None:
        """Read titles and arrange the library in a thread, so that what is on the screen can be used meanwhile.

        Each reading makes thousands of records; those of a long one stay.
        """
        use_one_arena()
        self._loads += 1
        number, session, view = self._loads, self._session, self._session.view

        def run() -> None:
            began = time.thread_time()
            try:
                with few_collections():
                    changes = read()
                    titles = changes.titles if changes.is_all else view.titles.changed(changes.titles, changes.gone)
                    arranged = view.arrange(titles, session.records)
            except DiscpressError as error:
                self._app.call_from_thread(self._keep_library, number, str(error))
            else:
                rest_s = _REST * (time.thread_time() - began)
                self._app.call_from_thread(self._take_read, number, changes, arranged, rest_s)
                if is_long:
                    gc.freeze()  # or the collector goes through all of them again each time (0.1 s)

        self._app.run_worker(run, thread=True)

    def _take_read(self, number: int, changes: Changes, arranged: Arrangement, rest_s: float) -> None:
        if number < self._loads:
            return  # the library is on its way, read later or with other settings
        self._loaded = number
        self._rests_until = time.monotonic() + rest_s
        self._session.is_loading = False
        self.apply(changes, arranged)
        self._app.call_later(self.poll)  # not in one step: keys are answered in between

    def _read_jobs(self) -> Changes:
        """Read thousands of jobs that were queued at once: the next poll has them."""
        self._session.snapshot()
        return Changes()

    def _keep_library(self, number: int, problem: str) -> None:
        self._loaded = max(self._loaded, number)
        self._session.is_loading = False
        self._notifier.notify(problem, is_error=True)

    def apply(self, changes: Changes, arranged: Arrangement | None = None) -> None:
        """Let the view and the screens know what is different in the library, which may be arranged already."""
        session, view = self._session, self._session.view
        if changes.is_all or arranged is not None:
            view.show_arranged(arranged or view.arrange(changes.titles, session.records))
        elif changes.titles or changes.gone:
            view.update(changes.titles, changes.gone, session.records)
        else:
            view.set_records(session.records)
        self._each(lambda screen: screen.on_changes(changes))
        self._each(lambda screen: screen.show_title_bar())
        self._want_estimates(view.in_order if changes.is_all else changes.titles)

    def _want_estimates(self, titles: Iterable[ListedTitle]) -> None:
        """Ask for the estimates that titles lack."""
        lacking = [title for title in titles if title.shared.lacks_estimate]
        if len(lacking) > _ASKED_AT_ONCE:
            self._app.run_worker(self._want_in_steps(lacking))
        elif self._session.want_estimates(lacking, LATER):
            self._worker.start()

    async def _want_in_steps(self, titles: Sequence[ListedTitle]) -> None:
        """Ask for many estimates, a few at a time: keys are answered in between."""
        is_new = False
        for start in range(0, len(titles), _ASKED_AT_ONCE):
            some = self._session.view.titles.listed(titles[start : start + _ASKED_AT_ONCE])  # as they are by now
            is_new |= self._session.want_estimates(some, LATER)
            await asyncio.sleep(0)
        if is_new:
            self._worker.start()

    # Polling

    def poll(self) -> None:
        """Poll the state file, and tell the screens if something has changed."""
        session = self._session
        if not self._app.is_running or session.is_loading or self._loaded < self._loads:
            return  # the screens are being taken down, or the library is about to be replaced
        is_rested = time.monotonic() >= self._rests_until
        try:
            if session.queue.is_far_behind():
                self._read(self._read_jobs, is_long=True)
                return
            changes = session.poll() if is_rested else None
            snapshot = session.snapshot()
        except DiscpressError as error:
            self._notifier.notify(str(error), is_error=True)
            return
        notices = session.take_notices()
        if notices:
            self._notifier.notify("; ".join(notices))
        if changes is not None and changes.is_all:
            self.load()
        elif changes is not None and changes.unread:
            self._read(partial(session.read, changes.unread), is_long=len(changes.unread) > _ASKED_AT_ONCE)
        elif changes is not None:
            self.apply(changes)
        elif session.view.set_records(session.records) or session.is_scanning != self._was_scanning:
            self._show_scanning()
        self._was_scanning = session.is_scanning
        self._notify_of_problems()
        if snapshot is not session.polled:
            self._take_snapshot(snapshot)
        if session.view.is_stale and is_rested and self._loaded == self._loads:
            self._read(Changes)

    def _notify_of_problems(self) -> None:
        problems = self._session.problems
        if not self._notified.issuperset(problems):
            self._notified.update(problems)
            # All of them, for a notification replaces the one before: folders are searched one after the other.
            self._notifier.notify("; ".join(problems.values()), is_error=True)

    def _take_snapshot(self, snapshot: QueueSnapshot) -> None:
        ended = ended_between(self._session.polled, snapshot)
        changed = {folder for job in ended for folder in _changed_folders(job)}
        self._session.polled = snapshot
        self._notify_of_ended(ended, snapshot)
        # Each in a step of its own: a screen goes through all jobs.
        self._each(lambda screen: screen.call_later(screen.on_snapshot, snapshot))
        self._each(lambda screen: screen.call_later(screen.show_title_bar))
        if changed:
            self.scan(changed)

    def _notify_of_ended(self, ended: Sequence[Job], snapshot: QueueSnapshot) -> None:
        end = self._batch.follow(ended, snapshot)
        if end:
            self.send(notification(self._session.config.notify, end))
        offer, entries = self._offer.follow(ended, snapshot, self._session.keys)
        if offer:
            self._session.offered = entries
            self._notifier.notify(offer)
        news, is_error = summary_news(ended)
        if news:
            self._notifier.notify(news, is_error=is_error)

    def scan(self, folders: Iterable[Path] = ()) -> bool:
        """Request a scan, of all folders if none are given; False if that was refused: a notification has the error."""
        session = self._session
        wanted = folders or session.folders or session.view.titles.folders
        try:
            if session.want_scan(wanted):
                self._show_scanning()
                self._worker.start()
        except DiscpressError as error:
            self._notifier.notify(str(error), is_error=True)
            return False
        return True

    def _show_scanning(self) -> None:
        self._was_scanning = self._session.is_scanning
        self._each(lambda screen: screen.on_changes(Changes()))

    def follow_settings(self) -> None:
        """Let the screens know of changed settings."""
        self._each(lambda screen: screen.on_settings())

    def _each(self, tell: Callable[[DiscScreen], object]) -> None:
        for screen in self._app.screen_stack:
            if isinstance(screen, DiscScreen) and screen.is_mounted:
                tell(screen)


def _changed_folders(job: Job) -> set[Path]:
    """Return the folders in which a job that has ended has changed something."""
    if job.kind is TaskKind.UNDO:
        others = others_of(job.task)  # some may be restored although the job has failed
        homes = {entry.parent.parent for entry in (job.path, *others)}
        return homes if others or job.state is JobState.DONE else set()
    is_done = job.kind in CONVERSION_KINDS and job.state is JobState.DONE
    return {job.output_folder or job.file_path.parent} if is_done else set()

"""The app's access to the state file: the stored library, the queue, the background tasks."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from discpress.engine.config import Config, config_path, load_config
from discpress.engine.errors import DiscpressError, StoreError
from discpress.engine.formats import Settings
from discpress.engine.library.listed import AnyTitle, ListedTitle
from discpress.engine.library.states import Records, TitleStates
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import QueueSnapshot, WorkerState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import EstimateTask, GridTask, ScanTask
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.queue.titles.records import TitleRecords
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker
from discpress.tui.commands import Keys
from discpress.tui.views.library import LibraryView
from discpress.tui.widgets.marked_rows import ASCII_SIGNS, Signs

ON_SCREEN, LATER = 0, 10
"""Ranks of estimates: what is seen comes first."""
_MANY = 500  # changed titles that are not read at once: the screen would wait for 50 ms


class Changes(NamedTuple):
    """The changes of the library since the last poll."""

    titles: tuple[ListedTitle, ...] = ()
    """Changed or new."""
    gone: tuple[Path, ...] = ()
    """Not there any more."""
    is_all: bool = False
    """Whether `titles` are all there are, in place of those known."""
    unread: frozenset[Path] = frozenset()
    """Changed, new or gone as well, but not read yet: `Session.read` returns them."""


class Session:
    """One open state folder, for the app; `close` it."""

    def __init__(
        self,
        store: Store,
        config: Config,
        folders: Sequence[Path],
        *,
        is_read_only: bool = False,
        is_ascii: bool = False,
    ) -> None:
        """Work on an open store; `folders` are looked at, absolute; `is_ascii` draws with ASCII only."""
        self.store = store
        self.queue = JobQueue(store)
        self.background_tasks = BackgroundTasks(store)
        self.config = config
        self.chooser = Chooser.of(config)
        self.folders: tuple[Path, ...] = tuple(folders)
        self.is_read_only, self.is_ascii = is_read_only, is_ascii
        signs = ASCII_SIGNS if is_ascii else Signs()
        states = TitleStates(self.chooser.request)
        self.view = LibraryView(self.planned, signs, states, lambda paths: self.chooser.stored(self.store, paths))
        """The library's rows and marks."""
        self.records = Records()
        """The records about the titles, as of the last poll."""
        self.is_loading = False
        """Whether only the beginning of the library is in the view yet."""
        self.offered: frozenset[Path] = frozenset()
        """Entries that the app has offered to remove for good: the trash marks them when it opens."""
        self.polled: QueueSnapshot | None = None
        """The queue at the last poll."""
        self.is_scanning = False
        """Whether a scan was asked for and not done, at the last poll."""
        self.problems: Mapping[Path, str] = {}
        """Folders that could not be scanned, each with why, at the last poll."""
        self.unestimated: Mapping[Path, str] = {}
        """Titles that could not be estimated, each with why, at the last poll."""
        self.unsampled: Mapping[Path, str] = {}
        """Titles whose sizes under other settings could not be found out, each with why, at the last poll."""
        self.trash_count: int | None = None
        """Entries in the trash, as of the last look into it; None before the first one."""
        self._title_records = TitleRecords(store)
        self._change = 0
        self._version: object = None
        self._starting = threading.Lock()
        self._is_stopping = self._is_loss_told = self._is_unanswered = False
        self._watched: QueueSnapshot | None = None
        self._asked: dict[bytes, int] = {}

    @property
    def state_folder(self) -> Path:
        """The folder of the state file and the worker's log."""
        return self.store.path.parent

    @property
    def keys(self) -> Keys:
        """The keys that are valid, for what names one."""
        return Keys(self.config.keys, self.is_read_only)

    # Reading

    def load_first(self, count: int) -> Changes:
        """Return the titles whose names come first: a screen full, in a tenth of the time that all of them take."""
        titles = self.store.first_by_name(count, self.folders, self.chooser.defaults)
        self.records = self._title_records.read_past()
        return Changes(self.chooser.listed(self.store, titles), (), is_all=True)

    def load(self) -> Changes:
        """Return the whole stored library below the folders; what was asked for may have gone with an older file."""
        self._asked.clear()
        self._change = self.store.changes_since(self._change).number
        titles = self.chooser.listed(self.store, self.store.each_title(self.folders or None, self.chooser.defaults))
        self.records = self._title_records.read_past()
        return Changes(titles, (), is_all=True)

    def poll(self) -> Changes | None:
        """Return what was changed in the library since the last poll; None if nothing was (4 us).

        A background task that failed, or no longer fails, is a change without titles. Titles may be unread.
        """
        version = self.store.data_version()
        if version == self._version:
            return None
        self.is_scanning = bool(self.background_tasks.pending(TaskKind.SCAN))
        failed_before = (self.problems, self.unestimated, self.unsampled)
        self.problems = self.background_tasks.failed(TaskKind.SCAN)
        self.unestimated = self.background_tasks.failed(TaskKind.ESTIMATE)
        self.unsampled = self.background_tasks.failed(TaskKind.GRID)
        found = self.store.changes_since(self._change)
        if found.number == self._change:
            self.records = self._title_records.read_past()
            changes = None if failed_before == (self.problems, self.unestimated, self.unsampled) else Changes()
        elif found.paths is None or len(found.paths) > _MANY or self.view.is_large:
            changes = Changes(is_all=found.paths is None, unread=found.paths or frozenset())
        else:
            changes = self.read(found.paths)
        self._change, self._version = found.number, version  # not before: the next poll asks again after an error
        return changes

    def read(self, changed: Iterable[Path]) -> Changes:
        """Return what became of some titles, with what is recorded by then; any thread may call this."""
        self.records = self._title_records.read_past()
        paths = set(filter(self.holds, changed))
        titles = self.chooser.listed(self.store, self.store.titles_at(paths, self.chooser.defaults))
        return Changes(titles, tuple(paths - {title.path for title in titles}))

    def take_notices(self) -> list[str]:
        """Return what the user should know of the state file since the last time."""
        return self.store.take_notices()

    def snapshot(self) -> QueueSnapshot:
        """Return the queue; the same object while nothing in it changes."""
        return self.queue.snapshot()

    @property
    def last_snapshot(self) -> QueueSnapshot:
        """The queue at the last poll, as the screens show it; before the first one, the queue as it is."""
        return self.polled or self.snapshot()

    def planned(self, title: Title) -> Settings | None:
        """Return the settings a title would be written with, as the defaults are now; None if there are none."""
        return self.chooser.settings(title)

    def holds(self, path: Path) -> bool:
        """Return whether a path is below the folders that are looked at."""
        return not self.folders or any(path.is_relative_to(folder) for folder in self.folders)

    # Asking

    def want_estimates(self, titles: Iterable[ListedTitle], rank: int) -> bool:
        """Ask for the estimates that some titles lack; return whether there was anything new to ask for."""
        wanted = [each for each in titles if each.shared.lacks_estimate and self._asked.get(each.key, LATER + 1) > rank]
        self._asked.update((title.key, rank) for title in wanted)
        items = [(title.path, EstimateTask(self.chooser.request(title))) for title in wanted]
        try:
            self.background_tasks.ask(items, rank)
        except StoreError:  # busy or full, which other calls report: asked for again at the next look
            for title in wanted:
                self._asked.pop(title.key, None)  # a library that is loaded meanwhile forgets all of them
            return False
        return bool(items)

    def want_grid(self, title: Title, overrides: ConversionRequest) -> None:
        """Ask for the sizes of one title under every block size and level."""
        self.background_tasks.ask([(title.path, GridTask(self.chooser.with_overrides(overrides)))], ON_SCREEN)
        self.unsampled = {path: why for path, why in self.unsampled.items() if path != title.path}

    def want_scan(self, folders: Iterable[Path]) -> bool:
        """Ask for a scan of folders; return whether there were any."""
        items = [(folder, ScanTask()) for folder in folders]
        self.background_tasks.ask(items, ON_SCREEN)
        self.is_scanning |= bool(items)
        return bool(items)

    def save_overrides(self, titles: Iterable[AnyTitle], overrides: ConversionRequest | None) -> None:
        """Keep settings of some titles; None lets them follow the defaults again."""
        for title in titles:
            self._asked.pop(title.key, None)
            self.store.save_settings(title.path, overrides)

    def save_settings(self, changes: Mapping[str, object]) -> None:
        """Write settings into the user's file and follow them; StoreError where it cannot be written."""
        path = config_path(os.environ)
        from discpress.engine.config.saving import save_config  # noqa: PLC0415 - 30 ms, once something is changed

        save_config(path, changes)
        written = load_config(path)
        # What a command line option says stays above the file, unless it is what has just been changed.
        self.config = written if "targets" in changes else replace(written, targets=self.config.targets)
        self.chooser = Chooser.of(self.config)
        self.view.states.follow_settings(self.chooser.request)
        self._asked.clear()

    def start_worker(self) -> str:
        """See to it that a worker lives; return what the user should know, or why none came up. May take a while."""
        with self._starting:
            if self._is_stopping:  # what is still asked for waits for the next app
                return ""
            try:
                notice = ensure_worker(self.state_folder, self.queue.worker)
            except DiscpressError as error:
                self._is_unanswered = self._is_loss_told = True
                return str(error)
            self._is_unanswered = False
            return notice

    def stop_worker(self) -> bool:
        """End the worker, and start none any more: the app is about to end. Takes up to 10 s; False: it did not."""
        with self._starting:
            self._is_stopping = True
        with contextlib.suppress(OSError):  # the state folder takes no file: it is left to itself
            return stop_worker(self.state_folder)
        return False

    def replace_lost_worker(self) -> str:
        """Start a worker if the last one died with work left; return a warning for the user. May take a while.

        That none comes up is told once; that one lives and begins nothing, every time.
        """
        try:
            # Asked again once no worker lives: it may have taken its leave meanwhile.
            is_lost = self._has_left_work() and not is_worker_alive(self.state_folder) and self._has_left_work()
        except DiscpressError:  # the next look at the state file tells it
            return ""
        if not is_lost:
            return self._tell_of_stuck_worker()
        was_told = self._is_loss_told
        notice = self.start_worker()
        if self._is_stopping:
            return ""
        came_up = is_worker_alive(self.state_folder) or not self._has_left_work()
        loss = "The worker had ended; a new one goes on with the queue." if came_up else "The worker has ended."
        is_told = not came_up and was_told
        self._is_loss_told = not came_up
        return "" if is_told else " ".join(filter(None, (loss, notice)))

    def _tell_of_stuck_worker(self) -> str:
        """Return that the worker begins nothing though jobs wait for no reason: its process may be stopped."""
        try:
            seen, is_busy = self.snapshot(), bool(self.background_tasks.pending())
        except DiscpressError:
            return ""
        alive = [job for job in seen.jobs if job.is_alive]
        is_same, self._watched = seen is self._watched, seen
        # One that waits for room keeps its place, and the others wait behind it.
        is_stuck = is_same and all(job.state is not JobState.RUNNING and not job.waiting for job in alive)
        is_stuck = is_stuck and any(job.state is JobState.QUEUED for job in alive)
        if not is_stuck or seen.worker is None or is_busy or not is_worker_alive(self.state_folder):
            return ""
        return f"The worker, process {seen.worker.pid}, begins nothing: it may have been stopped."

    def _has_left_work(self) -> bool:
        """Return whether there is work, and by its last word a worker of this machine that is at it.

        A worker that is done, or was stopped on purpose, has recorded its end. If one was called and none came up, it
        is called again: there may be room on the disk by now.
        """
        last = self.queue.worker()
        has_gone = last is None or last.state is WorkerState.GONE or last.host != socket.gethostname()
        if has_gone and not self._is_unanswered:
            return False
        return bool(self.background_tasks.pending()) or not self.queue.is_idle()

    def close(self) -> None:
        """Take back what only this app was waiting for, and close the file."""
        with contextlib.suppress(DiscpressError):
            self.background_tasks.withdraw([TaskKind.ESTIMATE, TaskKind.GRID])
        self.store.close()

"""Finds what is old in the trash for the setting `trash_days`, once a day, and queues its removal.

The job that is queued decodes each replacement itself and keeps whatever is not proven: see `purge` and the rules in
`convert/trash/proof.py`. This module only reads, in a thread of its own, because a disk may not answer.
"""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.errors import DiscpressError
from discpress.engine.queue.jobs import ALIVE
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TRASH_KINDS, TaskKind
from discpress.engine.queue.tasks.trash import others_of
from discpress.engine.store.store import Store
from discpress.engine.system.asking import ask_aside

if TYPE_CHECKING:
    from discpress.engine.convert.trash.entry import TrashEntry

INTERVAL_S = 24 * 3600
"""Time between two of these jobs: an entry that cannot be proven is decoded once a day."""
PATIENCE_S = 60
"""A worker without other work waits at most so long for the disks."""
_BEHIND_ALL = -(10**6)
_log = logging.getLogger("discpress.worker")


@dataclass(slots=True)
class OldTrash:
    """Queues the removal of old entries; one for a manager."""

    queue: JobQueue
    """The jobs."""
    store: Store
    """The titles, whose folders are looked into."""
    read_settings: Callable[[], tuple[int | None, Iterable[Path]]]
    """Returns the setting, None if it is off, and the folders of the settings. Raises DiscpressError."""
    now: Callable[[], float] = time.time
    """Seconds since the epoch."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, from any starting point."""
    _search: "Future[list[TrashEntry]] | None" = field(default=None, init=False)
    _began_at: float = field(default=0.0, init=False)
    _next_at: float | None = field(default=None, init=False)

    @property
    def is_busy(self) -> bool:
        """Whether a worker without other work should wait for it."""
        return self._search is not None and self.clock() - self._began_at < PATIENCE_S

    def poll(self) -> bool:
        """Begin a search if one is due, or queue what it has found; return whether a job was queued."""
        if self._search is None:
            self._begin()
            return False
        if not self._search.done():
            return False
        search, self._search = self._search, None
        try:
            return self._queue(search.result())
        except (DiscpressError, OSError) as error:
            _log.warning("the trash was not searched for old entries: %s", error)
            return False

    def _begin(self) -> None:
        now = self.clock()
        if self._next_at is not None and now < self._next_at:
            return
        self._next_at = now + INTERVAL_S
        try:
            days, folders = self.read_settings()
            last = self.queue.last_automatic_purge()
        except DiscpressError as error:
            _log.warning("the trash was not searched for old entries: %s", error)
            return
        if days is None:
            return
        rest = 0.0 if last is None else INTERVAL_S - (self.now() - last)
        if 0 < rest <= INTERVAL_S:  # more than that: the clock was wrong
            self._next_at = now + rest
            return
        self._began_at = now
        self._search = ask_aside(lambda: self._find(days, {*folders}))

    def _find(self, days: int, folders: set[Path]) -> "list[TrashEntry]":
        """Return our entries that are older than some days, oldest first. Raises DiscpressError."""
        from discpress.engine.convert.trash.listing import list_trash

        homes = folders | {title.file_path.parent for title in self.store.titles()}
        entries = [item.entry for item in list_trash(homes).items if not item.entry.problem]
        now = self.now()
        ages = ((entry, entry.age_days(now)) for entry in entries)
        return sorted((entry for entry, age in ages if age is not None and age >= days), key=lambda entry: entry.id)

    def _queue(self, found: "list[TrashEntry]") -> bool:
        taken = {
            folder
            for job in self.queue.jobs(ALIVE)
            if job.kind in TRASH_KINDS
            for folder in (job.path, *others_of(job.task))
        }
        entries = [entry for entry in found if entry.folder not in taken]
        if not entries:
            return False
        from discpress.engine.worker.trash.entries import trash_request

        request = trash_request(TaskKind.PURGE, entries, is_automatic=True, idle_priority=True, priority=_BEHIND_ALL)
        self.queue.add([request])
        return True

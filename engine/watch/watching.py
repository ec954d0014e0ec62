"""All watched folders of the settings: each is looked at when its time has come."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from filelock import Timeout

from discpress.engine.config import Config
from discpress.engine.config.watch_rules import WatchRule
from discpress.engine.errors import DiscpressError, StoreError, UsageError
from discpress.engine.names import display_name
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store
from discpress.engine.system.lock_files import lock_file
from discpress.engine.watch.wakes import Wakes
from discpress.engine.watch.watcher import Report, Watcher

LOCK_NAME = "watch.lock"
POLL_S = 0.5
"""How often to ask `pause_s` anew: something may have changed meanwhile."""
SETTLE_S = 5
"""Seconds between two looks at a folder that is known to change."""


@dataclass(slots=True)
class Watching:
    """Looks at the folders of the rules in turn; one for a state folder at a time: see `watch_lock`."""

    store: Store
    """The library."""
    read_settings: Callable[[], Config]
    """Returns the settings of now. Raises DiscpressError."""
    check: Callable[[], None] = lambda: None
    """Called often; it may raise to stop."""
    every_s: int | None = None
    """Seconds between two looks, in place of those of the rules."""
    is_dry: bool = False
    """Whether nothing is queued."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, from any starting point."""
    now: Callable[[], float] = time.time
    """Seconds since the epoch."""
    _watchers: dict[Path, Watcher] = field(default_factory=dict, init=False)
    _due: dict[Path, float] = field(default_factory=dict, init=False)
    _wakes: Wakes = field(default_factory=Wakes, init=False)
    _restless: set[Path] = field(default_factory=set, init=False)
    """Folders that changed, and whose files do not stand still yet."""

    def rules(self) -> tuple[WatchRule, ...]:
        """Return the rules of the settings as they are now. Raises DiscpressError."""
        return self._follow_settings()

    def turn(self) -> Iterator[tuple[WatchRule, Report | DiscpressError]]:
        """Look at the folders whose time has come; yield what that led to, or why a folder could not be looked at."""
        for rule in self._follow_settings():
            if self.clock() < self._due.get(rule.folder, float("-inf")):
                continue
            try:
                found: Report | DiscpressError = self._watchers[rule.folder].look()
            except StoreError:
                raise
            except DiscpressError as error:
                self.check()  # a stop is no problem of the folder
                found = error
            if not (isinstance(found, Report) and found.moving):
                self._restless.discard(rule.folder)
            wait_s = min(rule.every_s, SETTLE_S) if rule.folder in self._restless else rule.every_s
            self._due[rule.folder] = self.clock() + wait_s
            yield rule, found

    def close(self) -> None:
        """Listen to no folder any more."""
        self._wakes.follow(())

    def hurry(self) -> None:
        """Let all folders be looked at in the next turn."""
        self._due.clear()

    def pause_s(self) -> float:
        """Return the seconds until the next look is due, at most 60: the settings may change."""
        for folder in self._wakes.take() & self._due.keys():
            self._restless.add(folder)
            self._due[folder] = min(self._due[folder], self.clock() + SETTLE_S)
        return min(max(min(self._due.values(), default=0.0) - self.clock(), 0.0), 60.0)

    def rest(self, wait: Callable[[float], object]) -> None:
        """Wait until the next look is due; `wait` waits so many seconds, and may raise to stop, as `check` may."""
        while (left := self.pause_s()) > 0:
            self.check()
            wait(min(left, POLL_S))

    def _follow_settings(self) -> tuple[WatchRule, ...]:
        config = self.read_settings()
        rules = tuple(replace(rule, every_s=self.every_s or rule.every_s) for rule in config.watch)
        watchers = {}
        for rule in rules:
            known = self._watchers.get(rule.folder)
            settings = (rule, config.request, config.trash)
            if known is None or (known.rule, known.defaults, known.moves_originals) != settings:
                queue = JobQueue(self.store)
                known = Watcher(
                    rule, self.store, queue, config.request, config.trash, self.check, self.now, self.is_dry
                )
            watchers[rule.folder] = known
        self._watchers = watchers
        self._wakes.follow(watchers)
        self._due = {folder: at for folder, at in self._due.items() if folder in watchers}
        return rules


@contextlib.contextmanager
def watch_lock(state_folder: Path) -> Iterator[None]:
    """Hold the lock of the one process that watches for a state folder; UsageError if another one does."""
    lock = lock_file(state_folder / LOCK_NAME, 0)
    try:
        lock.acquire()
    except Timeout:
        raise UsageError(
            f"{display_name(state_folder)}: another discpress watches the folders of these settings already",
            hint="stop it first: the watch in another terminal, or the worker of the service",
        ) from None
    try:
        yield
    finally:
        lock.release()

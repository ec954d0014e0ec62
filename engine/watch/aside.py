"""Watched folders beside the worker of `queue run`: a thread that looks at them, and what it writes into the log."""

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from discpress.engine.config import Config
from discpress.engine.config.watch_rules import WatchRule
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.names import display_name
from discpress.engine.store.store import Store
from discpress.engine.watch.watcher import Report
from discpress.engine.watch.watching import Watching, watch_lock

_AGAIN_S = 60.0
"""After a fault of the state file or the settings the folders are looked at again so many seconds later."""
_log = logging.getLogger("discpress.worker")


@contextlib.contextmanager
def watching_aside(state_folder: Path, read_settings: Callable[[], Config]) -> Iterator[None]:
    """Look at the watched folders in a thread until the block ends."""
    end = threading.Event()
    # A daemon: a disk that does not answer must not keep the worker from ending.
    thread = threading.Thread(target=_watch, args=(state_folder, read_settings, end), name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()


def _watch(state_folder: Path, read_settings: Callable[[], Config], end: threading.Event) -> None:
    try:
        with watch_lock(state_folder):
            _watch_on(state_folder, read_settings, end)
    except DiscpressError as error:
        _log.warning("no folder is watched: %s", error)
    except Exception:  # noqa: BLE001 - a fault of the watch must not look like one of the worker
        _log.exception("no folder is watched any more because of an internal error")


def _watch_on(state_folder: Path, read_settings: Callable[[], Config], end: threading.Event) -> None:
    told: dict[Path, str] = {}
    while not end.is_set():
        try:
            with Store(state_folder) as store:
                watching = Watching(store, read_settings, lambda: _raise_after(end))
                with contextlib.closing(watching):
                    _look_on(watching, end, told)
        except CancelledError:
            return
        except DiscpressError as error:
            _log.warning("watched folders: %s", error)
            end.wait(_AGAIN_S)


def _look_on(watching: Watching, end: threading.Event, told: dict[Path, str]) -> None:
    while not end.is_set():
        for rule, found in watching.turn():
            _note(rule, found, told)
        watching.rest(end.wait)


def _raise_after(end: threading.Event) -> None:
    if end.is_set():
        raise CancelledError("stopped")


def _note(rule: WatchRule, found: Report | DiscpressError, told: dict[Path, str]) -> None:
    """Write what a look led to into the log: a lasting problem once."""
    problem = str(found) if isinstance(found, DiscpressError) else found.why_stopped(rule.folder)
    if problem and told.get(rule.folder) != problem:
        _log.warning("%s", problem)
    told[rule.folder] = problem
    if isinstance(found, Report):
        for number, request, _ in found.added:
            _log.info("watched folder: job %d, %s %s", number, request.kind, display_name(request.path))
        for left in found.left:
            _log.info("watched folder: %s: left alone: %s", display_name(left.path), left.reason)

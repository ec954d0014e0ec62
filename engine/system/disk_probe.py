"""Queries to disks for the worker, which never waits for a disk that does not respond.

A network share that hangs responds to no call at all, not even stat or statvfs. Each query has its own thread, and
each disk at most one query at a time.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

from discpress.engine.names import display_name
from discpress.engine.system.asking import ask_aside, touch
from discpress.engine.system.filesystems import mount_above

T = TypeVar("T")
Disk: TypeAlias = int | Path
"""A device number, or a mount point."""

PATIENCE_S = 0.05
"""Time that the worker's loop waits for a response: an awake disk takes less than a millisecond, a share a few."""
SILENT_S = 5.0
"""After this long a disk counts as silent; shorter than the ten seconds that `queue stop` waits."""
LOOK_S = 2.0
"""Probe the disk after this long without progress."""
_MOST_KEPT = 64


class Place(NamedTuple):
    """A folder that is read or written."""

    folder: Path
    """Absolute."""
    device: int | None = None
    """The number of its disk, if recorded while the disk responded."""

    @property
    def disk(self) -> Disk:
        """The key of its disk, found without a query."""
        return mount_above(self.folder) if self.device is None else self.device

    @property
    def silence(self) -> str:
        """The message about a disk that does not respond."""
        mount = mount_above(self.folder)
        return f"{display_name(self.folder if mount == Path(mount.anchor) else mount)} does not answer"


class UnansweredError(Exception):
    """A disk has not responded yet."""


@dataclass(slots=True)
class _Question:
    what: Hashable
    answer: "Future[Any]"
    at: float
    reported: str = ""


class Disks:
    """The pending queries of a manager; used in the manager's thread only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked: dict[Disk, _Question] = {}
        self._kept: dict[Hashable, Future[Any]] = {}

    def ask(self, place: Place, what: Hashable, question: Callable[[], T]) -> T:
        """Return the result of a query about a place, or raise its exception. Raises UnansweredError if it takes long.

        A later call with the same name `what` returns the response that came meanwhile.
        """
        disk = place.disk
        asked = self._asked.get(disk)
        if asked is not None:
            if not asked.answer.done():
                raise UnansweredError
            self._put_by(disk)
        kept = self._kept.pop(what, None)
        if kept is not None:
            return cast(T, kept.result())  # of the same query
        at = self._clock()
        answer = ask_aside(question)
        if wait([answer], PATIENCE_S).not_done:
            self._asked[disk] = _Question(what, answer, at)
            raise UnansweredError
        return answer.result()

    def probe(self, place: Place) -> None:
        """Start a query whether a disk responds at all; `is_silent` has the result later."""
        disk = place.disk
        asked = self._asked.get(disk)
        if asked is not None:
            if not asked.answer.done():
                return
            self._put_by(disk)
        self._asked[disk] = _Question(("probe", disk), ask_aside(partial(touch, place.folder)), self._clock())

    def answers(self, place: Place, what: Hashable) -> bool:
        """Return whether a disk responds at once."""
        try:
            self.ask(place, what, partial(touch, place.folder))
        except UnansweredError:
            return False
        return True

    def is_asked(self, disk: Disk) -> bool:
        """Return whether a query is pending."""
        return disk in self._asked and not self._asked[disk].answer.done()

    def is_silent(self, place: Place) -> bool:
        """Return whether a query has been pending for too long."""
        disk = place.disk
        return self.is_asked(disk) and self._clock() - self._asked[disk].at >= SILENT_S

    def has_fresh(self) -> bool:
        """Return whether a query is pending that is not yet too old."""
        now = self._clock()
        return any(not each.answer.done() and now - each.at < SILENT_S for each in self._asked.values())

    def has_news(self) -> bool:
        """Return whether a disk responded late, or became silent, since the last call."""
        has_news = False
        now = self._clock()
        for each in self._asked.values():
            news = "answered" if each.answer.done() else "silent" if now - each.at >= SILENT_S else ""
            has_news |= news != each.reported
            each.reported = news
        return has_news

    def asked_devices(self) -> set[int]:
        """Return the devices with a pending query; no job starts there before they respond."""
        return {disk for disk, each in self._asked.items() if isinstance(disk, int) and not each.answer.done()}

    def _put_by(self, disk: Disk) -> None:
        asked = self._asked.pop(disk)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()  # of finished jobs; a caller can ask again
        self._kept[asked.what] = asked.answer

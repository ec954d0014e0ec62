"""What the worker asks disks, without ever waiting for one that does not answer.

A network share that hangs, other than one that fails, answers no call at all: not stat, not statvfs. Each question has
a thread of its own, and each disk at most one question at a time.
"""

from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

from discpress.engine.names import display_name
from discpress.engine.system.asking import ask_aside, touch
from discpress.engine.system.filesystems import mount_above

T = TypeVar("T")
Disk: TypeAlias = int | Path
"""A device number, or where it is mounted."""

PATIENCE_S = 0.05
"""The worker's loop waits so long for an answer: a disk that is awake takes less than a millisecond, a share a few."""
SILENT_S = 5.0
"""After so long a disk is said not to answer: `queue stop`, which waits for ten seconds, must not wait for it."""
LOOK_S = 2.0
"""Where nothing has moved for so long the disk is asked whether it answers at all."""
_MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that is read or written."""

    folder: Path
    """Absolute."""
    device: int | None = None
    """The number of its disk, where it was noted while that answered."""

    @property
    def disk(self) -> Disk:
        """What its disk goes by; nothing is asked of it."""
        return mount_above(self.folder) if self.device is None else self.device

    @property
    def silence(self) -> str:
        """What is said of a disk that does not answer."""
        mount = mount_above(self.folder)
        return f"{display_name(self.folder if mount == Path(mount.anchor) else mount)} does not answer"


class UnansweredError(Exception):
    """A disk has not answered yet."""


@dataclass(slots=True)
class _Question:
    what: Hashable
    answer: "Future[Any]"
    at: float
    told: str = ""


class Disks:
    """The questions under way; one for a manager, in whose thread it is called."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked: dict[Disk, _Question] = {}
        self._kept: dict[Hashable, Future[Any]] = {}

    def ask(self, place: Place, what: Hashable, question: Callable[[], T]) -> T:
        """Return what a question about a place comes to, or raise what it raises; UnansweredError where it takes long.

        Asked once more under the same name, `what`, it gives the answer that came meanwhile.
        """
        disk = place.disk
        asked = self._asked.get(disk)
        if asked is not None:
            if not asked.answer.done():
                raise UnansweredError
            self._put_by(disk)
        kept = self._kept.pop(what, None)
        if kept is not None:
            return cast(T, kept.result())  # of the same question
        at = self._clock()
        answer = ask_aside(question)
        if wait([answer], PATIENCE_S).not_done:
            self._asked[disk] = _Question(what, answer, at)
            raise UnansweredError
        return answer.result()

    def probe(self, place: Place) -> None:
        """Ask whether a disk answers at all; `is_silent` tells later."""
        disk = place.disk
        asked = self._asked.get(disk)
        if asked is not None:
            if not asked.answer.done():
                return
            self._put_by(disk)
        self._asked[disk] = _Question(("probe", disk), ask_aside(partial(touch, place.folder)), self._clock())

    def answers(self, place: Place, what: Hashable) -> bool:
        """Return whether a disk answers at once."""
        try:
            self.ask(place, what, partial(touch, place.folder))
        except UnansweredError:
            return False
        return True

    def is_asked(self, disk: Disk) -> bool:
        """Return whether a question is under way."""
        return disk in self._asked and not self._asked[disk].answer.done()

    def is_silent(self, place: Place) -> bool:
        """Return whether a question has been under way for too long."""
        disk = place.disk
        return self.is_asked(disk) and self._clock() - self._asked[disk].at >= SILENT_S

    def has_fresh(self) -> bool:
        """Return whether any question is under way that may well be answered yet."""
        now = self._clock()
        return any(not each.answer.done() and now - each.at < SILENT_S for each in self._asked.values())

    def has_news(self) -> bool:
        """Return whether a disk has answered late, or was silent for too long, since this was asked last."""
        has_news = False
        now = self._clock()
        for each in self._asked.values():
            news = "answered" if each.answer.done() else "silent" if now - each.at >= SILENT_S else ""
            has_news |= news != each.told
            each.told = news
        return has_news

    def asked_devices(self) -> set[int]:
        """Return the devices with a question under way: nothing is begun there before they have answered."""
        return {disk for disk, each in self._asked.items() if isinstance(disk, int) and not each.answer.done()}

    def _put_by(self, disk: Disk) -> None:
        asked = self._asked.pop(disk)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()  # of jobs that are over: whoever wants one asks again
        self._kept[asked.what] = asked.answer

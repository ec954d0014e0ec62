"""The errands that the worker is at: beside the jobs, each in a thread of its own."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.progress import Control
from discpress.engine.queue.background import Errand, ErrandKind, Errands
from discpress.engine.queue.crash_count import is_suspect
from discpress.engine.store.store import Store
from discpress.engine.system.disk_probe import LOOK_S, Disks, Place
from discpress.engine.system.files import holder_of, is_there

RunErrand: TypeAlias = Callable[[Errand, Store, int, Control], None]

_log = logging.getLogger("discpress.worker")


@dataclass(frozen=True, slots=True)
class _Run:
    """An errand that has a thread."""

    errand: Errand
    place: Place
    control: Control
    task: "asyncio.Future[None]"


class ErrandLane:
    """Starts, stops and ends errands; one for a manager, which says how many there may be."""

    def __init__(
        self, errands: Errands, store: Store, run: RunErrand, disks: Disks, clock: Callable[[], float]
    ) -> None:
        self._errands = errands
        self._store = store
        self._run = run
        self._disks = disks
        self._clock = clock
        self._asked_at = clock()
        self._runs: list[_Run] = []
        self._hanging = 0
        self.is_waiting = False
        """Whether any errand waits for a disk that does not answer."""

    def __bool__(self) -> bool:
        """Return whether any errand is under way."""
        return bool(self._runs)

    @property
    def is_working(self) -> bool:
        """Return whether any errand is under way that does not hang."""
        return len(self._runs) > self._hanging

    @property
    def is_on_trial(self) -> bool:
        """Whether one is under way at which workers died: nothing may be begun beside it."""
        return self.is_working and any(is_suspect(each.errand.worker_deaths) for each in self._runs)

    @property
    def tasks(self) -> list["asyncio.Future[None]"]:
        """The ends of those under way."""
        return [each.task for each in self._runs]

    def recover(self) -> None:
        """Take note of what killed workers were at."""
        self._errands.recover()

    def launch(self, most: int, threads: int, *, is_alone: bool) -> None:
        """Begin errands until so many are under way, with so many packing threads each.

        What hangs does not count, and nothing but a scan, which knows by itself what to do, is begun on its disk. One
        at which workers died is begun only where nothing else is at work: no job, which `is_alone` says, and no errand.
        """
        but = {each.errand.key for each in self._runs}
        self.is_waiting = False
        while len(self._runs) - self._hanging < most:
            errand = self._errands.next(but, self._disks.asked_devices())
            if errand is None:
                self.is_waiting = self._errands.pending() > len(self._runs)
                return
            if is_suspect(errand.worker_deaths) and is_alone and self.is_working:
                return  # those at work come to their end first
            but.add(errand.key)
            if is_alone or not is_suspect(errand.worker_deaths):
                self._try(errand, threads)
            if self.is_on_trial:
                return

    def _try(self, errand: Errand, threads: int) -> None:
        """Begin an errand if its disk answers; a scan finds out by itself."""
        place = self._errands.place_of(errand)
        if errand.kind is ErrandKind.SCAN or self._disks.answers(place, errand.key):
            self._begin(errand, place, threads)

    def _begin(self, errand: Errand, place: Place, threads: int) -> None:
        self._errands.begin(errand)
        control = Control()
        executor = ThreadPoolExecutor(1, f"errand-{errand.kind}")
        task = asyncio.get_running_loop().run_in_executor(executor, self._do, errand, threads, control)
        executor.shutdown(wait=False)
        self._runs.append(_Run(errand, place, control, task))

    def _do(self, errand: Errand, threads: int, control: Control) -> None:
        try:
            self._run(errand, self._store, threads, control)
        except CancelledError:
            raise
        except DiscpressError:
            # Asked here, for the disk may not answer. A file that is gone is no failure of an estimate: the next scan
            # drops it. For the rest somebody waits.
            if errand.kind is not ErrandKind.ESTIMATE or is_there(holder_of(errand.path)):
                raise

    def watch(self) -> bool:
        """Ask the disks of what is under way whether they answer; return whether that has changed for any."""
        hanging = sum(self._disks.is_silent(each.place) for each in self._runs)
        is_changed, self._hanging = hanging != self._hanging, hanging
        now = self._clock()
        if now - self._asked_at >= LOOK_S:
            self._asked_at = now
            self._probe()
        return is_changed

    def all_hang(self) -> bool:
        """Ask the disks of what does not end, and return whether none of it can: its disks do not answer."""
        self._probe()
        return all(self._disks.is_silent(each.place) for each in self._runs if not each.task.done())

    def _probe(self) -> None:
        for each in self._runs:
            if not each.task.done():
                self._disks.probe(each.place)

    def obey(self) -> None:
        """Stop what was withdrawn, or is wanted otherwise by now."""
        for each in self._runs:
            if not self._errands.is_wanted(each.errand):
                each.control.cancel()

    def suspend(self) -> None:
        """Stop all of them: they stay asked for."""
        for each in self._runs:
            each.control.suspend()

    def conclude(self) -> None:
        """Write down what became of those that have ended."""
        for each in [each for each in self._runs if each.task.done()]:
            self._runs.remove(each)
            self._end(each)

    def leave(self) -> None:
        """Say of those that hang and do not end that no worker is at them any more."""
        for each in self._runs:
            self._errands.leave(each.errand)

    def _end(self, run: _Run) -> None:
        try:
            run.task.result()
        except CancelledError:
            self._errands.leave(run.errand)  # withdrawn, replaced, or left to the next worker
            return
        except DiscpressError as error:
            self._errands.fail(run.errand, str(error))
            return
        except Exception as error:  # noqa: BLE001 - a fault of ours must not take the jobs with it
            _log.exception("errand %s of %r", run.errand.kind, run.errand.path)
            self._errands.fail(run.errand, f"internal error: {error!r}")
            return
        self._errands.done(run.errand)

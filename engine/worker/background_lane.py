"""The running background tasks: alongside the jobs, each in its own thread."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.progress import Control
from discpress.engine.queue.background import BackgroundTask, BackgroundTasks
from discpress.engine.queue.crash_count import is_suspect
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.store import Store
from discpress.engine.system.disk_probe import LOOK_S, Disks, Place
from discpress.engine.system.files import holder_of, is_there

RunBackgroundTask: TypeAlias = Callable[[BackgroundTask, Store, int, Control], None]

_log = logging.getLogger("discpress.worker")


@dataclass(frozen=True, slots=True)
class _Run:
    """A background task that has a thread."""

    background_task: BackgroundTask
    place: Place
    control: Control
    task: "asyncio.Future[None]"


class BackgroundLane:
    """Starts, stops and ends background tasks; one for a manager, which sets their number."""

    def __init__(
        self,
        background_tasks: BackgroundTasks,
        store: Store,
        run: RunBackgroundTask,
        disks: Disks,
        clock: Callable[[], float],
    ) -> None:
        self._background_tasks = background_tasks
        self._store = store
        self._run = run
        self._disks = disks
        self._clock = clock
        self._asked_at = clock()
        self._runs: list[_Run] = []
        self._hanging = 0
        self.is_waiting = False
        """Whether any background task waits for a disk that does not answer."""

    def __bool__(self) -> bool:
        """Return whether any background task is under way."""
        return bool(self._runs)

    @property
    def is_working(self) -> bool:
        """Return whether any background task is under way that does not hang."""
        return len(self._runs) > self._hanging

    @property
    def is_on_trial(self) -> bool:
        """Return whether a task is under way during which workers died: nothing may start alongside it."""
        return self.is_working and any(is_suspect(each.background_task.worker_deaths) for each in self._runs)

    @property
    def tasks(self) -> list["asyncio.Future[None]"]:
        """The ends of the tasks under way."""
        return [each.task for each in self._runs]

    def recover(self) -> None:
        """Record the tasks that killed workers had begun."""
        self._background_tasks.recover()

    def launch(self, most: int, threads: int, *, is_alone: bool) -> None:
        """Start background tasks up to a number, with so many packing threads each.

        A task that hangs does not count, and only scans, which handle that themselves, start on its disk. A task during
        which workers died starts only if nothing else runs: no job (`is_alone`) and no background task.
        """
        but = {each.background_task.key for each in self._runs}
        self.is_waiting = False
        while len(self._runs) - self._hanging < most:
            background_task = self._background_tasks.next(but, self._disks.asked_devices())
            if background_task is None:
                self.is_waiting = self._background_tasks.pending() > len(self._runs)
                return
            if is_suspect(background_task.worker_deaths) and is_alone and self.is_working:
                return  # tasks under way end first
            but.add(background_task.key)
            if is_alone or not is_suspect(background_task.worker_deaths):
                self._try(background_task, threads)
            if self.is_on_trial:
                return

    def _try(self, background_task: BackgroundTask, threads: int) -> None:
        """Start a background task if its disk answers; a scan finds out by itself."""
        place = self._background_tasks.place_of(background_task)
        if background_task.kind is TaskKind.SCAN or self._disks.answers(place, background_task.key):
            self._begin(background_task, place, threads)

    def _begin(self, background_task: BackgroundTask, place: Place, threads: int) -> None:
        self._background_tasks.begin(background_task)
        control = Control()
        executor = ThreadPoolExecutor(1, f"background-{background_task.kind}")
        task = asyncio.get_running_loop().run_in_executor(executor, self._do, background_task, threads, control)
        executor.shutdown(wait=False)
        self._runs.append(_Run(background_task, place, control, task))

    def _do(self, background_task: BackgroundTask, threads: int, control: Control) -> None:
        try:
            self._run(background_task, self._store, threads, control)
        except CancelledError:
            raise
        except DiscpressError:
            # Checked here, because the disk may not answer. A missing file is not a failed estimate: the next scan
            # drops it. For the other kinds a person waits.
            if background_task.kind is not TaskKind.ESTIMATE or is_there(holder_of(background_task.path)):
                raise

    def watch(self) -> bool:
        """Probe the disks of the tasks under way; return whether any answer has changed."""
        hanging = sum(self._disks.is_silent(each.place) for each in self._runs)
        is_changed, self._hanging = hanging != self._hanging, hanging
        now = self._clock()
        if now - self._asked_at >= LOOK_S:
            self._asked_at = now
            self._probe()
        return is_changed

    def all_hang(self) -> bool:
        """Probe the disks of tasks that do not end; return whether all hang because their disks do not answer."""
        self._probe()
        return all(self._disks.is_silent(each.place) for each in self._runs if not each.task.done())

    def _probe(self) -> None:
        for each in self._runs:
            if not each.task.done():
                self._disks.probe(each.place)

    def obey(self) -> None:
        """Stop tasks that were withdrawn or have a different request by now."""
        for each in self._runs:
            if not self._background_tasks.is_wanted(each.background_task):
                each.control.cancel()

    def suspend(self) -> None:
        """Stop all of them: they stay requested."""
        for each in self._runs:
            each.control.suspend()

    def conclude(self) -> None:
        """Record the results of those that have ended."""
        for each in [each for each in self._runs if each.task.done()]:
            self._runs.remove(each)
            self._end(each)

    def leave(self) -> None:
        """Record for tasks that hang and do not end that no worker is at them any more."""
        for each in self._runs:
            self._background_tasks.leave(each.background_task)

    def _end(self, run: _Run) -> None:
        try:
            run.task.result()
        except CancelledError:
            self._background_tasks.leave(run.background_task)  # withdrawn, replaced, or left to the next worker
            return
        except DiscpressError as error:
            self._background_tasks.fail(run.background_task, str(error))
            return
        except Exception as error:  # noqa: BLE001 - a fault of discpress must not end the jobs
            _log.exception("background task %s of %r", run.background_task.kind, run.background_task.path)
            self._background_tasks.fail(run.background_task, f"internal error: {error!r}")
            return
        self._background_tasks.done(run.background_task)

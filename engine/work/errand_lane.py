"""The errands that the worker is at: beside the jobs, each in a thread of its own."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from engine.convert.progress import Control
from engine.errors import CancelledError, DiscpressError
from engine.library.store import Store
from engine.system.files import holder_of, is_there
from engine.work.errands import Errand, ErrandKind, Errands

RunErrand: TypeAlias = Callable[[Errand, Store, int, Control], None]

_log = logging.getLogger("discpress.worker")


@dataclass(frozen=True, slots=True)
class _Run:
    """An errand that has a thread."""

    errand: Errand
    control: Control
    task: "asyncio.Future[None]"


class ErrandLane:
    """Starts, stops and ends errands; one for a manager, which says how many there may be."""

    def __init__(self, errands: Errands, store: Store, run: RunErrand) -> None:
        self._errands = errands
        self._store = store
        self._run = run
        self._runs: list[_Run] = []

    def __bool__(self) -> bool:
        """Return whether any errand is under way."""
        return bool(self._runs)

    @property
    def tasks(self) -> list["asyncio.Future[None]"]:
        """The ends of those under way."""
        return [each.task for each in self._runs]

    def launch(self, most: int, threads: int) -> None:
        """Begin errands until so many are under way, with so many packing threads each."""
        while len(self._runs) < most:
            errand = self._errands.next({each.errand.key for each in self._runs})
            if errand is None:
                return
            control = Control()
            executor = ThreadPoolExecutor(1, f"errand-{errand.kind}")
            task = asyncio.get_running_loop().run_in_executor(
                executor, self._run, errand, self._store, threads, control
            )
            executor.shutdown(wait=False)
            self._runs.append(_Run(errand, control, task))

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

    def _end(self, run: _Run) -> None:
        try:
            run.task.result()
        except CancelledError:
            return  # withdrawn, replaced, or left to the next worker
        except DiscpressError as error:
            if run.errand.kind is ErrandKind.SCAN or is_there(holder_of(run.errand.path)):
                self._errands.fail(run.errand, str(error))
                return
        except Exception as error:  # noqa: BLE001 - a fault of ours must not take the jobs with it
            _log.exception("errand %s of %r", run.errand.kind, run.errand.path)
            self._errands.fail(run.errand, f"internal error: {error!r}")
            return
        self._errands.done(run.errand)

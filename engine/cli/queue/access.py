"""The queue of one command, opened together with its worker."""

import argparse
from types import TracebackType
from typing import Self

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import open_store
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.store.worker_lock import is_worker_alive, stop_worker


class OpenQueue:
    """An open queue; a context manager. Raises StoreError if the state file or the worker is not available."""

    def __init__(self, arguments: argparse.Namespace, printer: Printer) -> None:
        self.store = open_store(arguments, printer)
        self.jobs = JobQueue(self.store)
        self.state_folder = self.store.path.parent
        self._printer = printer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.store.close()

    def is_worker_alive(self) -> bool:
        """Return whether a worker holds the lock."""
        return is_worker_alive(self.state_folder)

    def need_worker(self) -> None:
        """Start a worker if there is work and none is running."""
        if not self.jobs.is_idle() or self.jobs.abandoned():
            self.start_worker()

    def start_worker(self) -> None:
        """Start a worker if none is running, and print its warnings."""
        notice = ensure_worker(self.state_folder, self.jobs.worker)
        if notice:
            self._printer.notice(notice)

    def revive_worker(self) -> None:
        """Replace a worker that was killed; one that ended in order is not replaced."""
        if self.jobs.is_idle() or self.is_worker_alive() or self._has_taken_leave():
            return
        self._printer.notice("the worker died without being stopped; a new one continues its jobs")
        self.start_worker()

    def is_stopped(self) -> bool:
        """Return whether the last worker ended in order: idle, by `queue stop` or by SIGTERM."""
        return not self.is_worker_alive() and self._has_taken_leave()

    def _has_taken_leave(self) -> bool:
        worker = self.jobs.worker()
        return worker is not None and worker.state is WorkerState.GONE

    def stop_worker(self) -> bool:
        """Ask the worker to stop at a chunk border; return whether it has ended."""
        return stop_worker(self.state_folder)

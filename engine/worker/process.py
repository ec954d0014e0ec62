"""The worker: a background process that works through the queue of one state folder."""

import argparse
import asyncio
import contextlib
import faulthandler
import logging
import logging.handlers
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from discpress.engine.config import config_path, load_config
from discpress.engine.config.notices import Webhook
from discpress.engine.errors import DiscpressError
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.worker_process import ENDS, LOG_NAME
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import forget_stop, is_stop_wanted, is_worker_alive, worker_lock
from discpress.engine.system.processors import available_processors
from discpress.engine.worker.batch_end.batches import BatchEnds
from discpress.engine.worker.elsewhere.lane import MachineLane
from discpress.engine.worker.scheduler import IDLE_S, Manager
from discpress.engine.worker.trash.old import OldTrash

_LOG_BYTES = 1024 * 1024
_LOG_FILES = 3
_LOCK_TIMEOUT_S = 0.5  # a process that checks whether a worker lives holds the lock for a moment
_log = logging.getLogger("discpress.worker")


def main() -> int:
    """Be the worker unless one lives; return 0 after all work or a stop request, otherwise the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m discpress.engine.worker", description="Work through the discpress queue."
    )
    parser.add_argument("--state", type=Path, required=True, help="the state folder")
    parser.add_argument("--idle", type=float, default=IDLE_S, help="seconds without work after which it ends")
    arguments = parser.parse_args()
    return run_worker(arguments.state, arguments.idle)


def run_worker(state: Path, idle_s: float = IDLE_S, is_cancelled: Callable[[], bool] = lambda: False) -> int:
    """Be the worker of a state folder in this process; return as `main` does.

    `idle_s` is the time without work after which the worker ends; `is_cancelled` returns whether the caller wants it to
    stop.
    """
    faulthandler.enable()  # the log then shows the place of a native crash
    _start_log(state)
    is_first = True
    began_at = time.time()
    while True:
        try:
            with worker_lock(state, _LOCK_TIMEOUT_S) as lock:
                if is_first:
                    # A request of a process that was killed while it waited; a later one may be meant for this worker.
                    forget_stop(state, older_than=began_at)
                exit_code = 1
                try:
                    is_stopped = _work(state, idle_s, is_cancelled)
                    exit_code = 0
                except DiscpressError as error:
                    exit_code = error.exit_code
                finally:
                    _leave_no_thread(lock, exit_code)
                if exit_code:
                    return exit_code
        except Timeout:
            if is_worker_alive(state):
                return 0
            continue  # a process that checked for a worker was suspended while it held the lock
        # A client that added a job between the last poll and the lock's release saw a worker: the job must not be left.
        if is_stopped or not _has_work(state):
            return 0
        is_first = False


def _start_log(state: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(state / LOG_NAME, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES)
    handler.setFormatter(logging.Formatter("%(asctime)s %(process)d %(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)


def _work(state: Path, idle_s: float, is_cancelled: Callable[[], bool]) -> bool:
    """Run the queue until it is idle or a stop is requested; return whether it was stopped. The log has the reason."""
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    def should_stop() -> bool:
        nonlocal stopped
        # Kept, because the requester may have given up waiting by then.
        stopped = stopped or is_cancelled() or is_stop_wanted(state)
        return stopped

    async def run(manager: Manager) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, stop)
        await manager.work()

    _log.info("worker begins")
    try:
        config = load_config(config_path(os.environ))
        threads = config.threads or available_processors()
        with Store(state, is_worker=True) as store:
            queue = JobQueue(store)
            old_trash = OldTrash(queue, store, _trash_settings)
            ends = BatchEnds(queue, _notice_settings)
            manager = Manager(
                queue,
                store,
                threads,
                should_stop,
                idle_s,
                old_trash=old_trash,
                machines=MachineLane(store),
                batch_ends=ends,
            )
            asyncio.run(run(manager))
    except DiscpressError as error:
        _log.error("%s%s", ENDS, error)
        raise
    except Exception:
        _log.exception("worker ends because of an internal error")
        raise
    _log.info("%s%s", ENDS, "a stop was requested" if should_stop() else "nothing to do")
    if manager.hung:
        _log.warning("threads left behind because their storage does not answer: %d", manager.hung)
    return should_stop()


def _trash_settings() -> tuple[int | None, tuple[Path, ...]]:
    """Return the present setting of `trash_days`, and the folders of the settings. Raises StoreError."""
    config = load_config(config_path(os.environ))
    return config.trash_days, config.folders


def _notice_settings() -> tuple[tuple[str, ...], Webhook | None]:
    """Return whom the settings tell of the end of a batch. Raises StoreError."""
    config = load_config(config_path(os.environ))
    return config.on_done, config.webhook


def _leave_no_thread(lock: FileLock, exit_code: int) -> None:
    """End at once if a thread of a job still runs: Python would wait for it, alongside the next worker by then.

    The lock is released first. A thread that waits for a disk deep in the system keeps the process's files open until
    the disk answers, but does nothing after that.
    """
    if any(each is not threading.main_thread() and not each.daemon for each in threading.enumerate()):
        logging.shutdown()
        lock.release(force=True)
        os._exit(exit_code)


def _has_work(state: Path) -> bool:
    with Store(state) as store:
        return bool(BackgroundTasks(store).pending() or JobQueue(store).jobs([JobState.QUEUED, JobState.RUNNING]))

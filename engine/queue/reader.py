"""Read access to the queue in the state file: jobs, logs, history, snapshots."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from discpress.engine.errors import UsageError
from discpress.engine.queue import log_rows
from discpress.engine.queue.cache import Mirror
from discpress.engine.queue.job_rows import ALIVE_STATES, IN_ORDER, SELECT_JOBS, job_from
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.snapshot import BatchResult, History, QueueSnapshot, StoredCheckpoint, WorkerStatus
from discpress.engine.queue.tasks.kinds import CONVERSION_KINDS
from discpress.engine.store.rows.checked import safe_text
from discpress.engine.store.store import Store

_HISTORY = f"{SELECT_JOBS} WHERE state = ? AND kind IN (?, ?) ORDER BY ended_at DESC, id DESC"
_ABANDONED = "SELECT c.job FROM queue_checkpoints c JOIN queue_jobs j ON j.id = c.job WHERE j.ended_at IS NOT NULL"

# The text of a path has its quotes escaped, so that it cannot be taken for the parameter.
_LAST_AUTOMATIC_PURGE = """
SELECT MAX(created_at) FROM queue_jobs WHERE kind = 'purge' AND parameters LIKE '%"automatic": true%'
"""


class QueueReader:
    """The half of a JobQueue that writes nothing."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        """Read an open store; `now` gives seconds since the epoch."""
        self._store = store
        self._file = store.file  # the tables belong to the queue, the connection to the store
        self._now = now
        self._lock = threading.RLock()
        self._mirror = Mirror()
        self._version: tuple[int, int, int] | None = None
        self._snapshot: QueueSnapshot | None = None
        self._is_snapshot_old = False

    def data_version(self) -> tuple[int, int, int]:
        """Return a value that changes with every write to the file (4 us)."""
        return self._store.data_version()

    def last_automatic_purge(self) -> float | None:
        """Return when the last job that empties the trash by itself was queued; None if none ever was."""
        found = self._file.value(_LAST_AUTOMATIC_PURGE)
        return found if isinstance(found, float | int) else None

    def jobs(self, states: Iterable[JobState] | None = None) -> list[Job]:
        """Return the jobs in these states (None: all, the whole history) in the order in which they run."""
        if states is None:
            return self._select(f"{SELECT_JOBS} {IN_ORDER}", [])
        wanted = [str(state) for state in states]
        found = self._select(f"{SELECT_JOBS} WHERE state IN ({', '.join('?' * len(wanted))}) {IN_ORDER}", wanted)
        return [job for job in found if job.state in wanted]  # an unreadable one has failed

    def job(self, job_id: int) -> Job:
        """Return one job. Raises UsageError if there is none of that number."""
        found = self.find(job_id)
        if found is None:
            raise UsageError(f"there is no job {job_id} in the queue")
        return found

    def find(self, job_id: int) -> Job | None:
        """Return one job; None if there is none of that number."""
        return next(iter(self._select(f"{SELECT_JOBS} WHERE id = ?", [job_id])), None)

    def present(self, job_id: int) -> Job | None:
        """Return one job as `find` does; one that is unchanged is not read again."""
        with self._lock:
            self._refresh()
            job = self._mirror.of(job_id)
        return self.find(job_id) if job is None else job

    def log(self, job_id: int) -> list[str]:
        """Return the last lines of a job's log, oldest first."""
        return self._file.run(lambda connection: log_rows.read_log(connection, job_id))

    def history(self) -> History:
        """Return all finished conversions that are readable."""
        found = self._select(_HISTORY, [str(JobState.DONE), *sorted(CONVERSION_KINDS)])
        jobs = tuple(job for job in found if not job.fault)
        return History(jobs, unreadable=len(found) - len(jobs))

    def of_path(self, path: Path, count: int) -> list[Job]:
        """Return the last jobs of one image, newest first, at most `count`."""
        return self._select(f"{SELECT_JOBS} WHERE path = ? ORDER BY id DESC LIMIT ?", [os.fsencode(path), count])

    def worker(self) -> WorkerStatus | None:
        """Return the worker's last status; only its lock shows whether it lives."""
        return self._file.run(log_rows.read_worker)

    def snapshot(self, *, now: float | None = None, free_bytes: int | None = None) -> QueueSnapshot:
        """Return the queue as it is; the same object again, without reading a row, if nothing was written.

        `now` (seconds since the epoch) is the end of the curve. The generation grows if, and only if, the content
        differs from the last snapshot of this JobQueue.
        """
        now = self._now() if now is None else now
        with self._lock:
            last = self._snapshot
            self._refresh(is_whole=True)
            if last is not None and not self._is_snapshot_old and last.free_bytes == free_bytes:
                curve = last.throughput
                # While nothing happens, a curve stays until all of it is old.
                if not curve or now < curve[-1][0] + log_rows.THROUGHPUT_S:
                    return last
            mirror = self._mirror
            curve = log_rows.last_two_minutes(mirror.throughput, now)
            generation = 1 if last is None else last.generation
            seen = QueueSnapshot(generation, mirror.jobs, mirror.worker, mirror.hold, curve, mirror.totals, free_bytes)
            if last is not None:
                seen = last if seen == last else seen._replace(generation=generation + 1)
            self._snapshot, self._is_snapshot_old = seen, False
            return seen

    def is_far_behind(self) -> bool:
        """Return whether the next snapshot reads many jobs: a thread should take it, because a screen would wait."""
        with self._lock:
            return self.data_version() != self._version and self._file.run(self._mirror.is_far_behind)

    def is_idle(self) -> bool:
        """Return whether nothing is queued or running; a paused job waits for a person."""
        query = "SELECT EXISTS (SELECT 1 FROM queue_jobs WHERE state IN ('queued', 'running'))"
        return not self._file.value(query)

    def batch_result(self, batch: str) -> BatchResult:
        """Return the state of a batch. Raises UsageError if there is no such batch."""
        query = "SELECT DISTINCT state FROM queue_jobs WHERE batch = ?"

        def read(connection: sqlite3.Connection) -> tuple[set[str], str]:
            states = {state for (state,) in connection.execute(query, (batch,))}
            return states, log_rows.read_hold(connection)

        states, hold = self._file.run(read)
        if not states:
            raise UsageError(f"there is no batch {safe_text(batch)} in the queue")
        if JobState.RUNNING in states:
            return BatchResult.WORKING
        if JobState.QUEUED in states:
            return BatchResult.NO_ROOM if hold else BatchResult.WORKING
        if JobState.PAUSED in states:
            return BatchResult.PAUSED
        return BatchResult.DONE if states <= {JobState.DONE, JobState.SKIPPED} else BatchResult.FAILED

    def is_batch_alive(self, batch: str) -> bool:
        """Return whether a job of a batch is queued, running or paused."""
        query = f"SELECT EXISTS (SELECT 1 FROM queue_jobs WHERE batch = ? AND state IN ({ALIVE_STATES}))"
        return bool(self._file.value(query, (batch,)))

    def batch_sizes(self, batches: Iterable[str]) -> dict[str, int]:
        """Return how many jobs each batch has, those included that have ended."""
        query = "SELECT count(*) FROM queue_jobs WHERE batch = ?"

        def read(connection: sqlite3.Connection) -> dict[str, int]:
            return {batch: connection.execute(query, (batch,)).fetchone()[0] for batch in batches}

        return self._file.run(read)

    def runnable(self) -> list[Job]:
        """Return the queued jobs in the order in which they run; unchanged ones are not read again."""
        with self._lock:
            self._refresh()
            return [job for job in self._mirror.jobs if job.state is JobState.QUEUED]

    def wanted(self) -> dict[int, Action]:
        """Return the requests about running jobs: pause, resume (a pause is taken back) or cancel."""
        query = f"{SELECT_JOBS} WHERE state = 'running' AND wanted != '' ORDER BY id"
        return {job.id: job.wanted for job in self._select(query, []) if job.wanted}

    def checkpoint(self, job_id: int) -> StoredCheckpoint | None:
        """Return the checkpoint of a job; None if it starts at the beginning."""
        return self._file.run(lambda connection: log_rows.read_checkpoint(connection, job_id))

    def abandoned(self) -> list[int]:
        """Return finished jobs that still have a checkpoint, and so possibly a part on the disk.

        They were cancelled while not running: the worker removes the part, then calls `drop_checkpoint`.
        """
        return [job_id for (job_id,) in self._file.rows(_ABANDONED)]

    def _select(self, query: str, parameters: Sequence[str | int | bytes]) -> list[Job]:
        return [job_from(row) for row in self._file.rows(query, parameters)]

    def _refresh(self, *, is_whole: bool = False) -> None:
        """Refresh the copy, see `Mirror.refresh`, if anything in the file was written since the last time."""
        version = self.data_version()
        is_new = version != self._version
        if is_new or (is_whole and self._mirror.is_rest_old):
            self._file.run(lambda connection: self._mirror.refresh(connection, version[0], is_whole=is_whole))
        self._version = version
        self._is_snapshot_old |= is_new

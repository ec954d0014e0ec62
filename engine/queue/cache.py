"""A copy of the queue, refreshed by reading only the rows changed since the last read."""

import math
import sqlite3
from collections import Counter
from dataclasses import dataclass, field

from discpress.engine.queue.job_rows import SELECT_JOBS, SELECT_UNTOUCHED, job_from
from discpress.engine.queue.jobs import ALIVE, Job, JobState
from discpress.engine.queue.log_rows import read_hold, read_revision, read_throughput, read_worker
from discpress.engine.queue.snapshot import QueueTotals, Throughput, WorkerStatus

KEPT_OVER = 500
"""Finished jobs that a client still shows; it must not read a history of years at every start."""

_MOST_BYTES = 2**53
_OVER = ", ".join(f"'{state}'" for state in JobState if state not in ALIVE)
_SELECT_STARTED = f"{SELECT_JOBS} WHERE ended_at IS NULL AND started_at IS NOT NULL"
_SELECT_OVER = f"{SELECT_JOBS} WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, id DESC LIMIT {KEPT_OVER}"
# Rows in an unknown state, or alive although ended, are unreadable. The index by state finds them.
_SELECT_LOST = f"""
{SELECT_JOBS} WHERE id IN (SELECT id FROM queue_jobs WHERE state IS NULL OR state NOT IN ({_OVER}))
    AND ended_at IS NOT NULL
"""
_SELECT_CHANGED = f"{SELECT_JOBS} WHERE changed > ?"
_COUNT_CHANGED = "SELECT count(*) FROM (SELECT 1 FROM queue_jobs WHERE changed > ? LIMIT ?)"
# SQLite refuses a sum beyond 63 bits.
_SELECT_TOTALS = f"""
SELECT state, count(*), sum(CASE WHEN typeof(saved_bytes) = 'integer' AND saved_bytes BETWEEN -{_MOST_BYTES}
    AND {_MOST_BYTES} THEN saved_bytes ELSE 0 END) FROM queue_jobs WHERE state IN ({_OVER}) GROUP BY state
"""
_NEVER = -1
_MANY = 1000
"""Changed jobs that take 20 ms to be read."""


@dataclass(slots=True)
class Mirror:
    """One reader's copy of the queue; not for use by two threads at once."""

    jobs: tuple[Job, ...] = ()
    """All jobs that are alive, and the last finished ones, in order."""
    totals: QueueTotals = field(default_factory=QueueTotals)
    """Counts over the whole history."""
    worker: WorkerStatus | None = None
    """Its last status."""
    hold: str = ""
    """The reason no conversion starts at present."""
    throughput: Throughput = ()
    """Every stored second."""
    is_rest_old: bool = True
    """Whether anything but the jobs may have changed since it was read."""
    _revision: int = _NEVER
    _times_opened: int = _NEVER
    _by_id: dict[int, Job] = field(default_factory=dict)
    _order: list[int] = field(default_factory=list)

    def refresh(self, connection: sqlite3.Connection, times_opened: int, *, is_whole: bool) -> None:
        """Read the changes, those of more than the jobs only if `is_whole`: the worker needs no totals.

        The revision comes first: a row written meanwhile is read again, never missed.
        """
        self._refresh_jobs(connection, times_opened)
        if is_whole and self.is_rest_old:
            self.hold = read_hold(connection)
            self.totals = self._totals(connection)
            self.worker = read_worker(connection)
            self.throughput = read_throughput(connection)
            self.is_rest_old = False

    def _refresh_jobs(self, connection: sqlite3.Connection, times_opened: int) -> None:
        if times_opened != self._times_opened:  # another file: its revisions are not comparable
            self._by_id.clear()
            self._order.clear()
            self._revision, self._times_opened = _NEVER, times_opened
        revision = read_revision(connection)
        if revision == self._revision:
            return
        if revision < self._revision:  # the revision was lost, and counts from the last readable change
            self._by_id.clear()
            self._revision = _NEVER
        self._read_jobs(connection)
        self._revision = revision
        self.is_rest_old = True

    def _read_jobs(self, connection: sqlite3.Connection) -> None:
        is_first = self._revision == _NEVER
        if is_first:
            queries = (SELECT_UNTOUCHED, _SELECT_STARTED, _SELECT_LOST, _SELECT_OVER)
            rows = [row for query in queries for row in connection.execute(query)]
        else:
            rows = connection.execute(_SELECT_CHANGED, (self._revision,)).fetchall()
        moved = [self._take(job_from(row)) for row in rows]
        if self._drop_old():
            self._order = [each for each in self._order if each in self._by_id]
        if is_first or any(moved):
            self._order = [job.id for job in sorted(self._by_id.values(), key=_key)]
        if rows or is_first:
            self.jobs = tuple([self._by_id[each] for each in self._order])

    def _take(self, job: Job) -> bool:
        """Store the present state of a job; return whether its place in the order may have changed."""
        old = self._by_id.get(job.id)
        if job != old:  # an unchanged job stays the same object: comparing snapshots is then cheap
            self._by_id[job.id] = job
        return old is None or _key(old) != _key(job)

    def _drop_old(self) -> bool:
        over = [job for job in self._by_id.values() if job.state not in ALIVE]
        if len(over) <= KEPT_OVER:
            return False
        over.sort(key=lambda job: (math.inf if job.ended_at is None else job.ended_at, job.id))
        for job in over[:-KEPT_OVER]:
            del self._by_id[job.id]
        return True

    def is_far_behind(self, connection: sqlite3.Connection) -> bool:
        """Return whether many jobs have changed since the last refresh."""
        (count,) = connection.execute(_COUNT_CHANGED, (self._revision, _MANY)).fetchone()
        return bool(count == _MANY)

    def of(self, job_id: int) -> Job | None:
        """Return one job; None if it is not kept."""
        return self._by_id.get(job_id)

    @property
    def unsettled(self) -> list[Job]:
        """Unreadable jobs that the state file does not show as failed yet."""
        return [job for job in self._by_id.values() if job.is_unsettled]

    def _totals(self, connection: sqlite3.Connection) -> QueueTotals:
        """Return the counts: of jobs alive from their rows, which are all here, of finished jobs by state."""
        alive = [job for job in self._by_id.values() if job.is_alive]
        counts = Counter(str(job.state) for job in alive)
        saved_bytes = 0
        for state, count, saved in connection.execute(_SELECT_TOTALS):
            counts[state] += count
            saved_bytes += saved
        counts[JobState.FAILED] += sum(job.is_unsettled for job in self._by_id.values())
        return QueueTotals(
            **{name: counts[name] for name in map(str, JobState)},
            saved_bytes=saved_bytes,
            gain_bytes=sum(job.gain_bytes or 0 for job in alive),
        )


def _key(job: Job) -> tuple[int, float, int]:
    return -job.priority, job.position, job.id

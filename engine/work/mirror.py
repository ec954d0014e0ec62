"""The queue as last read, brought up to date by reading only what changed since."""

import sqlite3
from dataclasses import dataclass, field

from engine.work.job_rows import SELECT_JOBS, SELECT_UNTOUCHED, job_from
from engine.work.jobs import ALIVE, Job
from engine.work.notes import read_worker
from engine.work.snapshot import QueueTotals, Throughput, WorkerStatus

KEPT_OVER = 500
"""Jobs over that a front still shows; a history of years must not be read at every start."""

_SELECT_STARTED = f"{SELECT_JOBS} WHERE ended_at IS NULL AND started_at IS NOT NULL"
_SELECT_OVER = f"{SELECT_JOBS} WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, id DESC LIMIT {KEPT_OVER}"
_SELECT_CHANGED = f"{SELECT_JOBS} WHERE changed > ?"
_SELECT_TOTALS = "SELECT state, count(*), sum(saved_bytes), sum(gain_bytes) FROM queue_jobs GROUP BY state"
_NEVER = -1


@dataclass(slots=True)
class Mirror:
    """One reader's copy of the queue; not for two threads at once."""

    jobs: tuple[Job, ...] = ()
    """All that are alive and the last ones over, in order."""
    totals: QueueTotals = field(default_factory=QueueTotals)
    """Counts over the whole history."""
    worker: WorkerStatus | None = None
    """Its last word."""
    hold: str = ""
    """Why no conversion starts at present."""
    throughput: Throughput = ()
    """Every second that is kept."""
    _revision: int = _NEVER
    _times_opened: int = _NEVER
    _by_id: dict[int, Job] = field(default_factory=dict)
    _order: list[int] = field(default_factory=list)

    def refresh(self, connection: sqlite3.Connection, times_opened: int) -> None:
        """Read what is new. The revision comes first: what is written meanwhile is read again, never missed."""
        if times_opened != self._times_opened:  # another file: its revisions are not comparable
            self._by_id.clear()
            self._order.clear()
            self._revision, self._times_opened = _NEVER, times_opened
        revision, hold = connection.execute("SELECT revision, hold FROM queue_state").fetchone() or (0, "")
        if revision == self._revision:
            return
        self._read_jobs(connection)
        self.hold = hold
        self.totals = _totals(connection)
        self.worker = read_worker(connection)
        self.throughput = tuple(connection.execute("SELECT * FROM queue_throughput ORDER BY second"))
        self._revision = revision

    def _read_jobs(self, connection: sqlite3.Connection) -> None:
        is_first = self._revision == _NEVER
        if is_first:
            queries = (SELECT_UNTOUCHED, _SELECT_STARTED, _SELECT_OVER)
            rows = [row for query in queries for row in connection.execute(query)]
        else:
            rows = connection.execute(_SELECT_CHANGED, (self._revision,)).fetchall()
        is_order_new = is_first
        for job in filter(None, map(job_from, rows)):
            old = self._by_id.get(job.id)
            is_order_new |= old is None or _key(old) != _key(job)
            if job != old:  # the same object stays where nothing changed: comparing snapshots is then cheap
                self._by_id[job.id] = job
        is_order_new |= self._drop_old()
        if is_order_new:
            self._order = [job.id for job in sorted(self._by_id.values(), key=_key)]
        if rows or is_first:
            self.jobs = tuple([self._by_id[each] for each in self._order])

    def _drop_old(self) -> bool:
        over = [job for job in self._by_id.values() if job.state not in ALIVE]
        if len(over) <= KEPT_OVER:
            return False
        over.sort(key=lambda job: (job.ended_at or 0.0, job.id))
        for job in over[:-KEPT_OVER]:
            del self._by_id[job.id]
        return True


def _totals(connection: sqlite3.Connection) -> QueueTotals:
    counts: dict[str, int] = {}
    saved_bytes = gain_bytes = 0
    for state, count, saved, gain in connection.execute(_SELECT_TOTALS):
        counts[state] = count
        saved_bytes += saved
        gain_bytes += (gain or 0) if state in ALIVE else 0
    known = {name: counts.get(name, 0) for name in QueueTotals.__slots__ if name not in {"saved_bytes", "gain_bytes"}}
    return QueueTotals(**known, saved_bytes=saved_bytes, gain_bytes=gain_bytes)


def _key(job: Job) -> tuple[int, float, int]:
    return -job.priority, job.position, job.id

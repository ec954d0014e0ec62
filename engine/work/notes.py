"""What the worker writes down beside the jobs: logs, checkpoints, throughput, itself."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from engine.library.model import JsonValue
from engine.work.job_rows import safe_text
from engine.work.jobs import JobProgress
from engine.work.rates import Rates
from engine.work.snapshot import StoredCheckpoint, Throughput, WorkerState, WorkerStatus

LOG_LINES = 500
"""Lines of a job's log that are kept."""
LOG_LINE_CHARACTERS = 2000
"""Where a line of a log is cut."""
THROUGHPUT_S = 120
"""Seconds of throughput that are kept: as long as the curve."""

_APPEND = """
INSERT INTO queue_log SELECT :job, COALESCE(MAX(number), 0) + 1, :line FROM queue_log WHERE job = :job
"""
_PRUNE = (
    "DELETE FROM queue_log WHERE job = :job AND number <= (SELECT MAX(number) FROM queue_log WHERE job = :job) - :kept"
)
_ADD_SECOND = """
INSERT INTO queue_throughput VALUES (?, ?, ?) ON CONFLICT (second) DO UPDATE SET
    read_bytes = read_bytes + excluded.read_bytes, written_bytes = written_bytes + excluded.written_bytes
"""
_SET_WORKER = """
INSERT INTO queue_worker VALUES (1, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET pid = excluded.pid,
    host = excluded.host, state = excluded.state, started_at = excluded.started_at, version = excluded.version,
    schema = excluded.schema, notice = excluded.notice
WHERE (pid, host, state, started_at, version, schema, notice) IS NOT (excluded.pid, excluded.host, excluded.state,
    excluded.started_at, excluded.version, excluded.schema, excluded.notice)
"""
_PROGRESS = (
    "stage", "done_bytes", "total_bytes", "read_bytes", "packed_bytes", "read_rate", "write_rate", "eta_s",
)  # fmt: skip
_SAVE_PROGRESS = f"""
UPDATE queue_jobs SET changed = :revision, {", ".join(f"{name} = :{name}" for name in _PROGRESS)}
WHERE id = :id AND state = 'running' AND ({", ".join(_PROGRESS)}) IS NOT ({", ".join(f":{name}" for name in _PROGRESS)})
"""


def append_log(connection: sqlite3.Connection, job_id: int, line: str) -> None:
    """Add a line to a job's log and drop the oldest beyond the last 500."""
    values = {"job": job_id, "line": safe_text(line[:LOG_LINE_CHARACTERS]), "kept": LOG_LINES}
    connection.execute(_APPEND, values)
    connection.execute(_PRUNE, values)


def read_log(connection: sqlite3.Connection, job_id: int) -> list[str]:
    """Return a job's log, oldest line first."""
    rows = connection.execute("SELECT line FROM queue_log WHERE job = ? ORDER BY number", (job_id,))
    return [line for (line,) in rows]


def save_progress(connection: sqlite3.Connection, revision: int, measured: Sequence[tuple[JobProgress, Rates]]) -> None:
    """Write the counts and rates of jobs that are running."""
    values = [
        {
            "revision": revision,
            "id": progress.id,
            "stage": progress.stage,
            "done_bytes": progress.done_bytes,
            "total_bytes": progress.total_bytes,
            "read_bytes": progress.read_bytes,
            "packed_bytes": progress.packed_bytes,
            **rates._asdict(),
        }
        for progress, rates in measured
    ]
    connection.executemany(_SAVE_PROGRESS, values)


def note_throughput(connection: sqlite3.Connection, second: int, read_bytes: int, written_bytes: int) -> None:
    """Add to what was read and written in a second; the last two minutes stay.

    Seconds come in order: later ones are from before the clock was set back, and go.
    """
    connection.execute("DELETE FROM queue_throughput WHERE second <= ? OR second > ?", (second - THROUGHPUT_S, second))
    connection.execute(_ADD_SECOND, (second, read_bytes, written_bytes))


def last_two_minutes(throughput: Throughput, now: float) -> Throughput:
    """Return the seconds that the curve shows at `now`."""
    return tuple(each for each in throughput if now - THROUGHPUT_S < each[0] <= now)


def set_worker(connection: sqlite3.Connection, status: WorkerStatus) -> None:
    """Write the worker's word; where it is the last one again nothing is written."""
    values = (
        status.pid,
        safe_text(status.host),
        str(status.state),
        status.started_at,
        status.version,
        status.schema,
        safe_text(status.notice),
    )
    connection.execute(_SET_WORKER, values)


def read_worker(connection: sqlite3.Connection) -> WorkerStatus | None:
    """Return the worker's last word; None where none ever ran, or it does not read."""
    row = connection.execute(
        "SELECT pid, host, state, started_at, version, schema, notice FROM queue_worker"
    ).fetchone()
    if row is None or row[2] not in set(WorkerState):
        return None
    pid, host, state, *others = row
    return WorkerStatus(pid, host, WorkerState(state), *others)


def save_checkpoint(
    connection: sqlite3.Connection, job_id: int, facts: Mapping[str, JsonValue], head: bytes, now: float
) -> None:
    """Write down where a job can go on, in place of the last such note."""
    values = (job_id, now, json.dumps(dict(facts)), head)
    connection.execute("INSERT OR REPLACE INTO queue_checkpoints VALUES (?, ?, ?, ?)", values)


def read_checkpoint(connection: sqlite3.Connection, job_id: int) -> StoredCheckpoint | None:
    """Return where a job can go on; None where it has to begin, or the note does not read."""
    row = connection.execute("SELECT facts, head, at FROM queue_checkpoints WHERE job = ?", (job_id,)).fetchone()
    try:
        return None if row is None else StoredCheckpoint(dict(json.loads(row[0])), bytes(row[1]), row[2])
    except (ValueError, TypeError):
        return None


def drop_checkpoint(connection: sqlite3.Connection, job_id: int) -> None:
    """Forget where a job could go on."""
    connection.execute("DELETE FROM queue_checkpoints WHERE job = ?", (job_id,))

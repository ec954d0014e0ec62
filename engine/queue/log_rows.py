"""Rows of the worker next to the jobs: logs, checkpoints, throughput, its own status."""

import contextlib
import json
import sqlite3
from collections.abc import Mapping, Sequence

from discpress.engine.queue.jobs import JobProgress
from discpress.engine.queue.rates import Rates
from discpress.engine.queue.snapshot import StoredCheckpoint, Throughput, WorkerState, WorkerStatus
from discpress.engine.store.model import JsonValue
from discpress.engine.store.numbering import HIGHEST
from discpress.engine.store.rows.checked import (
    BYTES,
    NUMBER,
    TEXT,
    TIME,
    Shape,
    UnreadableError,
    integer,
    made_by,
    safe_text,
    token,
)
from discpress.engine.store.rows.plain_json import load_object, path_in

LOG_LINES = 500
"""Lines of a job's log that are stored."""
LOG_LINE_CHARACTERS = 2000
"""Length at which a line of a log is cut."""
THROUGHPUT_S = 120
"""Seconds of throughput that are stored: the length of the curve."""

# A damaged number may be anything; it must not block the next line.
_LAST_LINE = f"""
SELECT COALESCE(MAX(number), 0) FROM queue_log
WHERE job = :job AND typeof(number) = 'integer' AND number BETWEEN 0 AND {HIGHEST}
"""
_APPEND = f"INSERT OR REPLACE INTO queue_log VALUES (:job, ({_LAST_LINE}) + 1, :line)"
_PRUNE = f"DELETE FROM queue_log WHERE job = :job AND number <= ({_LAST_LINE}) - :kept"
_ADD_SECOND = "INSERT OR REPLACE INTO queue_throughput VALUES (?, ?, ?)"
_LOST_LINE = "(this line of the log cannot be read)"


def _checkpoint_facts(text: str) -> dict[str, JsonValue]:
    facts = load_object(text)
    if facts.get("output") is not None:
        path_in(facts["output"])
    return facts


_IN_A_SECOND = integer(high=HIGHEST)
_SECOND = Shape({"second": NUMBER, "read_bytes": _IN_A_SECOND, "written_bytes": _IN_A_SECOND})
_SELECT_THROUGHPUT = f"SELECT {_SECOND.select()} FROM queue_throughput ORDER BY second"
_SELECT_SECOND = f"SELECT {_SECOND.select()} FROM queue_throughput WHERE second = ?"
_WORKER = Shape(
    {
        "pid": NUMBER,
        "host": TEXT,
        "state": token({str(state): state for state in WorkerState}, WorkerState.GONE),
        "started_at": TIME,
        "version": TEXT,
        "schema": NUMBER,
        "notice": TEXT,
    }
)
_SELECT_WORKER = f"SELECT {_WORKER.select()} FROM queue_worker WHERE one = 1"
_CHECKPOINT = Shape({"facts": made_by(_checkpoint_facts, {}), "head": BYTES, "at": TIME})
_SELECT_CHECKPOINT = f"SELECT {_CHECKPOINT.select()} FROM queue_checkpoints WHERE job = ?"
_SELECT_LAST_CHANGED = f"""
SELECT COALESCE(MAX(changed), 0) FROM queue_jobs WHERE typeof(changed) = 'integer' AND changed BETWEEN 0 AND {HIGHEST}
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
    return [line if isinstance(line, str) else _LOST_LINE for (line,) in rows]


def save_progress(connection: sqlite3.Connection, revision: int, measured: Sequence[tuple[JobProgress, Rates]]) -> None:
    """Store the counts and rates of running jobs."""
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
    """Add to the bytes read and written in a second; the last two minutes are kept.

    Seconds come in order. Later ones date from before the clock was set back and are deleted.
    """
    connection.execute("DELETE FROM queue_throughput WHERE second <= ? OR second > ?", (second - THROUGHPUT_S, second))
    before = next(iter(read_throughput(connection, _SELECT_SECOND, second)), (second, 0, 0))
    connection.execute(_ADD_SECOND, (second, before[1] + read_bytes, before[2] + written_bytes))


def read_throughput(connection: sqlite3.Connection, query: str = _SELECT_THROUGHPUT, *values: int) -> Throughput:
    """Return all stored and readable seconds that a query selects, in order."""
    found = []
    for row in connection.execute(query, values):
        with contextlib.suppress(UnreadableError):
            second, read_bytes, written_bytes = _SECOND.read(row)
            found.append((second, read_bytes, written_bytes))
    return tuple(found)


def last_two_minutes(throughput: Throughput, now: float) -> Throughput:
    """Return the seconds that the curve shows at `now`."""
    return tuple(each for each in throughput if now - THROUGHPUT_S < each[0] <= now)


def set_worker(connection: sqlite3.Connection, status: WorkerStatus) -> None:
    """Store the worker's status; an unchanged one is not written."""
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
    """Return the worker's last status; None if none ever ran, or it is unreadable."""
    row = connection.execute(_SELECT_WORKER).fetchone()
    try:
        return None if row is None else WorkerStatus(*_WORKER.read(row))
    except UnreadableError:
        return None


def read_hold(connection: sqlite3.Connection) -> str:
    """Return the reason no conversion starts at present; empty if there is none, or it is unreadable."""
    (hold,) = connection.execute("SELECT hold FROM queue_state WHERE one = 1").fetchone() or ("",)
    return hold if isinstance(hold, str) else ""


def read_revision(connection: sqlite3.Connection) -> int:
    """Return the number of the queue's last change; if it is lost, that of the last changed job."""
    (revision,) = connection.execute("SELECT revision FROM queue_state WHERE one = 1").fetchone() or (None,)
    if type(revision) is int and 0 <= revision <= HIGHEST:
        return revision
    return int(connection.execute(_SELECT_LAST_CHANGED).fetchone()[0])


def save_checkpoint(
    connection: sqlite3.Connection, job_id: int, facts: Mapping[str, JsonValue], head: bytes, now: float
) -> None:
    """Store a job's checkpoint, replacing the last one."""
    values = (job_id, now, json.dumps(dict(facts)), head)
    connection.execute("INSERT OR REPLACE INTO queue_checkpoints VALUES (?, ?, ?, ?)", values)


def read_checkpoint(connection: sqlite3.Connection, job_id: int) -> StoredCheckpoint | None:
    """Return the checkpoint of a job; None if it starts at the beginning, or the checkpoint is unreadable."""
    row = connection.execute(_SELECT_CHECKPOINT, (job_id,)).fetchone()
    try:
        return None if row is None else StoredCheckpoint(*_CHECKPOINT.read(row))
    except UnreadableError:
        return None


def drop_checkpoint(connection: sqlite3.Connection, job_id: int) -> None:
    """Delete the checkpoint of a job."""
    connection.execute("DELETE FROM queue_checkpoints WHERE job = ?", (job_id,))

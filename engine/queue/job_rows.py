"""Conversion between jobs and rows of the state file.

Every cell is checked. A job with an unreadable row is still shown and can be cancelled, but counts as failed: the rest
of it is never run.
"""

import json
import os
import sqlite3
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

from discpress.engine.errors import StoreError
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import ALIVE, NO_FACTS, REQUESTS, Job, JobRequest, JobState
from discpress.engine.queue.tasks.base import NO_PARAMETERS, Cells
from discpress.engine.queue.tasks.kinds import JOB_KINDS, TaskKind
from discpress.engine.queue.tasks.records import TASKS, Task
from discpress.engine.queue.tasks.request_json import request_from, request_text
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.checked import (
    FLAG,
    LARGEST,
    NUMBER,
    PATH,
    TEXT,
    TIME,
    Row,
    Shape,
    UnreadableError,
    integer,
    made_by,
    real,
    token,
)
from discpress.engine.store.rows.plain_json import load_object


def _facts(text: str) -> Mapping[str, JsonValue]:
    return NO_FACTS if text == "{}" else MappingProxyType(load_object(text))


_BYTES_EITHER_WAY = integer(-LARGEST)
_RATE = real(high=1e15).or_null
_COUNT = integer(high=10**9)
_KINDS = {str(kind): kind for kind in JOB_KINDS}
_STATES = {str(state): state for state in JobState}
_ASKED = Shape(
    {
        "id": integer(-LARGEST - 1),
        "batch": TEXT,
        "kind": token(_KINDS, TaskKind.CONVERT),
        "state": token(_STATES, JobState.FAILED),
        "path": PATH,
        "force": FLAG,
        "idle_priority": FLAG,
        "parameters": made_by(load_object, NO_PARAMETERS),
        "priority": integer(-(10**9), 10**9),
        "position": real(-1e15, 1e15),
        "waiting": TEXT,
        "created_at": TIME,
        "output_path": PATH.or_null,
        "output_folder": PATH.or_null,
        "wish": made_by(request_from, None).or_null,
        "gain_bytes": _BYTES_EITHER_WAY.or_null,
    }
)
_HAPPENED = Shape(
    {
        "stage": TEXT,
        "done_bytes": NUMBER,
        "total_bytes": NUMBER,
        "read_bytes": NUMBER,
        "packed_bytes": NUMBER,
        "wanted": token({"": None, **{str(action): action for action in REQUESTS}}, None),
        "error_code": TEXT,
        "error_message": TEXT,
        "error_hint": TEXT,
        "result": made_by(_facts, NO_FACTS),
        "saved_bytes": _BYTES_EITHER_WAY,
        "attempts": _COUNT,
        "worker_deaths": _COUNT,
        "read_rate": _RATE,
        "write_rate": _RATE,
        "eta_s": TIME.or_null,
        "exit_code": integer(-(2**31), 2**31).or_null,
        "started_at": TIME.or_null,
        "ended_at": TIME.or_null,
    }
)
_ROOM = len(_ASKED)
WAITING = _ASKED.part("id", "priority", "position", "gain_bytes")
"""The columns that decide the order in which jobs run."""
_NOTHING_HAPPENED: list[Any] = ["", 0, 0, 0, 0, None, "", "", "", NO_FACTS, 0, 0, 0, *(None,) * 6]
_COLUMNS = (*_ASKED.names, *_HAPPENED.names)
_TASK_COLUMNS = itemgetter(
    *(_ASKED.names.index(name) for name in ("kind", "parameters", "wish", "output_path", "output_folder"))
)
_STARTED_AT, _ENDED_AT = _COLUMNS.index("started_at"), _COLUMNS.index("ended_at")
_VALUES = ("task", *_COLUMNS)
# By position: names would cost a third more time.
_AS_A_JOB = itemgetter(*(_VALUES.index(name) for name in Job._fields if name in _VALUES))

ALIVE_STATES = ", ".join(f"'{state}'" for state in ALIVE)
"""The states of jobs that are not over, as SQL."""
SELECT_JOBS = f"SELECT {_ASKED.select()}, {_HAPPENED.select()} FROM queue_jobs"
SELECT_UNTOUCHED = f"SELECT {_ASKED.select()} FROM queue_jobs WHERE ended_at IS NULL AND started_at IS NULL"
"""Jobs that wait for their first start, which are most: half the columns take half the time."""
IN_ORDER = "ORDER BY priority DESC, position, id"
_SELECT_ALIVE = f"{SELECT_JOBS} WHERE path = ? AND kind = ? AND ended_at IS NULL"
ADD_JOB = f"""
INSERT INTO queue_jobs (id, changed, batch, kind, state, path, output_path, output_folder, wish, force, idle_priority,
    parameters, priority, position, gain_bytes, created_at) VALUES ({", ".join("?" * 16)})
"""


def is_queued(connection: sqlite3.Connection, request: JobRequest, *, by_kind: bool) -> bool:
    """Return whether an unfinished job of the request's kind on its file does the same; `by_kind`: whatever it does."""
    rows = connection.execute(_SELECT_ALIVE, (_path_value(request.path), str(request.kind)))
    work = request.task.work
    return any(job.is_alive and (by_kind or job.task.work == work) for job in map(job_from, rows))


def job_row(request: JobRequest, number: int, revision: int, batch: str, position: float, now: float) -> Row:
    """Return the values of ADD_JOB."""
    cells = request.task.to_cells()
    return (
        number,
        revision,
        batch,
        str(request.kind),
        str(JobState.QUEUED),
        _path_value(request.path),
        _path_value(cells.output_path),
        _path_value(cells.output_folder),
        None if cells.request is None else request_text(cells.request),
        request.force,
        request.idle_priority,
        json.dumps(dict(cells.parameters)),
        request.priority,
        position,
        request.gain_bytes,
        now,
    )


def job_from(row: Row) -> Job:
    """Return the job of a row of SELECT_JOBS or SELECT_UNTOUCHED; with a `fault` if the row is unreadable."""
    try:
        asked = _ASKED.read(row[:_ROOM])
        happened = _HAPPENED.read(row[_ROOM:]) if _has_begun(row) else _NOTHING_HAPPENED
        task = _task_in(asked)
    except UnreadableError:
        return _salvage(row)
    job = Job(*_AS_A_JOB([task, *asked, *happened]))
    return job if job.is_alive is (job.ended_at is None) else _salvage(row)


def _task_in(asked: Sequence[Any]) -> Task:
    """Return the task in the values of _ASKED. Raises UnreadableError if its kind does not accept them."""
    kind, *cells = _TASK_COLUMNS(asked)
    try:
        return TASKS[kind].from_cells(Cells(*cells))
    except (ValueError, TypeError) as error:
        raise UnreadableError("parameters") from error


def _has_begun(row: Row) -> bool:
    """Return whether a job was started or is over: before that the rest of its row means nothing."""
    return len(row) > _ROOM and (row[_STARTED_AT] is not None or row[_ENDED_AT] is not None)


def _salvage(row: Row) -> Job:
    """Return the readable part of a job: over if it was over, otherwise failed, but not ended yet."""
    asked, faults = _ASKED.salvage(row[:_ROOM])
    happened, more = _HAPPENED.salvage(row[_ROOM:]) if _has_begun(row) else (_NOTHING_HAPPENED, [])
    faults += more
    try:
        task = _task_in(asked)
    except UnreadableError as refused:
        faults += [] if "kind" in faults else [refused.column]
        kind, _, *cells = _TASK_COLUMNS(asked)
        task = TASKS[kind].from_cells(Cells(NO_PARAMETERS, *cells))
    fault = f"its entry in the state file cannot be read ({', '.join(faults or ['ended_at'])})"
    job = Job(*_AS_A_JOB([task, *asked, *happened]))._replace(fault=fault)
    if job.is_over and "state" not in faults:
        return job if job.ended_at is not None else job._replace(ended_at=job.started_at or job.created_at)
    error = unreadable(job.id, job.path, fault)
    return job._replace(
        state=JobState.FAILED,
        waiting="",
        wanted=None,
        error_code=error.code,
        error_message=str(error),
        error_hint=error.hint,
        exit_code=error.exit_code,
        read_rate=None,
        write_rate=None,
        eta_s=None,
        ended_at=None,
    )


def unreadable(job_id: int, path: Path, fault: str) -> StoreError:
    """Return the error of a job whose row is unreadable."""
    return StoreError(
        f"{display_name(path)}: job {job_id} cannot be run: {fault}",
        hint="queue it again, or retry it with the version of discpress that queued it",
    )


def _path_value(path: Path | None) -> bytes | None:
    # The worker's working directory is `/`: a relative path is relative to the client's working directory.
    return None if path is None else os.fsencode(os.path.abspath(path))  # noqa: PTH100 - links stay as written

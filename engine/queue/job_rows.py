"""Conversion between jobs and rows of the state file.

Every cell is checked. A job with an unreadable row is still shown and can be cancelled, but counts as failed: the rest
of it is never run.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

from discpress.engine.convert.digests import ALWAYS, ON_REQUEST
from discpress.engine.convert.plan import ConversionRequest
from discpress.engine.errors import StoreError
from discpress.engine.formats import HIGHEST_LEVEL
from discpress.engine.images.registry import is_block_size
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import ARCHIVE, NAME, NO_FACTS, WISHES, Job, JobKind, JobRequest, JobState
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
from discpress.engine.store.rows.plain_json import fields_in, load_object, path_in, texts_in

_CHECKSUMS = "checksums"
_DEVICES = ("device", "output_device")


@lru_cache(maxsize=1024)
def request_text(asked: ConversionRequest) -> str:
    """Return a request as JSON that `request_from` converts back."""
    return json.dumps({each.name: _plain(getattr(asked, each.name)) for each in fields(ConversionRequest)})


# A queue has few different requests; sharing them halves the time to read 5,000 jobs.
@lru_cache(maxsize=1024)
def request_from(text: str) -> ConversionRequest:
    """Return the request in a JSON text; a missing choice has its default.

    Raises ValueError or TypeError if it is malformed, and for a choice unknown to this release, because a choice must
    not be dropped silently.
    """
    values = load_object(text)
    asked = ConversionRequest(**{**values, **fields_in(ConversionRequest, values)})
    is_allowed = (
        (asked.block_size is None or is_block_size(asked.block_size))
        and (asked.level is None or asked.level <= HIGHEST_LEVEL)
        and (asked.alignment is None or (asked.alignment > 0 and asked.alignment & (asked.alignment - 1) == 0))
        and {*asked.digests} <= {*ON_REQUEST}
    )
    if not is_allowed:
        raise ValueError("out of range")
    return asked


@lru_cache(maxsize=1024)
def _parameters(text: str) -> Mapping[str, JsonValue]:
    """Return a job's parameters besides its request. Raises ValueError for a value that the worker does not accept."""
    found = load_object(text)
    if ARCHIVE in found:
        path_in(found[ARCHIVE])
    if any(type(found[name]) is not int for name in _DEVICES if name in found) or type(found.get(NAME, "")) is not str:
        raise ValueError("of another type")
    if _CHECKSUMS in found and not {*texts_in(found[_CHECKSUMS])} <= {*ALWAYS, *ON_REQUEST}:
        raise ValueError("out of range")
    return MappingProxyType(found)


def _facts(text: str) -> Mapping[str, JsonValue]:
    return NO_FACTS if text == "{}" else MappingProxyType(load_object(text))


_BYTES_EITHER_WAY = integer(-LARGEST)
_RATE = real(high=1e15).or_null
_COUNT = integer(high=10**9)
_KINDS = {str(kind): kind for kind in JobKind}
_STATES = {str(state): state for state in JobState}
_ASKED = Shape(
    {
        "id": integer(-LARGEST - 1),
        "batch": TEXT,
        "kind": token(_KINDS, JobKind.CONVERT),
        "state": token(_STATES, JobState.FAILED),
        "path": PATH,
        "force": FLAG,
        "idle_priority": FLAG,
        "parameters": made_by(_parameters, NO_FACTS),
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
        "wanted": token({"": "", **{str(action): str(action) for action in WISHES}}, ""),
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
_NOTHING_HAPPENED: list[Any] = ["", 0, 0, 0, 0, "", "", "", "", NO_FACTS, 0, 0, 0, *(None,) * 6]
_COLUMNS = (*_ASKED.names, *_HAPPENED.names)
_STARTED_AT, _ENDED_AT = _COLUMNS.index("started_at"), _COLUMNS.index("ended_at")
_COLUMN_OF = {"request": "wish"}
"""Columns whose names in older state files differ from the field."""
_JOB_COLUMNS = [_COLUMN_OF.get(each.name, each.name) for each in fields(Job)]
# By position: names would cost a third more time.
_AS_A_JOB = itemgetter(*(_COLUMNS.index(name) for name in _JOB_COLUMNS if name in _COLUMNS))

SELECT_JOBS = f"SELECT {_ASKED.select()}, {_HAPPENED.select()} FROM queue_jobs"
SELECT_UNTOUCHED = f"SELECT {_ASKED.select()} FROM queue_jobs WHERE ended_at IS NULL AND started_at IS NULL"
"""Jobs that wait for their first start, which are most: half the columns take half the time."""
IN_ORDER = "ORDER BY priority DESC, position, id"
_SELECT_ALIVE = f"{SELECT_JOBS} WHERE path = ? AND kind = ? AND ended_at IS NULL"
ADD_JOB = f"""
INSERT INTO queue_jobs (id, changed, batch, kind, state, path, output_path, output_folder, wish, force, idle_priority,
    parameters, priority, position, gain_bytes, created_at) VALUES ({", ".join("?" * 16)})
"""


def is_queued(
    connection: sqlite3.Connection, request: JobRequest, work_of: Callable[[Job | JobRequest], object]
) -> bool:
    """Return whether an unfinished job of the request's kind on its file is the same by `work_of`."""
    rows = connection.execute(_SELECT_ALIVE, (_path_value(request.path), str(request.kind)))
    work = work_of(request)
    return any(job.is_alive and work_of(job) == work for job in map(job_from, rows))


def job_row(request: JobRequest, number: int, revision: int, batch: str, position: float, now: float) -> Row:
    """Return the values of ADD_JOB."""
    return (
        number,
        revision,
        batch,
        str(request.kind),
        str(JobState.QUEUED),
        _path_value(request.path),
        _path_value(request.output_path),
        _path_value(request.output_folder),
        None if request.request is None else request_text(request.request),
        request.force,
        request.idle_priority,
        json.dumps(dict(request.parameters)),
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
    except UnreadableError:
        return _salvage(row)
    job = Job(*_AS_A_JOB([*asked, *happened]))
    return job if job.is_alive is (job.ended_at is None) else _salvage(row)


def _has_begun(row: Row) -> bool:
    """Return whether a job was started or is over: before that the rest of its row means nothing."""
    return len(row) > _ROOM and (row[_STARTED_AT] is not None or row[_ENDED_AT] is not None)


def _salvage(row: Row) -> Job:
    """Return the readable part of a job: over if it was over, otherwise failed, but not ended yet."""
    asked, faults = _ASKED.salvage(row[:_ROOM])
    happened, more = _HAPPENED.salvage(row[_ROOM:]) if _has_begun(row) else (_NOTHING_HAPPENED, [])
    faults += more
    fault = f"its entry in the state file cannot be read ({', '.join(faults or ['ended_at'])})"
    job = replace(Job(*_AS_A_JOB([*asked, *happened])), fault=fault)
    if job.is_over and "state" not in faults:
        return job if job.ended_at is not None else replace(job, ended_at=job.started_at or job.created_at)
    error = unreadable(job.id, job.path, fault)
    return replace(
        job,
        state=JobState.FAILED,
        waiting="",
        wanted="",
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


def _plain(value: object) -> JsonValue:
    """Return a value of a request as JSON."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} in a request cannot be kept in the queue")

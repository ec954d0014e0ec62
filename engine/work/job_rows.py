"""Jobs as rows of the state file, and back.

A row that does not read (a flipped bit that SQLite cannot see) is no job, as in `engine.library.rows`.
"""

import json
import os
import sqlite3
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, get_args, get_origin, get_type_hints

from engine.convert.plan import Wish
from engine.library.model import JsonValue
from engine.work.jobs import NO_FACTS, Job, JobKind, JobRequest, JobState

Row: TypeAlias = Sequence[Any]

_ASKED = "id, batch, kind, state, path, force, idle_priority, parameters, priority, position, waiting, created_at"
_ASKED_TYPES = (int, str, str, str, bytes, int, int, str, int, float, str, float)
_ASKED_OR_NULL = "output_path, output_folder, wish, gain_bytes"
_HAPPENED = (
    "stage, done_bytes, total_bytes, read_bytes, packed_bytes, wanted, error_code, error_message, error_hint, result,"
    " saved_bytes, attempts, worker_deaths"
)
_HAPPENED_TYPES = (str, int, int, int, int, str, str, str, str, str, int, int, int)
_HAPPENED_OR_NULL = "read_rate, write_rate, eta_s, exit_code, started_at, ended_at"
_HAPPENED_START = 16
_NOTHING_HAPPENED = ("", 0, 0, 0, 0, "", "", "", "", "{}", 0, 0, 0, None, None, None, None, None, None)

SELECT_JOBS = f"SELECT {_ASKED}, {_ASKED_OR_NULL}, {_HAPPENED}, {_HAPPENED_OR_NULL} FROM queue_jobs"
SELECT_UNTOUCHED = f"SELECT {_ASKED}, {_ASKED_OR_NULL} FROM queue_jobs WHERE ended_at IS NULL AND started_at IS NULL"
"""Those that wait for their first start, which are the many: half the columns are half the time."""
IN_ORDER = "ORDER BY priority DESC, position, id"
_SELECT_ALIVE = f"{SELECT_JOBS} WHERE path = ? AND kind = ? AND ended_at IS NULL"
ADD_JOB = f"""
INSERT INTO queue_jobs (id, changed, batch, kind, state, path, output_path, output_folder, wish, force, idle_priority,
    parameters, priority, position, gain_bytes, created_at) VALUES ({", ".join("?" * 16)})
"""

_KINDS = {str(kind): kind for kind in JobKind}
_STATES = {str(state): state for state in JobState}


def is_queued(
    connection: sqlite3.Connection, request: JobRequest, work_of: Callable[[Job | JobRequest], object]
) -> bool:
    """Return whether a job of the request's kind on its file, the same by `work_of`, is not over."""
    rows = connection.execute(_SELECT_ALIVE, (_path_value(request.path), str(request.kind)))
    work = work_of(request)
    return any(job is not None and work_of(job) == work for job in map(job_from, rows))


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
        None if request.wish is None else wish_text(request.wish),
        request.force,
        request.idle_priority,
        json.dumps(dict(request.parameters)),
        request.priority,
        position,
        request.gain_bytes,
        now,
    )


def job_from(row: Row) -> Job | None:
    """Return the job of a row of SELECT_JOBS or SELECT_UNTOUCHED; None where the row does not read."""
    if tuple(map(type, row[: len(_ASKED_TYPES)])) != _ASKED_TYPES:
        return None
    happened = row[_HAPPENED_START:] or _NOTHING_HAPPENED
    if happened is not _NOTHING_HAPPENED and tuple(map(type, happened[: len(_HAPPENED_TYPES)])) != _HAPPENED_TYPES:
        return None
    try:
        (
            number, batch, kind, state, path, force, idle_priority, parameters, priority, position, waiting, created_at,
            output_path, output_folder, wish, gain_bytes,
        ) = row[:_HAPPENED_START]  # fmt: skip
        (
            stage, done_bytes, total_bytes, read_bytes, packed_bytes, wanted, error_code, error_message, error_hint,
            result, saved_bytes, attempts, worker_deaths, read_rate, write_rate, eta_s, exit_code, started_at, ended_at,
        ) = happened  # fmt: skip
        return Job(
            number,
            batch,
            _KINDS[kind],
            _STATES[state],
            Path(os.fsdecode(path)),
            None if output_path is None else Path(os.fsdecode(output_path)),
            None if output_folder is None else Path(os.fsdecode(output_folder)),
            None if wish is None else wish_from(wish),
            force != 0,
            idle_priority != 0,
            _facts(parameters),
            priority,
            position,
            gain_bytes,
            stage,
            done_bytes,
            total_bytes,
            read_bytes,
            packed_bytes,
            read_rate,
            write_rate,
            eta_s,
            waiting,
            wanted,
            error_code,
            error_message,
            error_hint,
            exit_code,
            NO_FACTS if result == "{}" else MappingProxyType(dict(json.loads(result))),
            saved_bytes,
            attempts,
            worker_deaths,
            created_at,
            started_at,
            ended_at,
        )
    except (ValueError, KeyError, TypeError):
        return None


@lru_cache(maxsize=1024)
def wish_text(wish: Wish) -> str:
    """Return a wish as JSON that `wish_from` makes the same wish of."""
    return json.dumps({each.name: _plain(getattr(wish, each.name)) for each in fields(Wish)})


# A queue has few different wishes; sharing them halves the time that 5,000 jobs take to read.
@lru_cache(maxsize=1024)
def wish_from(text: str) -> Wish:
    """Return the wish of its JSON; a choice that is not in it has its default.

    ValueError or TypeError where it does not read, and for a choice that this release does not know: it must not be
    dropped in silence.
    """
    values: dict[str, Any] = json.loads(text)
    makers = _makers()
    made: dict[str, Any] = {name: makers[name](each) if name in makers else each for name, each in values.items()}
    return Wish(**made)


def safe_text(text: str) -> str:
    """Return text that SQLite takes: file names in messages may carry lone surrogates."""
    return text.encode(errors="backslashreplace").decode()


def _path_value(path: Path | None) -> bytes | None:
    # The worker's working directory is `/`: what is relative is relative to that of the one who asks.
    return None if path is None else os.fsencode(os.path.abspath(path))  # noqa: PTH100 - links stay as written


@lru_cache(maxsize=1024)
def _facts(text: str) -> Mapping[str, JsonValue]:
    return MappingProxyType(dict(json.loads(text)))


def _plain(value: object) -> JsonValue:
    """Return a value of a Wish as JSON has it."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Path):
        return os.fspath(value)  # undecodable bytes are lone surrogates, which JSON escapes
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a {type(value).__name__} in a Wish cannot be kept in the queue")


@lru_cache(maxsize=1)
def _makers() -> dict[str, Callable[[Any], object]]:
    """Return, for each choice of a Wish that JSON does not give back as it was, what makes it again."""
    found = {name: _maker(hint) for name, hint in get_type_hints(Wish).items()}
    return {name: maker for name, maker in found.items() if maker is not None}


def _maker(hint: Any) -> Callable[[Any], object] | None:
    if isinstance(hint, types.UnionType):
        made = [maker for maker in map(_maker, get_args(hint)) if maker is not None]
        return None if not made else lambda value: None if value is None else made[0](value)
    if get_origin(hint) is tuple:
        inner = _maker(get_args(hint)[0])
        return tuple if inner is None else lambda value: tuple(map(inner, value))
    return hint if isinstance(hint, type) and issubclass(hint, Enum | Path) else None

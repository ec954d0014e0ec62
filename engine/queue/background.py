"""Background tasks that the app requests from the worker: scans and estimates for the titles on the screen.

They are not jobs: they have no number, no history and no progress. Their results are in the store, and a finished task
is deleted. A task begun by a worker that was killed is done by the next worker, until it fails after three deaths.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, get_args

from discpress.engine.queue.crash_count import MOST_DEATHS, worker_ended
from discpress.engine.queue.tasks.base import Cells
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import BackgroundWork
from discpress.engine.queue.tasks.request_json import request_from, request_text
from discpress.engine.store.rows.checked import (
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
    safe_text,
    token,
)
from discpress.engine.store.rows.keys import node_from
from discpress.engine.store.store import Store

if TYPE_CHECKING:
    from discpress.engine.system.disk_probe import Place

Key: TypeAlias = tuple[TaskKind, Path]

_PLACE_S = 1e-6
"""Tasks requested together are done in the given order: each is dated a microsecond after the last."""
# An unchanged task that is requested again keeps its place. A running scan may have passed a changed folder already.
_ASK = """
INSERT INTO errands (kind, path, rank, wish, asked_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (kind, path) DO UPDATE SET
    rank = CASE WHEN typeof(rank) = 'integer' THEN MIN(rank, excluded.rank) ELSE excluded.rank END,
    wish = excluded.wish, error = '',
    worker_deaths = CASE WHEN wish IS excluded.wish AND error = '' THEN worker_deaths ELSE 0 END,
    asked_at = CASE WHEN wish IS excluded.wish AND error = '' AND kind != 'scan' THEN asked_at
        ELSE excluded.asked_at END
"""
_COUNT = "SELECT COUNT(*) FROM errands WHERE error = ''"
_COUNT_DEATHS = f"""
UPDATE errands SET is_begun = 0, worker_deaths =
    CASE WHEN typeof(worker_deaths) = 'integer' AND worker_deaths BETWEEN 0 AND {MOST_DEATHS} THEN worker_deaths ELSE 0
    END + 1
WHERE is_begun
"""
_SELECT_DEADLY = (
    f"SELECT kind, path FROM errands WHERE error = '' AND worker_deaths >= {MOST_DEATHS} AND typeof(path) = 'blob'"
)
_KEY = "kind = ? AND path = ?"
_DROP_NAMELESS = "DELETE FROM errands WHERE typeof(kind) != 'text' OR typeof(path) != 'blob'"
_DROP = "DELETE FROM errands WHERE kind = CAST(? AS TEXT) AND path = ?"  # of text that may not be UTF-8
_ONE = f"{_KEY} AND asked_at = ?"
_BEGIN = f"UPDATE errands SET is_begun = 1 WHERE {_KEY}"
_LEAVE = f"UPDATE errands SET is_begun = 0 WHERE {_KEY}"
# A stored node begins with the number of its device.
_ON_DEVICE = "(kind != 'scan' AND EXISTS (SELECT 1 FROM titles WHERE titles.path = errands.path AND ({})))"
_IS_DEVICE = "titles.node LIKE ?"


class BackgroundTask(NamedTuple):
    """One background task, as it was when it was read."""

    task: BackgroundWork
    """Its work."""
    path: Path
    """The folder or file, absolute."""
    rank: int
    """Lower ones come first."""
    asked_at: float
    """When it was requested, seconds since the epoch; a different time means that the request has changed since."""
    worker_deaths: int = 0
    """Number of workers that died during it."""

    @property
    def kind(self) -> TaskKind:
        """The kind of its work."""
        return self.task.kind

    @property
    def key(self) -> Key:
        """Its key: there is one task of a kind for each path."""
        return self.kind, self.path


_WORK: Mapping[TaskKind, type[BackgroundWork]] = {each.kind: each for each in get_args(BackgroundWork)}
_SHAPE = Shape(
    {
        "kind": token({str(kind): kind for kind in _WORK}, None),
        "path": PATH,
        "rank": integer(-LARGEST),
        "wish": made_by(request_from, None).or_null,
        "asked_at": TIME,
        "worker_deaths": NUMBER,
    }
)
_SELECT = f"SELECT {_SHAPE.select()} FROM errands WHERE error = ''"
# `+kind` leaves SQLite only the index that begins with the error: few of 50,000 tasks have failed.
_SELECT_FAILED = "SELECT path, error FROM errands WHERE error > '' AND +kind = ? ORDER BY path"
_ALL = -1
"""No limit on the number of rows."""
_FAILED = Shape({"path": PATH, "error": TEXT})


class BackgroundTasks:
    """The background tasks of one open state file, for clients and for the worker.

    Any thread may call it; no transaction outlives a call. Raises StoreError if the state file cannot be used.
    """

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        """Work on an open store; `now` gives seconds since the epoch."""
        self._file = store.file
        self._state_path = store.path
        self._now = now

    # Requests of clients

    def ask(self, items: Iterable[tuple[Path, BackgroundWork]], rank: int) -> None:
        """Request background tasks on absolute paths, all or none; the lowest rank comes first, then the oldest.

        For a repeated request, the new settings replace the old ones, the better rank counts, and an error is cleared.
        """
        now = self._now()
        rows = [
            (str(task.kind), _path_key(path), rank, _request_value(task), now + place * _PLACE_S)
            for place, (path, task) in enumerate(items)
        ]
        if rows:
            self._file.write(lambda connection: connection.executemany(_ASK, rows))

    def pending(self, kind: TaskKind | None = None) -> int:
        """Return the number of background tasks, or of those of a kind, that are not done and have not failed."""
        query, values = (_COUNT, ()) if kind is None else (f"{_COUNT} AND kind = ?", (str(kind),))
        return int(self._file.value(query, values))

    def failed(self, kind: TaskKind) -> dict[Path, str]:
        """Return the errors of failed tasks of a kind, by path; a task requested again is not included."""
        failed = {}
        for row in self._file.rows(_SELECT_FAILED, (str(kind),)):
            with contextlib.suppress(UnreadableError):
                path, error = _FAILED.read(row)
                failed[path] = error
        return failed

    def withdraw(self, kinds: Iterable[TaskKind]) -> None:
        """Delete all background tasks of some kinds, failed ones too; the worker stops those that it has begun."""
        values = [(str(kind),) for kind in kinds]
        self._file.write(lambda connection: connection.executemany("DELETE FROM errands WHERE kind = ?", values))

    # Calls of the worker

    def recover(self) -> None:
        """Count a death for each task that a killed worker had begun. Call it with the worker's lock held.

        A task with too many deaths fails.
        """

        def recover(connection: sqlite3.Connection) -> None:
            connection.execute(_DROP_NAMELESS)
            connection.execute(_COUNT_DEATHS)
            for kind, path in connection.execute(_SELECT_DEADLY).fetchall():
                error = safe_text(str(worker_ended(path, self._state_path)))
                connection.execute(f"UPDATE errands SET error = ? WHERE {_KEY}", (error, kind, path))

        self._file.write(recover)

    def begin(self, background_task: BackgroundTask) -> None:
        """Record that a worker has begun a background task."""
        self._file.write(lambda connection: connection.execute(_BEGIN, _values(background_task)[:2]))

    def leave(self, background_task: BackgroundTask) -> None:
        """Record that the worker lets go of a background task before its end; a task still requested stays."""
        self._file.write(lambda connection: connection.execute(_LEAVE, _values(background_task)[:2]))

    def next(self, but: Collection[Key] = (), silent: Collection[int] = ()) -> BackgroundTask | None:
        """Return the next background task, except some that are under way; None if there is none.

        `silent` are devices that do not answer: tasks on them are skipped, except scans.
        """
        order = "ORDER BY rank, asked_at LIMIT ?"
        passed_by = _ON_DEVICE.format(" OR ".join([_IS_DEVICE] * len(silent)))
        query = f"{_SELECT} AND NOT {passed_by}" if silent else _SELECT
        devices = [f"{device} %" for device in silent]
        for most in (len(but) + 1, _ALL):
            rows = self._file.rows(f"{query} {order}", (*devices, most))
            background_tasks = [found for found in map(_task_from, rows) if found is not None]
            if len(background_tasks) == len(rows):
                break
            self._drop_unreadable()
        return next((background_task for background_task in background_tasks if background_task.key not in but), None)

    def place_of(self, background_task: BackgroundTask) -> "Place":
        """Return the place that a background task reads; its disk is known if the title is."""
        from discpress.engine.system.disk_probe import Place  # noqa: PLC0415 - for workers, which run the tasks

        if background_task.kind is TaskKind.SCAN:
            return Place(background_task.path)
        query = "SELECT node FROM titles WHERE path = ?"
        row = self._file.row(query, (_path_key(background_task.path),))
        device = 0
        with contextlib.suppress(ValueError, AttributeError):  # it is unreadable
            device = 0 if row is None else node_from(row[0])[0]
        return Place(background_task.path.parent, device or None)

    def is_wanted(self, background_task: BackgroundTask) -> bool:
        """Return whether a task under way is still requested unchanged; a scan needs no settings."""
        query = "SELECT asked_at FROM errands WHERE kind = ? AND path = ? AND error = ''"
        row = self._file.row(query, _values(background_task)[:2])
        return row is not None and (background_task.kind is TaskKind.SCAN or row[0] == background_task.asked_at)

    def done(self, background_task: BackgroundTask) -> None:
        """Delete a finished background task, unless it was requested again meanwhile."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute(f"DELETE FROM errands WHERE {_ONE}", _values(background_task))
            connection.execute(_LEAVE, _values(background_task)[:2])

        self._file.write(forget)

    def fail(self, background_task: BackgroundTask, message: str) -> None:
        """Store the error of a failed background task, unless it was requested again meanwhile."""

        def keep(connection: sqlite3.Connection) -> None:
            connection.execute(
                f"UPDATE errands SET error = ? WHERE {_ONE}", (safe_text(message), *_values(background_task))
            )
            connection.execute(_LEAVE, _values(background_task)[:2])

        self._file.write(keep)

    def _drop_unreadable(self) -> None:
        """Drop unreadable rows: they must neither delay the others nor keep the worker from ending."""

        def drop(connection: sqlite3.Connection) -> None:
            connection.execute(_DROP_NAMELESS)
            for row in connection.execute(_SELECT).fetchall():
                if _task_from(row) is None:
                    kind, path, *_ = row
                    connection.execute(_DROP, (kind.encode() if isinstance(kind, str) else kind, path))

        self._file.write(drop)


def _task_from(row: Row) -> BackgroundTask | None:
    """Return the background task of a row of _SELECT; None if the row is unreadable."""
    try:
        kind, path, rank, request, asked_at, worker_deaths = _SHAPE.read(row)
    except UnreadableError:
        return None
    return BackgroundTask(_WORK[kind].from_cells(Cells(request=request)), path, rank, asked_at, worker_deaths)


def _request_value(task: BackgroundWork) -> str | None:
    request = task.to_cells().request
    return None if request is None else request_text(request)


def _path_key(path: Path) -> bytes:
    # As in the queue: a relative path is relative to the client's working directory.
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100 - links stay as written


def _values(background_task: BackgroundTask) -> tuple[str, bytes, float]:
    return str(background_task.kind), _path_key(background_task.path), background_task.asked_at

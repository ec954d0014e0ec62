"""Small things that the app asks of the worker: scans and estimates for what is on the screen.

They are no jobs: they have no number, no history and no progress. What they find is in the store, and an errand that
is done is gone. One that was begun by a worker that was killed is still there, and is done by the next; the third
that dies at it is the last.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from discpress.engine.convert.request import ConversionRequest
from discpress.engine.queue.crash_count import MOST_DEATHS, worker_ended
from discpress.engine.queue.job_rows import request_from, request_text
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
from discpress.engine.store.rows.title_rows import identity_from
from discpress.engine.store.store import Store
from discpress.engine.system.disk_probe import Place

Key: TypeAlias = "tuple[BackgroundKind, Path]"

_PLACE_S = 1e-6
"""What is asked for together is done in the order it was named in: each is asked a microsecond after the last."""
# Asked for again as it is, an errand keeps its place. A folder that is scanned just now may have been passed already.
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
# A stored identity begins with the number of its device.
_ON_DEVICE = "(kind != 'scan' AND EXISTS (SELECT 1 FROM titles WHERE titles.path = errands.path AND ({})))"
_IS_DEVICE = "titles.identity LIKE ?"


class BackgroundKind(StrEnum):
    """What an errand does."""

    SCAN = "scan"
    """Brings the store up to date on a folder."""
    ESTIMATE = "estimate"
    """Finds out what a file would become under the settings of the wish."""
    GRID = "grid"
    """The same for every block size and level of the wish's format."""


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """One errand, as it was when it was read."""

    kind: BackgroundKind
    """What to do."""
    path: Path
    """The folder or file, absolute."""
    rank: int
    """Lower ones come first."""
    request: ConversionRequest | None
    """The settings it goes by; None where it needs none."""
    asked_at: float
    """When it was asked for, seconds since the epoch; another time means that something else is wanted by now."""
    worker_deaths: int = 0
    """How many workers died at it."""

    @property
    def key(self) -> Key:
        """What it is called: there is one of a kind for each path."""
        return self.kind, self.path


_SHAPE = Shape(
    {
        "kind": token({str(kind): kind for kind in BackgroundKind}, None),
        "path": PATH,
        "rank": integer(-LARGEST),
        "wish": made_by(request_from, None).or_null,
        "asked_at": TIME,
        "worker_deaths": NUMBER,
    }
)
_SELECT = f"SELECT {_SHAPE.select()} FROM errands WHERE error = ''"
_ALL = -1
"""In place of a number of rows."""
_FAILED = Shape({"path": PATH, "error": TEXT})


class BackgroundTasks:
    """The errands of one open state file, for fronts and for the worker.

    Any thread may call it; no transaction outlives a call. StoreError where the state file cannot be used.
    """

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        """Work on an open store; `now` gives seconds since the epoch."""
        self._file = store.file
        self._state_path = store.path
        self._now = now

    # What fronts ask for

    def ask(self, kind: BackgroundKind, items: Iterable[tuple[Path, ConversionRequest | None]], rank: int) -> None:
        """Ask for errands on absolute paths, all or none; the lowest rank comes first, then the oldest.

        Asked for again, the new wish replaces the old one, the better rank counts, and an error is forgotten.
        """
        now = self._now()
        rows = [
            (
                str(kind),
                _path_key(path),
                rank,
                None if request is None else request_text(request),
                now + place * _PLACE_S,
            )
            for place, (path, request) in enumerate(items)
        ]
        if rows:
            self._file.write(lambda connection: connection.executemany(_ASK, rows))

    def pending(self, kind: BackgroundKind | None = None) -> int:
        """Return how many errands, or errands of a kind, are not done and have not failed."""
        query, values = (_COUNT, ()) if kind is None else (f"{_COUNT} AND kind = ?", (str(kind),))
        return int(self._file.run(lambda connection: connection.execute(query, values).fetchone()[0]))

    def failed(self, kind: BackgroundKind) -> dict[Path, str]:
        """Return why errands of a kind failed, by path; what is asked for again is not among them."""
        query = "SELECT path, error FROM errands WHERE kind = ? AND error != '' ORDER BY path"
        rows = self._file.run(lambda connection: connection.execute(query, (str(kind),)).fetchall())
        failed = {}
        for row in rows:
            with contextlib.suppress(UnreadableError):
                path, error = _FAILED.read(row)
                failed[path] = error
        return failed

    def withdraw(self, kinds: Iterable[BackgroundKind]) -> None:
        """Forget all errands of some kinds, failed ones too; the worker stops what it has begun of them."""
        values = [(str(kind),) for kind in kinds]
        self._file.write(lambda connection: connection.executemany("DELETE FROM errands WHERE kind = ?", values))

    # What the worker asks and says

    def recover(self) -> None:
        """Count the workers that were killed at an errand, for the one that holds the worker's lock.

        One at which too many died fails.
        """

        def recover(connection: sqlite3.Connection) -> None:
            connection.execute(_DROP_NAMELESS)
            connection.execute(_COUNT_DEATHS)
            for kind, path in connection.execute(_SELECT_DEADLY).fetchall():
                error = safe_text(str(worker_ended(path, self._state_path)))
                connection.execute(f"UPDATE errands SET error = ? WHERE {_KEY}", (error, kind, path))

        self._file.write(recover)

    def begin(self, background_task: BackgroundTask) -> None:
        """Say that a worker is at an errand."""
        self._file.write(lambda connection: connection.execute(_BEGIN, _values(background_task)[:2]))

    def leave(self, background_task: BackgroundTask) -> None:
        """Say that the worker lets go of an errand before its end; it stays asked for if it is."""
        self._file.write(lambda connection: connection.execute(_LEAVE, _values(background_task)[:2]))

    def next(self, but: Collection[Key] = (), silent: Collection[int] = ()) -> BackgroundTask | None:
        """Return what comes next, other than some that are under way; None where nothing does.

        `silent` are devices that do not answer: but for scans, what lies on them is passed by.
        """
        order = "ORDER BY rank, asked_at LIMIT ?"
        passed_by = _ON_DEVICE.format(" OR ".join([_IS_DEVICE] * len(silent)))
        query = f"{_SELECT} AND NOT {passed_by}" if silent else _SELECT
        devices = [f"{device} %" for device in silent]
        for most in (len(but) + 1, _ALL):
            rows = self._file.run(
                lambda connection, most=most: connection.execute(f"{query} {order}", (*devices, most)).fetchall()  # type: ignore[misc]
            )
            background_tasks = [BackgroundTask(*values) for values in map(_values_of, rows) if values is not None]
            if len(background_tasks) == len(rows):
                break
            self._drop_unreadable()
        return next((background_task for background_task in background_tasks if background_task.key not in but), None)

    def place_of(self, background_task: BackgroundTask) -> Place:
        """Return where an errand reads: the disk is known where the title is."""
        if background_task.kind is BackgroundKind.SCAN:
            return Place(background_task.path)
        query = "SELECT identity FROM titles WHERE path = ?"
        row = self._file.run(
            lambda connection: connection.execute(query, (_path_key(background_task.path),)).fetchone()
        )
        device = None
        with contextlib.suppress(ValueError):  # there is none, or it cannot be read
            device = None if row is None else identity_from(row[0]).dev
        return Place(background_task.path.parent, device)

    def is_wanted(self, background_task: BackgroundTask) -> bool:
        """Return whether an errand that is under way is still asked for, and as it was; a scan needs no wish."""

        def read(connection: sqlite3.Connection) -> tuple[object, ...] | None:
            query = "SELECT asked_at FROM errands WHERE kind = ? AND path = ? AND error = ''"
            return connection.execute(query, _values(background_task)[:2]).fetchone()  # type: ignore[no-any-return]

        row = self._file.run(read)
        return row is not None and (background_task.kind is BackgroundKind.SCAN or row[0] == background_task.asked_at)

    def done(self, background_task: BackgroundTask) -> None:
        """Forget an errand, unless it was asked for anew meanwhile."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute(f"DELETE FROM errands WHERE {_ONE}", _values(background_task))
            connection.execute(_LEAVE, _values(background_task)[:2])

        self._file.write(forget)

    def fail(self, background_task: BackgroundTask, message: str) -> None:
        """Keep why an errand could not be done, unless it was asked for anew meanwhile."""

        def keep(connection: sqlite3.Connection) -> None:
            connection.execute(
                f"UPDATE errands SET error = ? WHERE {_ONE}", (safe_text(message), *_values(background_task))
            )
            connection.execute(_LEAVE, _values(background_task)[:2])

        self._file.write(keep)

    def _drop_unreadable(self) -> None:
        """Drop what cannot be read: it must neither hold up the others nor keep the worker from its end."""

        def drop(connection: sqlite3.Connection) -> None:
            connection.execute(_DROP_NAMELESS)
            for row in connection.execute(_SELECT).fetchall():
                if _values_of(row) is None:
                    kind, path, *_ = row
                    connection.execute(_DROP, (kind.encode() if isinstance(kind, str) else kind, path))

        self._file.write(drop)


def _values_of(row: Row) -> list[Any] | None:
    """Return the values of an errand; None where its row cannot be read."""
    try:
        return _SHAPE.read(row)
    except UnreadableError:
        return None


def _path_key(path: Path) -> bytes:
    # As in the queue: what is relative is relative to who asks.
    return os.fsencode(os.path.abspath(path))  # noqa: PTH100 - links stay as written


def _values(background_task: BackgroundTask) -> tuple[str, bytes, float]:
    return str(background_task.kind), _path_key(background_task.path), background_task.asked_at

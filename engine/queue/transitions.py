"""State transitions of a job, as statements inside a writing transaction."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

from discpress.engine.errors import CancelledError, DiscpressError, UsageError
from discpress.engine.progress import Stage
from discpress.engine.queue.job_rows import SELECT_JOBS, job_from, unreadable
from discpress.engine.queue.jobs import REQUESTS, TRANSITIONS, Action, JobState, next_state
from discpress.engine.queue.log_rows import read_revision
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.checked import safe_text

T = TypeVar("T")

SKIPPED = "skipped"
"""The error code of a skipped job."""

_ALWAYS = (
    "state = :state, changed = :revision, wanted = '', waiting = '', read_rate = NULL, write_rate = NULL, eta_s = NULL"
)
_END = "ended_at = :now, exit_code = :exit_code"
_EXPLAIN = f"{_END}, error_code = :code, error_message = :message, error_hint = :hint"
_AS_NEW = (
    "stage = '', done_bytes = 0, total_bytes = 0, read_bytes = 0, packed_bytes = 0, error_code = '',"
    " error_message = '', error_hint = '', exit_code = NULL, result = '{}', saved_bytes = 0, worker_deaths = 0,"
    " reached_bytes = 0, ended_at = NULL"
)
_FIRST_START = f"attempts = 1, started_at = :now, {_AS_NEW}"
"""A first start trusts no column that nobody has written yet."""
_COLUMNS = {
    Action.START: "attempts = attempts + 1",
    Action.FINISH: f"{_END}, stage = '{Stage.DONE}', done_bytes = total_bytes, result = :result",
    Action.FAIL: _EXPLAIN,
    Action.SKIP: _EXPLAIN,
    Action.CANCEL: f"{_END}, error_code = '{CancelledError.code}'",
    Action.RETRY: "force = CASE WHEN :force OR force = 1 THEN 1 ELSE 0 END, attempts = 0, started_at = NULL,"
    f" {_AS_NEW}",
}
"""Columns that each action writes besides the state."""
_REQUESTS = {str(action) for action in REQUESTS}
_WANTABLE = {
    ("", Action.PAUSE),
    ("", Action.CANCEL),
    (Action.PAUSE, Action.PAUSE),
    (Action.PAUSE, Action.RESUME),
    (Action.PAUSE, Action.CANCEL),
    (Action.RESUME, Action.PAUSE),
    (Action.RESUME, Action.RESUME),
    (Action.RESUME, Action.CANCEL),
    (Action.CANCEL, Action.CANCEL),
}
"""Allowed requests about a running job, by the earlier request: only a pause can be taken back."""
_OVERRULED: dict[tuple[Action, str], Action] = {
    # The worker lets go, or died, before it could obey.
    (Action.SUSPEND, Action.PAUSE): Action.PAUSE,
    (Action.SUSPEND, Action.CANCEL): Action.CANCEL,
    # It obeyed, and another request came meanwhile.
    (Action.PAUSE, Action.RESUME): Action.SUSPEND,
    (Action.PAUSE, Action.CANCEL): Action.CANCEL,
}
"""The resulting action of the worker, by the request about the job."""
_OF_UNSETTLED = {Action.CANCEL: JobState.CANCELLED, Action.RETRY: JobState.QUEUED}
"""Requests that are possible for an unreadable job, whatever its stored state."""
_SELECT = "SELECT state, wanted FROM queue_jobs WHERE id = ?"
_SELECT_START = "SELECT state, wanted, started_at FROM queue_jobs WHERE id = ?"
_STATES = {str(state): state for state in JobState}
_SET_REVISION = "INSERT INTO queue_state VALUES (1, :revision, '') ON CONFLICT (one) DO UPDATE SET revision = :revision"
# A retried job joins the last batch: `wait` judges it there, `list` shows it there.
_REBATCH = """
UPDATE queue_jobs SET batch = (SELECT batch FROM queue_jobs WHERE typeof(batch) = 'text' ORDER BY id DESC LIMIT 1)
WHERE id = :id
"""
_OF_ENTRY = "state = 'done' AND instr(result, :entry) > 0"
_SET_SAVED = "UPDATE queue_jobs SET saved_bytes = ?, changed = ? WHERE id = ?"
_WANT = "UPDATE queue_jobs SET wanted = ?, changed = ? WHERE id = ?"


class Change(NamedTuple):
    """One writing transaction of the queue."""

    connection: sqlite3.Connection
    """Inside its transaction."""
    revision: int
    """New value of `changed` in every row that it touches."""
    now: float
    """Seconds since the epoch."""

    def act(self, job_id: int, action: Action, values: Mapping[str, object] | None = None) -> JobState:
        """Apply an action to a job; return the new state. Raises UsageError if it is missing or does not allow it."""
        state, wanted = self._standing(job_id)
        action = _OVERRULED.get((action, wanted), action)
        if (state, action, wanted) == (JobState.RUNNING, Action.RESUME, Action.RESUME):
            self.connection.execute(_WANT, ("", self.revision, job_id))
            return state
        if (state, action) == (JobState.CANCELLED, Action.CANCEL):
            return state  # it was cancelled at once, while the worker held it paused
        try:
            new = next_state(state, action)
        except UsageError as error:
            raise UsageError(f"job {job_id}: {error}") from error
        self._save(job_id, action, new, values or {})
        return new

    def start(self, job_id: int) -> bool:
        """Start a job that is still queued; return whether it was."""
        row = self.connection.execute(_SELECT_START, (job_id,)).fetchone()
        if row is None or row[0] != JobState.QUEUED or row[1] in _REQUESTS:
            return False
        self._save(job_id, Action.START, JobState.RUNNING, {}, _FIRST_START if row[2] is None else "")
        return True

    def fail_unreadable(self, job_id: int) -> str:
        """Fail a job whose row is unreadable; return the reason, empty if it is readable or has failed already."""
        row = self.connection.execute(f"{SELECT_JOBS} WHERE id = ?", (job_id,)).fetchone()
        job = None if row is None else job_from(row)
        if job is None or not job.is_unsettled:
            return ""
        error = unreadable(job.id, job.path, job.fault)
        self._save(job.id, Action.FAIL, JobState.FAILED, fail_values(error))
        return str(error)

    def ask(self, job_id: int, action: Action, *, force: bool) -> bool:
        """Apply a person's request, or pass it to the worker if the job runs; return whether the state allows it."""
        state, wanted = self._standing(job_id)
        if state is not JobState.RUNNING:
            new = TRANSITIONS.get((state, action))
            if new is None and self._is_unsettled(job_id):
                new = _OF_UNSETTLED.get(action)
            if new is not None:
                self._save(job_id, action, new, {"force": force})
            if new is not None and action is Action.RETRY:
                if self.fail_unreadable(job_id):  # it was not only its last run that could not be read
                    return False
                self.connection.execute(_REBATCH, {"id": job_id})
            return new is not None
        if (wanted, action) not in _WANTABLE:
            return False
        if action != wanted:
            self.connection.execute(_WANT, (str(action), self.revision, job_id))
        return True

    def _standing(self, job_id: int) -> tuple[JobState, str]:
        row = self.connection.execute(_SELECT, (job_id,)).fetchone()
        if row is None:
            raise UsageError(f"there is no job {job_id} in the queue")
        state, wanted = row
        # A row in an unknown state is unreadable and counts as failed.
        return _STATES.get(state, JobState.FAILED), wanted if wanted in _REQUESTS else ""

    def count_saved(self, entry_id: str) -> None:
        """Set the space that a conversion has freed, if its original was this entry of the trash."""
        rows = self.connection.execute(f"{SELECT_JOBS} WHERE {_OF_ENTRY}", {"entry": entry_id}).fetchall()
        for job in map(job_from, rows):
            trashed = job.result.get("trashed")
            if isinstance(trashed, str) and Path(trashed).parent.name == entry_id:
                self.connection.execute(_SET_SAVED, (job.saving_bytes, self.revision, job.id))

    def _is_unsettled(self, job_id: int) -> bool:
        return job_from(self.connection.execute(f"{SELECT_JOBS} WHERE id = ?", (job_id,)).fetchone()).is_unsettled

    def _save(
        self, job_id: int, action: Action, state: JobState, values: Mapping[str, object], instead: str = ""
    ) -> None:
        columns = ", ".join(filter(None, (_ALWAYS, instead or _COLUMNS.get(action))))
        exit_code = CancelledError().exit_code if action is Action.CANCEL else 0
        bound = {"revision": self.revision, "now": self.now, "exit_code": exit_code, **values}
        self.connection.execute(
            f"UPDATE queue_jobs SET {columns} WHERE id = :id", {**bound, "state": str(state), "id": job_id}
        )


def in_transaction(operation: Callable[[Change], T], now: float) -> Callable[[sqlite3.Connection], T]:
    """Return the operation with its own revision, which is stored only if it changed a row."""

    def change(connection: sqlite3.Connection) -> T:
        before = connection.total_changes
        revision = 1 + read_revision(connection)
        result = operation(Change(connection, revision, now))
        if connection.total_changes != before:
            connection.execute(_SET_REVISION, {"revision": revision})
        return result

    return change


def finish_values(result: Mapping[str, JsonValue]) -> dict[str, object]:
    """Return the values that FINISH writes."""
    return {"result": json.dumps(dict(result))}


def fail_values(error: DiscpressError) -> dict[str, object]:
    """Return the values that FAIL writes."""
    message, hint = safe_text(str(error)), safe_text(error.hint)
    return {"code": error.code, "message": message, "hint": hint, "exit_code": error.exit_code}


def skip_values(reason: str) -> dict[str, object]:
    """Return the values that SKIP writes."""
    return {"code": SKIPPED, "message": safe_text(reason), "hint": ""}

"""The queue in the state file: clients add jobs and requests, the worker takes them and reports progress."""

import json
import os
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TypeVar

from discpress.engine.errors import DiscpressError, UsageError
from discpress.engine.queue import log_rows, order
from discpress.engine.queue.crash_count import MOST_DEATHS, count_death, describe_death, worker_ended
from discpress.engine.queue.job_rows import ADD_JOB, SELECT_JOBS, is_queued, job_from, job_row
from discpress.engine.queue.jobs import REQUESTS, Action, JobProgress, JobRequest, JobState
from discpress.engine.queue.rates import JobRates
from discpress.engine.queue.reader import QueueReader
from discpress.engine.queue.snapshot import WorkerStatus
from discpress.engine.queue.transitions import Change, fail_values, finish_values, in_transaction, skip_values
from discpress.engine.store.model import JsonValue
from discpress.engine.store.numbering import next_number
from discpress.engine.store.rows.checked import safe_text
from discpress.engine.store.store import Store

T = TypeVar("T")

_LAST_POSITION = "SELECT COALESCE(MAX(position), 0.0) FROM queue_jobs WHERE position BETWEEN -1e15 AND 1e15"
_SET_RESTARTS = (
    """UPDATE queue_jobs SET result = '{"restarts": true}', changed = ? WHERE id = ? AND state = 'running'"""
)
_SET_MACHINE = "UPDATE queue_jobs SET result = ?, changed = ? WHERE id = ? AND state = 'running'"
_SET_WAITING = (
    "UPDATE queue_jobs SET waiting = :reason, changed = :revision"
    " WHERE id = :id AND waiting != :reason AND ended_at IS NULL"
)
_SET_GAIN = "UPDATE queue_jobs SET gain_bytes = ?1, changed = ?2 WHERE id = ?3 AND gain_bytes IS NOT ?1"


def _append(change: Change, requests: Sequence[JobRequest], batch: str | None) -> list[int]:
    first = next_number(change.connection, "queue_jobs")
    position = 1 + change.connection.execute(_LAST_POSITION).fetchone()[0]
    name = str(first) if batch is None else batch
    rows = (
        job_row(request, first + place, change.revision, name, position + place, change.now)
        for place, request in enumerate(requests)
    )
    change.connection.executemany(ADD_JOB, rows)
    return list(range(first, first + len(requests)))


class JobQueue(QueueReader):
    """The jobs of one open state file, for clients and for the worker.

    Any thread may call it; no transaction outlives a call. Raises UsageError for a missing job or an action that its
    state does not allow, and StoreError if the state file cannot be used.
    """

    def __init__(
        self, store: Store, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Work on an open store; `now` dates events, `clock` measures rates: both in seconds."""
        super().__init__(store, now=now)
        self._clock = clock
        self._rates: dict[int, JobRates] = {}

    # Requests of clients

    def add(self, requests: Iterable[JobRequest], *, batch: str | None = None) -> list[int]:
        """Append jobs to the queue, all or none, on the disk when this returns; return their numbers.

        A batch without a name is named by the number of its first job.
        """
        wanted = list(requests)
        return self._change(lambda change: _append(change, wanted, batch), durable=True) if wanted else []

    def add_new(self, requests: Iterable[JobRequest], *, by_kind: bool = False) -> list[int | None]:
        """Append jobs as `add` does, except those whose work is queued already, perhaps by another client just now.

        With `by_kind`, any job of a kind on a file is the same work. Returns the number of each request's job, None for
        those that were left out.
        """
        wanted = list(requests)

        def add(change: Change) -> list[int | None]:
            is_new = [not is_queued(change.connection, request, by_kind=by_kind) for request in wanted]
            numbers = iter(_append(change, [each for each, new in zip(wanted, is_new, strict=True) if new], None))
            return [next(numbers) if new else None for new in is_new]

        return self._change(add, durable=True) if wanted else []

    def ask(self, job_ids: Iterable[int], action: Action, *, force: bool = False) -> list[int]:
        """Pause, resume, cancel or retry jobs; return those that allow it. The others are left unchanged.

        A job that does not run changes at once. For a running one, `wanted` is set and the worker obeys; resume takes
        back a pause that it has not obeyed yet. `force`: a retried job runs whatever its estimate advises.
        """
        if action not in REQUESTS:
            raise UsageError(f"{action} is reserved for the worker: expected one of {', '.join(REQUESTS)}")
        wanted = list(job_ids)
        return self._change(lambda change: [each for each in wanted if change.ask(each, action, force=force)])

    def move(self, job_id: int, to: order.Place) -> None:
        """Move a queued or paused job among the others; a number is its new place, from 1."""
        self._change(lambda change: order.move(change.connection, change.revision, job_id, to))

    def order_by_gain(self) -> None:
        """Put the largest expected saving first within each priority."""
        self._change(lambda change: order.order_by_gain(change.connection, change.revision))

    def set_gains(self, gains: Mapping[int, int | None]) -> None:
        """Store the expected savings of jobs that were estimated meanwhile."""
        self._change(
            lambda change: change.connection.executemany(
                _SET_GAIN, [(gain, change.revision, job_id) for job_id, gain in gains.items()]
            )
        )

    # Reports of the worker

    def recover(self) -> list[int]:
        """Queue the jobs that a killed worker left running. Call it with the worker's lock held.

        A pause or cancel requested of them takes effect now. Progress and attempts stay. A job at which three workers
        died without progress fails: its part is removed as that of a cancelled job. Returns all of them.
        """

        def recover(change: Change) -> list[int]:
            rows = change.connection.execute(f"{SELECT_JOBS} WHERE state = 'running'").fetchall()
            running = [job for job in map(job_from, rows) if not job.fault]
            for job in running:
                deaths = count_death(change.connection, job.id)
                line = describe_death(deaths)
                if change.act(job.id, Action.SUSPEND) is JobState.QUEUED and deaths >= MOST_DEATHS:
                    error = worker_ended(os.fsencode(job.path), self._store.path)
                    change.act(job.id, Action.FAIL, fail_values(error))
                    line = str(error)
                log_rows.append_log(change.connection, job.id, line)
            change.connection.execute("UPDATE queue_state SET hold = '' WHERE hold IS NOT ''")
            return [job.id for job in running]

        return self._change(recover, durable=True)

    def fail_unreadable(self, but: Container[int] = ()) -> None:
        """Fail the jobs whose rows are unreadable, except some that are under way; their rows stay.

        A job runs only as requested, and the rest of such a row may request something else.
        """
        with self._lock:
            self._refresh()
            found = [job.id for job in self._mirror.unsettled if job.id not in but]

        def fail(change: Change) -> None:
            for job_id in found:
                line = change.fail_unreadable(job_id)
                if line:
                    log_rows.append_log(change.connection, job_id, line)

        if found:
            self._change(fail)

    def start(self, job_id: int) -> bool:
        """Take up a job; return False if it is no longer queued."""
        self._forget_rate(job_id)
        return self._change(lambda change: change.start(job_id))

    def pause(self, job_id: int) -> JobState:
        """Record that a running job has paused as requested; return its state.

        If the pause was taken back meanwhile, the job is queued; it may also be cancelled.
        """
        return self._act(job_id, Action.PAUSE)

    def resume(self, job_id: int) -> JobState:
        """Queue a paused job again, for `start` at its turn; a running one is marked to continue."""
        return self._act(job_id, Action.RESUME)

    def suspend(self, job_id: int) -> JobState:
        """Record that the worker lets go of a job: it is queued again, or becomes as requested; a paused one stays."""
        return self._act(job_id, Action.SUSPEND)

    def finish(self, job_id: int, result: Mapping[str, JsonValue]) -> None:
        """Record that a job is done, on the disk when this returns; delete its checkpoint."""
        self._end(job_id, Action.FINISH, finish_values(result))

    def count_saved(self, entry_id: str) -> None:
        """Count the saving of the conversion whose original was this entry of the trash, and was removed for good."""
        self._change(lambda change: change.count_saved(entry_id))

    def fail(self, job_id: int, error: DiscpressError) -> None:
        """Record that a job failed; delete its checkpoint."""
        self._end(job_id, Action.FAIL, fail_values(error))

    def skip(self, job_id: int, reason: str) -> None:
        """Record that a job was skipped; delete its checkpoint."""
        self._end(job_id, Action.SKIP, skip_values(reason))

    def cancelled(self, job_id: int) -> None:
        """Record that a job was stopped as requested and its part removed; delete its checkpoint."""
        self._end(job_id, Action.CANCEL, {})

    def set_waiting(self, job_id: int, reason: str) -> None:
        """Set the reason a job waits although it is its turn; empty: none. Every action clears it."""
        self.set_all_waiting([job_id], reason)

    def set_restarts(self, job_id: int) -> None:
        """Record of a running job that it starts from the beginning after an interruption."""
        self._change(lambda change: change.connection.execute(_SET_RESTARTS, (change.revision, job_id)))

    def set_machine(self, job_id: int, machine: str) -> None:
        """Record which other machine packs the title of a running job; empty for this one."""
        found = json.dumps({"machine": safe_text(machine)})
        self._change(lambda change: change.connection.execute(_SET_MACHINE, (found, change.revision, job_id)))

    def set_all_waiting(self, job_ids: Iterable[int], reason: str) -> None:
        """Set the same reason for many jobs; without jobs nothing is written."""
        values = [{"id": job_id, "reason": safe_text(reason)} for job_id in job_ids]
        if values:
            self._change(
                lambda change: change.connection.executemany(
                    _SET_WAITING, [{**each, "revision": change.revision} for each in values]
                )
            )

    def set_hold(self, reason: str) -> None:
        """Set the reason no conversion starts at present, which is a lack of free space; empty: none."""
        values = (safe_text(reason),) * 2
        self._change(
            lambda change: change.connection.execute("UPDATE queue_state SET hold = ? WHERE hold IS NOT ?", values)
        )

    def save_progress(self, counts: Iterable[JobProgress], throughput: tuple[int, int, int] | None = None) -> None:
        """Store progress and rates of the running jobs, at most twice a second; other jobs are left unchanged.

        `throughput` is as for `note_throughput`.
        """
        with self._lock:
            now = self._clock()
            measured = [(each, self._rates.setdefault(each.id, JobRates()).rates(each, now)) for each in counts]

        def save(change: Change) -> None:
            log_rows.save_progress(change.connection, change.revision, measured)
            if throughput is not None and any(throughput[1:]):
                log_rows.note_throughput(change.connection, *throughput)

        self._change(save)

    def note_throughput(self, second: int, read_bytes: int, written_bytes: int) -> None:
        """Add to the bytes read and written in that second since the epoch; seconds come in order."""
        if read_bytes or written_bytes:
            self._change(lambda change: log_rows.note_throughput(change.connection, second, read_bytes, written_bytes))

    def set_worker(self, status: WorkerStatus) -> None:
        """Store the worker's status; an unchanged one is not written."""
        self._change(lambda change: log_rows.set_worker(change.connection, status))

    def append_log(self, job_id: int, line: str) -> None:
        """Add a line to a job's log, which keeps the last 500."""
        self._file.write(lambda connection: log_rows.append_log(connection, job_id, line))

    def save_checkpoint(self, job_id: int, facts: Mapping[str, JsonValue], head: bytes) -> None:
        """Store a job's checkpoint, replacing the last one; the part was synced before."""
        now = self._now()
        self._file.write(lambda connection: log_rows.save_checkpoint(connection, job_id, facts, head, now))

    def drop_checkpoint(self, job_id: int) -> None:
        """Delete a job's checkpoint: its part is gone."""
        self._file.write(lambda connection: log_rows.drop_checkpoint(connection, job_id))

    def _act(self, job_id: int, action: Action) -> JobState:
        self._forget_rate(job_id)
        return self._change(lambda change: change.act(job_id, action))

    def _end(self, job_id: int, action: Action, values: Mapping[str, object]) -> None:
        def end(change: Change) -> None:
            change.act(job_id, action, values)
            log_rows.drop_checkpoint(change.connection, job_id)

        self._forget_rate(job_id)
        self._change(end, durable=True)

    def _forget_rate(self, job_id: int) -> None:
        with self._lock:
            self._rates.pop(job_id, None)

    def _change(self, operation: Callable[[Change], T], *, durable: bool = False) -> T:
        return self._file.write(in_transaction(operation, self._now()), durable=durable)

"""The queue in the state file: fronts put jobs and wishes in, the worker takes them out and says how it goes."""

import os
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TypeVar

from discpress.engine.errors import DiscpressError, UsageError
from discpress.engine.queue import log_rows, order
from discpress.engine.queue.crash_count import MOST_DEATHS, count_death, describe_death, worker_ended
from discpress.engine.queue.job_rows import ADD_JOB, SELECT_JOBS, is_queued, job_from, job_row
from discpress.engine.queue.jobs import WISHES, Action, Job, JobProgress, JobRequest, JobState
from discpress.engine.queue.rates import Meter
from discpress.engine.queue.reader import QueueReader
from discpress.engine.queue.snapshot import WorkerStatus
from discpress.engine.queue.transitions import Change, fail_values, finish_values, in_transaction, skip_values
from discpress.engine.store.model import JsonValue
from discpress.engine.store.numbering import next_number
from discpress.engine.store.rows.checked import safe_text
from discpress.engine.store.store import Store

T = TypeVar("T")

_LAST_POSITION = "SELECT COALESCE(MAX(position), 0.0) FROM queue_jobs WHERE position BETWEEN -1e15 AND 1e15"
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
    """The jobs of one open state file, for fronts and for the worker.

    Any thread may call it; no transaction outlives a call. UsageError names a job that does not exist, or an action
    that its state does not allow; StoreError where the state file cannot be used.
    """

    def __init__(
        self, store: Store, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Work on an open store; `now` dates what happens, `clock` measures rates: both in seconds."""
        super().__init__(store, now=now)
        self._clock = clock
        self._meters: dict[int, Meter] = {}

    # What fronts ask for

    def add(self, requests: Iterable[JobRequest], *, batch: str | None = None) -> list[int]:
        """Put jobs at the end of the queue, all or none, on the disk when this returns; return their numbers.

        Without a name the batch is called by the number of its first job.
        """
        wanted = list(requests)
        return self._change(lambda change: _append(change, wanted, batch), durable=True) if wanted else []

    def add_new(
        self, requests: Iterable[JobRequest], work_of: Callable[[Job | JobRequest], object]
    ) -> list[int | None]:
        """Put jobs into the queue as `add` does, but none that another front has put there a moment ago.

        `work_of` returns what is equal for jobs, of one kind on one file, that are the same work. Returns the number of
        each request's job, None for those that were left out.
        """
        wanted = list(requests)

        def add(change: Change) -> list[int | None]:
            is_new = [not is_queued(change.connection, request, work_of) for request in wanted]
            numbers = iter(_append(change, [each for each, new in zip(wanted, is_new, strict=True) if new], None))
            return [next(numbers) if new else None for new in is_new]

        return self._change(add, durable=True) if wanted else []

    def ask(self, job_ids: Iterable[int], action: Action, *, force: bool = False) -> list[int]:
        """Pause, resume, cancel or retry jobs; return those that can: the others are left as they are.

        What does not run is moved at once. Of a running one `wanted` says it, and the worker obeys; a pause that it
        has not obeyed yet is taken back by a resume. `force`: a retried job runs whatever its estimate advises.
        """
        if action not in WISHES:
            raise UsageError(f"{action} is the worker's: ask for {', '.join(WISHES)}")
        wanted = list(job_ids)
        return self._change(lambda change: [each for each in wanted if change.ask(each, action, force=force)])

    def move(self, job_id: int, to: order.Place) -> None:
        """Put a queued or paused job elsewhere among them; a number is its new place, from 1."""
        self._change(lambda change: order.move(change.connection, change.revision, job_id, to))

    def order_by_gain(self) -> None:
        """Put the largest expected saving first within each priority."""
        self._change(lambda change: order.order_by_gain(change.connection, change.revision))

    def set_gains(self, gains: Mapping[int, int | None]) -> None:
        """Write down the expected savings of jobs that were estimated meanwhile."""
        self._change(
            lambda change: change.connection.executemany(
                _SET_GAIN, [(gain, change.revision, job_id) for job_id, gain in gains.items()]
            )
        )

    # What the worker says

    def recover(self) -> list[int]:
        """Put what a killed worker left running back into the queue, for the one that holds the worker's lock.

        What had been asked of it happens now: it is paused or cancelled. Progress and attempts stay. One at which
        three workers died without getting further fails: its part is removed as that of a cancelled one. Returns all
        of them.
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
        """Let the jobs fail whose rows cannot be read, other than some that are under way; their rows stay.

        A job is begun only as it was asked for: what is left of such a row may ask for something else.
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
        """Take up a job; return False where it is not queued any more."""
        self._forget_rate(job_id)
        return self._change(lambda change: change.start(job_id))

    def pause(self, job_id: int) -> JobState:
        """Say that a running job rests now, as was wanted; return its state.

        By then it may be wanted otherwise: where the pause was taken back it is queued, or it is cancelled.
        """
        return self._act(job_id, Action.PAUSE)

    def resume(self, job_id: int) -> JobState:
        """Put a paused job back into the queue, for `start` at its turn; a running one takes note that it goes on."""
        return self._act(job_id, Action.RESUME)

    def suspend(self, job_id: int) -> JobState:
        """Say that the worker lets go of a job: it is queued again, or what was wanted of it; a paused one stays."""
        return self._act(job_id, Action.SUSPEND)

    def finish(self, job_id: int, result: Mapping[str, JsonValue], *, saved_bytes: int = 0) -> None:
        """Say that a job is done, on the disk when this returns; its checkpoint goes."""
        self._end(job_id, Action.FINISH, finish_values(result, saved_bytes))

    def fail(self, job_id: int, error: DiscpressError) -> None:
        """Say that a job could not be done; its checkpoint goes."""
        self._end(job_id, Action.FAIL, fail_values(error))

    def skip(self, job_id: int, reason: str) -> None:
        """Say that a job is better left undone; its checkpoint goes."""
        self._end(job_id, Action.SKIP, skip_values(reason))

    def cancelled(self, job_id: int) -> None:
        """Say that a job was stopped as was wanted and its part is removed; its checkpoint goes."""
        self._end(job_id, Action.CANCEL, {})

    def set_waiting(self, job_id: int, reason: str) -> None:
        """Say why a job does not run though it could; empty: nothing is in its way. Every action clears it."""
        values = {"id": job_id, "reason": safe_text(reason)}
        self._change(lambda change: change.connection.execute(_SET_WAITING, {**values, "revision": change.revision}))

    def set_all_waiting(self, job_ids: Iterable[int], reason: str) -> None:
        """Say the same of many jobs; of none, nothing is written."""
        values = [{"id": job_id, "reason": safe_text(reason)} for job_id in job_ids]
        if values:
            self._change(
                lambda change: change.connection.executemany(
                    _SET_WAITING, [{**each, "revision": change.revision} for each in values]
                )
            )

    def set_hold(self, reason: str) -> None:
        """Say why no conversion starts at present, which is want of room; empty: it goes on."""
        values = (safe_text(reason),) * 2
        self._change(
            lambda change: change.connection.execute("UPDATE queue_state SET hold = ? WHERE hold IS NOT ?", values)
        )

    def save_progress(self, counts: Iterable[JobProgress]) -> None:
        """Save how far the running jobs are, and how fast, at most twice a second; others are left as they are."""
        with self._lock:
            now = self._clock()
            measured = [(each, self._meters.setdefault(each.id, Meter()).rates(each, now)) for each in counts]
        self._change(lambda change: log_rows.save_progress(change.connection, change.revision, measured))

    def note_throughput(self, second: int, read_bytes: int, written_bytes: int) -> None:
        """Add to what was read and written in that second since the epoch; seconds come in order."""
        if read_bytes or written_bytes:
            self._change(lambda change: log_rows.note_throughput(change.connection, second, read_bytes, written_bytes))

    def set_worker(self, status: WorkerStatus) -> None:
        """Keep the worker's word; the same one again writes nothing."""
        self._change(lambda change: log_rows.set_worker(change.connection, status))

    def append_log(self, job_id: int, line: str) -> None:
        """Add a line to a job's log, which keeps the last 500."""
        self._file.write(lambda connection: log_rows.append_log(connection, job_id, line))

    def save_checkpoint(self, job_id: int, facts: Mapping[str, JsonValue], head: bytes) -> None:
        """Keep where a job can go on, in place of its last checkpoint; the part was synced before."""
        now = self._now()
        self._file.write(lambda connection: log_rows.save_checkpoint(connection, job_id, facts, head, now))

    def drop_checkpoint(self, job_id: int) -> None:
        """Forget where a job could go on: its part is gone."""
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
            self._meters.pop(job_id, None)

    def _change(self, operation: Callable[[Change], T], *, durable: bool = False) -> T:
        return self._file.write(in_transaction(operation, self._now()), durable=durable)

"""`discpress queue watch` and `queue wait`: follow the queue; it does not depend on them."""

import argparse
import contextlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TypeAlias

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.queue.access import OpenQueue
from discpress.engine.cli.queue.live import live_view
from discpress.engine.cli.queue.views import counts_text, describe, job_facts, last_batch, queue_facts, totals_text
from discpress.engine.errors import CancelledError, DiscpressError, SpaceError, UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.snapshot import BatchResult, QueueSnapshot
from discpress.engine.units import format_duration

REDRAW_S = 0.5
"""At most two refreshes a second: 2 kB/s over SSH, and feels live."""
POLL_S = 0.2
"""The interval at which `wait` polls for changes; a poll takes 4 us."""
REVIVE_S = 0.5
"""The interval of checks for a killed worker; a new one runs within two seconds."""
STALL_S = 3.0
"""`wait` gives up after this long without progress; a worker that replaces another one needs up to two seconds."""
_LINE_EVERY_S = 10.0  # like the plain lines of `convert`


def run_watch(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue watch`; return the exit code."""
    with OpenQueue(arguments, printer) as queue:
        queue.need_worker()
        try:
            with _view(arguments, printer) as show:
                _follow(queue, show, control)
        except CancelledError as error:
            if not queue.jobs.is_idle():
                printer.notice(
                    "the jobs continue; run discpress queue watch to see them again, discpress queue stop to stop them"
                )
            return error.exit_code
    return 0


def _follow(queue: OpenQueue, show: Callable[[QueueSnapshot, bool], None], control: Control) -> None:
    """Show every change until all jobs are finished."""
    shown: tuple[int, bool] | None = None
    while True:
        queue.revive_worker()
        snapshot, is_alive = queue.jobs.snapshot(), queue.is_worker_alive()
        if shown != (snapshot.generation, is_alive):
            show(snapshot, is_alive)
            shown = (snapshot.generation, is_alive)
        if not snapshot.totals.alive:
            return
        control.wait(REDRAW_S)


def _view(
    arguments: argparse.Namespace, printer: Printer
) -> AbstractContextManager[Callable[[QueueSnapshot, bool], None]]:
    if arguments.json:
        return contextlib.nullcontext(_Events(printer).show)
    return live_view() or _plain_view(printer)


class _Events:
    """A `job` event for each changed job, and a `queue` event if the counts or the worker changed."""

    def __init__(self, printer: Printer) -> None:
        self._printer = printer
        self._jobs: dict[int, Job] | None = None
        self._queue: dict[str, object] = {}

    def show(self, snapshot: QueueSnapshot, is_alive: bool) -> None:
        known = self._jobs
        for job in snapshot.jobs:
            # Jobs that ended before are history; an unchanged job is the same object.
            if job.is_alive if known is None else known.get(job.id) is not job:
                self._printer.event("job", job_facts(job), "")
        self._jobs = {job.id: job for job in snapshot.jobs}
        facts = queue_facts(snapshot, is_alive)
        if facts != self._queue:
            self._printer.event("queue", facts, "")
            self._queue = facts


@contextlib.contextmanager
def _plain_view(printer: Printer) -> Iterator[Callable[[QueueSnapshot, bool], None]]:
    """Lines for logs: one when a job's state or stage changes, one every ten seconds, and the counts at both ends."""
    known: dict[int, _Standing] = {}
    last: tuple[QueueSnapshot, bool] | None = None
    said_at = time.monotonic()

    def show(snapshot: QueueSnapshot, is_alive: bool) -> None:
        nonlocal last, said_at
        is_due = time.monotonic() - said_at >= _LINE_EVERY_S
        for job in _jobs_with_news(snapshot, known, is_first=last is None, is_due=is_due):
            printer.lines(describe(job))
        if last is None:
            printer.lines(totals_text(snapshot, is_alive))
        if is_due:
            said_at = time.monotonic()
        last = (snapshot, is_alive)

    yield show
    if last is not None and known:
        printer.lines(totals_text(*last))


_Standing: TypeAlias = tuple[JobState, Action | None, str, str]
"""The reported part of a job: its state, the pending request, its stage and the reason it waits."""


def _jobs_with_news(
    snapshot: QueueSnapshot, known: dict[int, _Standing], *, is_first: bool, is_due: bool
) -> Iterator[Job]:
    """Yield the jobs that differ from `known`, and the running ones if a line is due."""
    for job in snapshot.jobs:
        standing = (job.state, job.wanted, job.stage if job.state is JobState.RUNNING else "", job.waiting)
        is_news = known.get(job.id) != standing
        known[job.id] = standing
        if is_first and (job.is_over or (job.state is JobState.QUEUED and not job.waiting)):
            continue  # old and far jobs are only in the counts
        if is_news or (is_due and job.state is JobState.RUNNING):
            yield job


class _End(StrEnum):
    """The reasons why `wait` ends, apart from the results of a batch."""

    STOPPED = "stopped"
    """No worker is running, because somebody stopped it."""
    TIMEOUT = "timeout"
    """The timeout is over."""


class _Waiting:
    """The batch or jobs that `wait` waits for, and their progress."""

    def __init__(self, arguments: argparse.Namespace, queue: OpenQueue) -> None:
        jobs = queue.jobs.snapshot().jobs
        self._queue = queue
        self._is_for_all: bool = arguments.all
        self._alive = {job.id for job in jobs if job.is_alive}
        self._last = max((job.id for job in jobs), default=0)
        self._waits_for_idle = arguments.batch is None
        self.batch: str | None = arguments.batch or (None if arguments.all else last_batch(jobs))

    def result(self) -> BatchResult:
        """Return the batch's progress. Raises UsageError if there is no such batch."""
        queue = self._queue.jobs
        if self._waits_for_idle and not queue.is_idle():
            snapshot = queue.snapshot()
            has_room = snapshot.totals.running or not snapshot.waiting_reason
            return BatchResult.WORKING if has_room else BatchResult.NO_ROOM
        if self.batch is not None:
            return queue.batch_result(self.batch)
        states = {job.state for job in self.jobs()}
        if states & {JobState.QUEUED, JobState.RUNNING}:
            return BatchResult.WORKING
        if JobState.PAUSED in states:
            return BatchResult.PAUSED
        return BatchResult.FAILED if states & {JobState.FAILED, JobState.CANCELLED} else BatchResult.DONE

    def jobs(self) -> list[Job]:
        """Return the jobs that decide the exit code."""
        every = self._queue.jobs.jobs()
        if self._is_for_all:
            return [job for job in every if job.id in self._alive or job.id > self._last]
        return [job for job in every if job.batch == self.batch]


def run_wait(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue wait`; return the exit code."""
    timeout_s: float | None = arguments.timeout
    if arguments.all and arguments.batch is not None:
        raise UsageError("--all and a batch exclude each other")
    if timeout_s is not None and not 0 <= timeout_s < math.inf:
        raise UsageError("--timeout: expected a number of seconds from 0")
    with OpenQueue(arguments, printer) as queue:
        waiting = _Waiting(arguments, queue)
        waiting.result()  # report an unknown batch before anything is started
        queue.need_worker()
        try:
            end = _wait(queue, waiting, math.inf if timeout_s is None else timeout_s, printer, control)
        except CancelledError as error:
            printer.notice("the jobs continue without this command")
            return error.exit_code
        return _report(queue, waiting, end, timeout_s, printer)


def _wait(
    queue: OpenQueue, waiting: _Waiting, timeout_s: float, printer: Printer, control: Control
) -> BatchResult | _End:
    """Wait until all jobs ended, or none progressed for STALL_S, or the time is up; return the reason."""
    now = began = time.monotonic()
    looked_at = moving_at = now
    is_stopped = False
    seen = None
    result: BatchResult = BatchResult.WORKING
    while True:
        version = queue.jobs.data_version()
        if version != seen:
            result, seen = _result_now(queue, waiting, printer), version
        if result not in {BatchResult.WORKING, BatchResult.NO_ROOM}:
            return result
        if now - looked_at >= REVIVE_S:
            queue.revive_worker()
            is_stopped = queue.is_stopped()
            looked_at = now
        if result is BatchResult.WORKING and not is_stopped:
            moving_at = now
        if now - moving_at >= STALL_S:
            break
        if now - began >= timeout_s:
            return _End.TIMEOUT
        control.wait(POLL_S)
        now = time.monotonic()
    return _End.STOPPED if is_stopped else result


def _result_now(queue: OpenQueue, waiting: _Waiting, printer: Printer) -> BatchResult:
    """Return the batch's progress, and show the counts."""
    result = waiting.result()
    totals = queue.jobs.snapshot().totals
    printer.fleeting(f"{totals.running} running, {totals.queued} queued")
    return result


def _report(
    queue: OpenQueue, waiting: _Waiting, end: BatchResult | _End, timeout_s: float | None, printer: Printer
) -> int:
    errors: dict[BatchResult | _End, DiscpressError] = {
        BatchResult.NO_ROOM: SpaceError(
            f"the queue waits for free space: {display_name(queue.jobs.snapshot().waiting_reason)}",
            hint="free some space; the queue continues by itself",
        ),
        BatchResult.PAUSED: DiscpressError(
            "only paused jobs are left", hint="run discpress queue resume all to continue them"
        ),
        _End.STOPPED: DiscpressError(
            "the worker was stopped", hint="run discpress queue resume all to start one; the jobs are still queued"
        ),
        _End.TIMEOUT: DiscpressError(f"not finished after {format_duration(timeout_s or 0)}", hint="the jobs continue"),
    }
    jobs = waiting.jobs()
    for job in jobs:
        if job.state in {JobState.FAILED, JobState.CANCELLED, JobState.SKIPPED}:
            printer.event("job", job_facts(job), describe(job))
    if end in errors:
        printer.error(errors[end])
    exit_code = errors[end].exit_code if end in errors else int(end is BatchResult.FAILED)
    facts = {
        "batch": waiting.batch,
        "result": str(end),
        **{str(state): sum(1 for job in jobs if job.state is state) for state in JobState},
        "saved_bytes": sum(job.saved_bytes for job in jobs),
        "exit_code": exit_code,
    }
    what = "all" if waiting.batch is None else f"batch {display_name(waiting.batch)}"
    printer.event("wait", facts, f"{what}: {counts_text(jobs)}" if jobs else "nothing is queued")
    return exit_code

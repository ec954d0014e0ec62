"""`discpress queue` and `discpress history`."""

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal, TypeAlias, cast

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tables import format_table
from discpress.engine.cli.queue.access import OpenQueue
from discpress.engine.cli.queue.views import (
    describe,
    job_facts,
    job_table,
    listed,
    name_of,
    queue_facts,
    state_of,
    totals_text,
)
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.errors import DiscpressError, StoreError, UsageError
from discpress.engine.imports import named, no_collections
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.queue.jobs import ALIVE, Action, Job, JobState
from discpress.engine.queue.record_digests import identity_of
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.losses import lost_conversions
from discpress.engine.units import format_duration, format_percent, format_size

GAIN = "gain"
_PLACES = ("top", "bottom", "up", "down")
_Place: TypeAlias = Literal["top", "bottom", "up", "down"] | int
_Runner: TypeAlias = Callable[[argparse.Namespace, Printer, Control], int]
_ELSEWHERE = {
    "add": "discpress.engine.cli.queue.add:run_add",
    "watch": "discpress.engine.cli.queue.follow:run_watch",
    "wait": "discpress.engine.cli.queue.follow:run_wait",
    "run": "discpress.engine.cli.queue.run:run_foreground",
    "service": "discpress.engine.cli.queue.service:run_service",
    "notify": "discpress.engine.cli.queue.notify:run_notify",
}
"""Actions whose modules the others do without."""
_DONE_TO = {Action.PAUSE: "paused", Action.RESUME: "resumed", Action.CANCEL: "cancelled", Action.RETRY: "retried"}
_MOST_DIGITS = 18  # the range of SQLite's integers


def run_queue(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue` and its action; return the exit code."""
    runners: Mapping[str, _Runner] = {
        "list": _run_list,
        "pause": _run_ask,
        "resume": _run_ask,
        "cancel": _run_ask,
        "retry": _run_ask,
        "move": _run_move,
        "log": _run_log,
        "stop": _run_stop,
    }
    runner = runners.get(arguments.action)
    if runner is None:
        with no_collections():
            runner = cast(_Runner, named(_ELSEWHERE[arguments.action]))
    return runner(arguments, printer, control)


def _run_list(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    with OpenQueue(arguments, printer) as queue:
        queue.revive_worker()
        snapshot = queue.jobs.snapshot()
        is_alive = queue.is_worker_alive()
        jobs = queue.jobs.jobs() if arguments.all else listed(snapshot.jobs)
    for job in jobs:
        printer.event("job", job_facts(job), "")
    printer.lines(job_table(jobs))
    printer.event("queue", queue_facts(snapshot, is_alive), totals_text(snapshot, is_alive))
    return 0


def _run_ask(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    action = Action(arguments.action)
    exit_code = 0
    with OpenQueue(arguments, printer) as queue:
        is_forced = action is Action.RETRY and arguments.even_useless
        numbers = _numbers(arguments.jobs)
        if numbers is None:
            asked = set(queue.jobs.ask(_all_meant(queue, action), action, force=is_forced))
            numbers = sorted(asked)  # jobs that ended meanwhile are no longer meant
            if not numbers:
                printer.notice(f"no job to {action}")
        else:
            asked = set(queue.jobs.ask(numbers, action, force=is_forced))
        for number in numbers:
            job = queue.jobs.job(number)
            if number in asked:
                printer.event("job", job_facts(job), f"{number} {name_of(job)}: {state_of(job)}")
            else:
                why = f": {job.fault}" if job.fault else ""
                error = DiscpressError(f"job {number} is {job.state}: it cannot be {_DONE_TO[action]}{why}")
                printer.error(error, job.path)
                exit_code = error.exit_code
        if action in {Action.RESUME, Action.RETRY} or queue.jobs.abandoned():
            queue.need_worker()  # a worker removes the part files of jobs cancelled while none ran
        else:
            queue.revive_worker()
    return exit_code


def _numbers(words: list[str]) -> list[int] | None:
    """Return the numbers of jobs, each once; None for `all`."""
    if words == ["all"]:
        return None
    return list(dict.fromkeys(_number(word) for word in words))


def _number(word: str) -> int:
    if not word.isdecimal() or len(word) > _MOST_DIGITS:
        raise UsageError(f"{display_name(word)!r} is not a job: run discpress queue list to see their numbers")
    return int(word)


def _is_meant(job: Job, action: Action) -> bool:
    """Return whether `all` means this job."""
    match action:
        case Action.PAUSE:
            return job.state in {JobState.QUEUED, JobState.RUNNING} and not job.wanted
        case Action.RESUME:
            return job.state is JobState.PAUSED or job.wanted == Action.PAUSE
        case Action.CANCEL:
            return job.is_alive and job.wanted != Action.CANCEL
    return job.state is JobState.FAILED  # cancelled and skipped jobs are so for a reason


def _all_meant(queue: OpenQueue, action: Action) -> list[int]:
    jobs = queue.jobs.jobs()
    meant = [job.id for job in jobs if _is_meant(job, action)]
    if action is not Action.RETRY:
        return meant
    # If a title was queued again since, the later job has its current state.
    latest = {(job.kind, job.path): job.id for job in sorted(jobs, key=lambda job: job.id)}
    kept = set(latest.values())
    return [number for number in meant if number in kept]


def _run_move(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    with OpenQueue(arguments, printer) as queue:
        queue.revive_worker()
        if arguments.job == GAIN:
            if arguments.place is not None:
                raise UsageError(f"move {GAIN} orders all jobs: it accepts no place")
            _take_estimates(queue)
            queue.jobs.order_by_gain()
        else:
            queue.jobs.move(_number(arguments.job), _take_place(arguments.place))
        waiting = queue.jobs.jobs([JobState.QUEUED, JobState.PAUSED])
    printer.event("order", {"ids": [job.id for job in waiting]}, job_table(waiting))
    return 0


def _take_place(text: str | None) -> _Place:
    if text in _PLACES:
        return cast(_Place, text)
    if text is None or not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < 1:
        raise UsageError(f"move: expected {', '.join(_PLACES)}, or a place from 1")
    return int(text)


def _take_estimates(queue: OpenQueue) -> None:
    """Set the expected saving of conversions that were estimated after they were queued."""
    gains = {}
    for job in queue.jobs.jobs([JobState.QUEUED, JobState.PAUSED]):
        if isinstance(job.task, ConvertTask) and job.gain_bytes is None:
            try:
                plan = plan_conversion(job.path, job.task.output_path, job.task.output_folder, job.task.request)
            except DiscpressError:
                continue  # the job itself will report it
            found = queue.store.estimate_for(identity_of(plan), plan.settings)
            gains[job.id] = None if found is None else plan.source_bytes - found.packed_bytes
    queue.jobs.set_gains(gains)


def _run_log(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    with OpenQueue(arguments, printer) as queue:
        chosen = _numbers(arguments.jobs)
        jobs = queue.jobs.jobs(ALIVE) if chosen is None else [queue.jobs.job(number) for number in chosen]
        for job in jobs:
            printer.event("job", job_facts(job), describe(job))
            for entry in queue.jobs.log(job.id):
                for line in entry.splitlines():
                    printer.event("log", {"id": job.id, "line": line}, f"  {display_name(line)}")
            if job.error_hint:
                printer.lines(f"  {display_name(job.error_hint)}")
    return 0


def _run_stop(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    with OpenQueue(arguments, printer) as queue:
        was_alive = queue.is_worker_alive()
        if was_alive and not queue.stop_worker():
            raise StoreError("the worker has not stopped yet: it stops at the next chunk, or when a disk responds")
        snapshot = queue.jobs.snapshot()
    totals = snapshot.totals
    waiting = totals.queued + totals.running
    reasons = dict.fromkeys(job.waiting for job in snapshot.jobs if job.waiting)
    facts = {"was_alive": was_alive, "queued": waiting}
    text = "the worker has stopped" if was_alive else "no worker is running"
    if waiting:
        text += f"; {waiting} still queued: run discpress queue resume all to continue"
        text += "".join(f"; {display_name(reason)}" for reason in reasons)
    printer.event("stopped", facts, text)
    return 0


def run_history(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `history`; return the exit code."""
    with OpenQueue(arguments, printer) as queue:
        history = queue.jobs.history()
    if history.unreadable:
        printer.notice(lost_conversions(queue.store.path, history.unreadable))
    rows = []
    for job in history.jobs:
        ended_at, started_at = job.ended_at or 0.0, job.started_at or job.ended_at or 0.0
        duration_s = max(0.0, ended_at - started_at)
        after = job.result_bytes
        before = job.source_bytes or job.total_bytes
        sizes = {"source_bytes": before, "packed_bytes": after, "duration_s": round(duration_s, 3)}
        printer.event("history", job_facts(job) | sizes, "")
        rows.append(
            (
                f"{datetime.fromtimestamp(ended_at):%Y-%m-%d %H:%M}",
                name_of(job),
                format_size(before),
                format_size(after),
                format_size(job.saving_bytes),
                format_percent(job.saving_bytes, before),
                format_duration(duration_s),
            )
        )
    if rows:
        heads = ("WHEN", "TITLE", "BEFORE", "AFTER", "LESS", "", "TIME")
        printer.lines(format_table(heads, rows, flexible=1, right=(2, 3, 4, 5, 6)))
    before = sum(job.source_bytes or job.total_bytes for job in history.jobs)
    after = sum(job.result_bytes for job in history.jobs)
    facts = {
        "conversions": len(rows),
        "source_bytes": before,
        "packed_bytes": after,
        "saved_bytes": history.saved_bytes,
    }
    text = f"{len(rows)} conversions: {format_size(before)} before, {format_size(after)} after"
    text += f"; saved {format_size(history.saved_bytes)} so far, by originals removed for good"
    printer.event("history-total", facts, text if rows else "the queue has not converted anything yet")
    return 0

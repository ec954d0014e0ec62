"""Jobs as rows and sentences for people, and as fields of JSON events."""

from collections.abc import Collection, Iterable, Sequence

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.output.tables import format_table
from discpress.engine.convert.batch.model import PlannedTitle
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Action, Job, JobRequest, JobState
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import and_others
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.units import format_duration, format_percent, format_rate, format_size, smaller_text

_HEADS: tuple[str, ...] = ("ID", "STATE", "STAGE", "DONE", "SPEED", "RATIO", "ETA", "TITLE")
_MACHINE = "MACHINE"
_BEFORE_MACHINE = 3
"""Columns before the name of the machine."""
_RIGHT: tuple[int, ...] = (0, 3, 4, 5, 6)
_BLANK = "-"
_WANTED = {Action.PAUSE: "pausing", Action.RESUME: "resuming", Action.CANCEL: "cancelling"}
_COUNTS = tuple(str(state) for state in JobState)


def job_facts(job: Job) -> dict[str, object]:
    """Return the fields of a job in JSON events."""
    output = job.result.get("output")
    if output is None and job.output_path is not None:
        output = str(job.output_path)
    return {
        "id": job.id,
        "batch": job.batch,
        "kind": str(job.kind),
        "state": str(job.state),
        "wanted": job.wanted or "",
        "stage": job.stage,
        "machine": job.machine,
        "path": str(job.path),
        "output": output,
        "done_bytes": job.done_bytes,
        "total_bytes": job.total_bytes,
        "read_bytes": job.read_bytes,
        "packed_bytes": job.packed_bytes,
        "ratio": None if job.ratio is None else round(job.ratio, 6),
        "read_rate": job.read_rate,
        "write_rate": job.write_rate,
        "eta_s": job.eta_s,
        "gain_bytes": job.gain_bytes,
        "saved_bytes": job.saved_bytes,
        "priority": job.priority,
        "waiting": job.waiting,
        "error_code": job.error_code,
        "error_message": job.error_message,
        "error_hint": job.error_hint,
        "exit_code": job.exit_code,
        "attempts": job.attempts,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "result": dict(job.result),
    }


def queue_facts(snapshot: QueueSnapshot, is_alive: bool) -> dict[str, object]:
    """Return the fields of the JSON event `queue`."""
    worker, totals = snapshot.worker, snapshot.totals
    return {
        **{name: getattr(totals, name) for name in _COUNTS},
        "worker_alive": is_alive,
        "worker_state": None if worker is None else str(worker.state),
        "worker_pid": None if worker is None else worker.pid,
        "waiting_reason": snapshot.waiting_reason,
        "saved_bytes": totals.saved_bytes,
        "gain_bytes": totals.gain_bytes,
    }


def listed(jobs: Collection[Job]) -> list[Job]:
    """Return the jobs that `queue list` shows without --all: the unfinished ones, and the whole batch queued last.

    Unreadable rows of unfinished jobs are included, because they have not been reported yet.
    """
    last = last_batch(jobs)
    return [job for job in jobs if job.is_alive or job.is_unsettled or job.batch == last]


def last_batch(jobs: Iterable[Job]) -> str | None:
    """Return the batch that was queued last; None if there is no job."""
    latest = max(jobs, key=lambda job: job.id, default=None)
    return None if latest is None else latest.batch


def job_table(jobs: Sequence[Job]) -> str:
    """Return one line for each job under a line of heads; empty for no jobs.

    The machine of each job has a column if another one than this works, or worked, on any.
    """
    if not jobs:
        return ""
    heads, rows, right = _HEADS, [_row(job) for job in jobs], _RIGHT
    if any(job.machine for job in jobs):
        at = _BEFORE_MACHINE
        heads = (*heads[:at], _MACHINE, *heads[at:])
        names = (display_name(job.machine) or _BLANK for job in jobs)
        rows = [(*row[:at], name, *row[at:]) for row, name in zip(rows, names, strict=True)]
        right = tuple(each + (each >= at) for each in right)
    return format_table(heads, rows, flexible=len(heads) - 1, right=right)


def _row(job: Job) -> tuple[str, ...]:
    has_progress = job.is_alive and job.total_bytes > 0
    note = note_of(job)
    return (
        str(job.id),
        state_of(job),
        job.stage if job.is_alive and job.stage else _BLANK,
        format_percent(job.done_bytes, job.total_bytes) if has_progress else _BLANK,
        _BLANK if job.read_rate is None else format_rate(job.read_rate),
        _BLANK if job.ratio is None else f"{job.ratio:.3f}",
        _BLANK if job.eta_s is None else format_duration(job.eta_s),
        f"{name_of(job)}: {note}" if note else name_of(job),
    )


def state_of(job: Job) -> str:
    """Return a job's state in one word, a pending request included."""
    return _WANTED[job.wanted] if job.wanted else str(job.state)


def name_of(job: Job | JobRequest) -> str:
    """Return the name of a job's file, safe to show; after the kind of job if it is not a conversion."""
    name = display_name(job.task.source.name or job.path.name or job.path)
    return name if job.kind is TaskKind.CONVERT else f"{job.kind} {name}{and_others(job.task)}"


def describe(job: Job) -> str:
    """Return a job as a line of a log: `12 game.iso: packing, 42.0 %, 83.1 MiB/s, ratio 0.583, ETA 3m05s`."""
    is_working = job.state is JobState.RUNNING and not job.wanted
    words = [job.stage if is_working and job.stage else state_of(job)]
    if is_working and job.machine:
        words[0] += f" on {display_name(job.machine)}"
    if is_working and job.total_bytes and job.done_bytes:
        words.append(format_percent(job.done_bytes, job.total_bytes))
    if job.read_rate is not None:
        words.append(format_rate(job.read_rate))
    if job.ratio is not None:
        words.append(f"ratio {job.ratio:.3f}")
    if job.eta_s is not None:
        words.append(f"ETA {format_duration(job.eta_s)}")
    note = note_of(job)
    return f"{job.id} {name_of(job)}: {', '.join(words)}" + (f": {note}" if note else "")


def totals_text(snapshot: QueueSnapshot, is_alive: bool) -> str:
    """Return the counts of the whole queue, its saving and its worker; a second line gives the reason to wait."""
    totals, worker = snapshot.totals, snapshot.worker
    words = [f"{count} {name}" for name in _COUNTS if (count := getattr(totals, name))] or ["no jobs"]
    if totals.saved_bytes > 0:
        words.append(f"saved {format_size(totals.saved_bytes)}")
    if totals.gain_bytes > 0:
        words.append(f"about {format_size(totals.gain_bytes)} to come")
    if is_alive:
        words.append("the worker is " + (f"{worker.state} (process {worker.pid})" if worker else "starting"))
    elif totals.queued or totals.running:
        words.append("no worker is running")
    text = ", ".join(words)
    return f"{text}\nwaiting: {display_name(snapshot.waiting_reason)}" if snapshot.waiting_reason else text


def counts_text(jobs: Iterable[Job]) -> str:
    """Return the number of jobs in each state, and how much smaller their results are."""
    chosen = list(jobs)
    states = [job.state for job in chosen]
    words = [f"{states.count(state)} {state}" for state in JobState if state in states]
    return ", ".join(words) + smaller_text(sum(job.saving_bytes for job in chosen))


def report_added(added: Sequence[tuple[int, JobRequest, PlannedTitle | None]], printer: Printer) -> None:
    """Report the jobs that were added: number, request, and the row of a planned conversion."""
    batch = str(added[0][0]) if added else ""
    for number, request, row in added:
        gain = request.gain_bytes
        _, _, output, folder = request.task.to_cells()
        facts = {
            "id": number,
            "batch": batch,
            "kind": str(request.kind),
            "path": str(request.path),
            "output": None if output is None else str(output),
            "output_folder": None if folder is None else str(folder),
            "gain_bytes": gain,
            "result": None if row is None or row.output_path is None else str(row.output_path),
            **({} if row is None else {"state": str(row.state)}),
        }
        text = f"{number} {name_of(request)}: queued"
        if gain is not None and gain > 0:
            text += f", about {format_size(gain)} to save"
        printer.event("queued", facts, text)
    if added:
        facts = {"batch": batch, "jobs": len(added)}
        text = f"{len(added)} queued as batch {batch}; run discpress queue watch to follow them"
        printer.event("batch", facts, text)

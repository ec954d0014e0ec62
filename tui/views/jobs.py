"""The queue as a table: what runs, what waits, then what is over, newest first."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Action, Job, JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import and_others
from discpress.engine.queue.titles.job_notes import note_of
from discpress.engine.store.digests import DIGEST_LABELS
from discpress.engine.store.model import JsonValue
from discpress.engine.units import format_duration, format_rate, format_size
from discpress.tui.widgets.graph import bar
from discpress.tui.widgets.palette import Line, wrapped
from discpress.tui.widgets.table import Column

_WIDE = 112
"""Cells of a table that has room for long bars: a terminal of 120 columns."""
COLUMNS = (
    Column("name", "TITLE", 18, flexible=True),
    Column("stage", "STAGE", 10),
    Column("percent", "%", 4, right=True),
    Column("bar", "", 10, rank=2, below_width=_WIDE),
    Column("wide_bar", "", 24, from_width=_WIDE),
    Column("rate", "RATE", 10, right=True),
    Column("ratio", "RATIO", 5, right=True, rank=1),
    Column("rest", "ETA/SAVED", 9, right=True),
)
_MACHINE = Column("machine", "MACHINE", 10, rank=1)
_BARS = {"bar": 10, "wide_bar": 24}
STATE_STYLES: Mapping[JobState, str] = {
    JobState.RUNNING: "normal",
    JobState.QUEUED: "dim",
    JobState.PAUSED: "warn",
    JobState.FAILED: "bad",
    JobState.DONE: "good",
    JobState.CANCELLED: "dim",
    JobState.SKIPPED: "dim",
}


Names: TypeAlias = Callable[[Path], str]
"""Gives what the library calls an image; empty for one that it does not know."""


def job_name(job: Job, names: Names) -> str:
    """Return the title, or the name of a job's file; before it the kind of job unless that is a conversion."""
    # As it was queued first: another game may have the file's name by now.
    queued = job.task.source.name
    name = display_name(queued) if queued else names(job.path) or display_name(job.path.name or job.path)
    return name if job.kind is TaskKind.CONVERT else f"{job.kind} {name}{and_others(job.task)}"


_WANTED = {Action.PAUSE: "pausing", Action.RESUME: "resuming", Action.CANCEL: "cancelling"}


def job_state(job: Job) -> str:
    """Return in one word what a job does, or was asked to do."""
    if job.wanted:
        return _WANTED.get(job.wanted, str(job.wanted))
    return job.stage if job.state is JobState.RUNNING and job.stage else str(job.state)


def has_figures(job: Job) -> bool:
    """Return whether there is progress to draw."""
    return job.is_alive and bool(job.total_bytes) and job.state is not JobState.QUEUED


class JobRows:
    """The rows of the queue's table."""

    def __init__(self, names: Names, *, is_ascii: bool) -> None:
        self.jobs: list[Job] = []
        self._names = names
        self._is_ascii = is_ascii

    def set_jobs(self, jobs: Sequence[Job]) -> None:
        """Show other jobs, given in the order in which they run or ran."""
        alive = sorted((job for job in jobs if job.is_alive), key=lambda job: job.state is not JobState.RUNNING)
        over = sorted((job for job in jobs if job.is_over), key=lambda job: job.ended_at or 0.0, reverse=True)
        self.jobs = [*alive, *over]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table: with the machine of each job if another one than this works, or worked."""
        name, stage, *others = COLUMNS
        return (name, stage, _MACHINE, *others) if any(job.machine for job in self.jobs) else COLUMNS

    def index_of(self, job_id: int) -> int | None:
        """Return the row of a job; None if it is not there."""
        return next((index for index, job in enumerate(self.jobs) if job.id == job_id), None)

    def row_to_follow(self, job: Job) -> int | None:
        """Return the row of a job; None if it is not there, or has ended since."""
        row = self.index_of(job.id)
        return None if row is None or (job.is_alive and self.jobs[row].is_over) else row

    def __len__(self) -> int:
        return len(self.jobs)

    def cells(self, index: int, keys: Sequence[str]) -> Sequence[str]:
        """Return the texts of one row."""
        job = self.jobs[index]
        return [job_name(job, self._names) if key == "name" else _CELLS[key](job, self._is_ascii) for key in keys]

    def style(self, index: int, key: str) -> str:
        """Return the style of one cell."""
        job = self.jobs[index]
        if key == "stage":
            return STATE_STYLES.get(job.state, "dim")
        if key in _BARS and has_figures(job):
            return "bar"
        return "normal" if job.is_alive else "dim"


def _rest_cell(job: Job, _is_ascii: bool) -> str:
    if job.is_alive:
        return "" if job.eta_s is None else format_duration(job.eta_s)
    return format_size(job.saving_bytes) if job.state is JobState.DONE and job.saving_bytes > 0 else ""


def _bar_cell(key: str, job: Job, is_ascii: bool) -> str:
    return bar(job.percent, _BARS[key], is_ascii=is_ascii) if has_figures(job) else ""


_CELLS: Mapping[str, Callable[[Job, bool], str]] = {
    "stage": lambda job, _: job_state(job),
    "machine": lambda job, _: display_name(job.machine),
    "percent": lambda job, _: f"{job.percent:.0f} %" if has_figures(job) else "",
    "bar": partial(_bar_cell, "bar"),
    "wide_bar": partial(_bar_cell, "wide_bar"),
    "rate": lambda job, _: "" if job.read_rate is None or not job.is_alive else format_rate(job.read_rate),
    "ratio": lambda job, _: "" if job.ratio is None else f"{job.ratio:.2f}",
    "rest": _rest_cell,
}


def describe_job(job: Job) -> list[Line]:
    """Return two lines on one job: its stage and its note."""
    note = note_of(job)
    if not note and job.ended_at is not None and job.started_at is not None:
        note = f"done in {format_duration(job.ended_at - job.started_at)}"
    hint = f" ({display_name(job.error_hint)})" if job.error_hint else ""
    style = "bad" if job.state is JobState.FAILED else "warn" if job.waiting or job.restart_note else "normal"
    return [[(display_name(job.path), "dim")], [(note + hint, style)]]


_LABELS = DIGEST_LABELS | {"output": "result", "source_bytes": "size before", "packed_bytes": "size after"}
"""Names of results that their fields do not have."""


def result_lines(job: Job, width: int) -> list[Line]:
    """Return what a job has to show, one line for each result."""
    lines: list[Line] = []
    for key, value in job.result.items():
        if value in (None, "", []):
            continue
        label = _LABELS.get(key, key.removesuffix("_bytes").removesuffix("_s").replace("_", " "))
        lines += wrapped(f"{label}: {display_name(_result_text(key, value))}", width, "dim")
    return lines


def _result_text(key: str, value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and key.endswith(("_bytes", "_s")):
        return format_size(value) if key.endswith("_bytes") else format_duration(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def job_word(job: Job | None) -> str:
    """Return what a job does with its title, in a word or in percent; empty without one."""
    if job is None:
        return ""
    if job.state is JobState.RUNNING and job.total_bytes:
        return f"{job.percent:.0f} %"
    return job.stage if job.state is JobState.RUNNING and job.stage else str(job.state)

"""The findings of the newest check of an image: what decoding every block has shown."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from discpress.engine.images.doctor.findings import Severity
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import DoctorTask
from discpress.engine.store.model import Title
from discpress.engine.targets import TARGETS
from discpress.tui.views.jobs import has_figures, job_state
from discpress.tui.views.labels import SEVERITY_STYLES
from discpress.tui.widgets.graph import bar
from discpress.tui.widgets.palette import Line, wrapped

_BAR_CELLS = 24
_MOST_FINDINGS = 100


class Check(NamedTuple):
    """A check that runs, waits or is done."""

    job: Job
    findings: tuple[str, ...] = ()
    """Its findings, `warning: ...`; they are in its log."""

    @property
    def is_done(self) -> bool:
        """Whether every block was decoded."""
        return self.job.state is JobState.DONE


def newest_check(queue: JobQueue, title: Title, jobs: Sequence[Job]) -> Check | None:
    """Return the newest check among the jobs of a title, newest first; None without one of the file as it is now.

    Raises StoreError.
    """
    job = next((each for each in jobs if each.kind is TaskKind.DOCTOR), None)
    if job is None or not (job.is_alive or job.state is JobState.DONE):
        return None
    if job.is_alive:
        return Check(job)
    if job.started_at is None or job.started_at * 1e9 < title.identity.mtime_ns:
        return None  # of another file, which had the name before
    found = (text for text in queue.log(job.id) if _severity(text) is not None)
    return Check(job, tuple(dict.fromkeys(found)))  # a job that ran twice has each of them twice


def check_head(check: Check) -> str:
    """Return the head of its findings: `Every block decoded for OPL, 2026-11-30 07:10`."""
    task = check.job.task
    target = TARGETS.get(task.target or "") if isinstance(task, DoctorTask) else None
    words = f" for {target.label}" if target is not None else ""
    if not check.is_done:
        return f"The check{words}"
    return f"Every block decoded{words}, {time.strftime('%Y-%m-%d %H:%M', time.localtime(check.job.ended_at))}"


def check_lines(check: Check, width: int, *, is_ascii: bool) -> list[Line]:
    """Return the progress of a check, or what it found."""
    job = check.job
    if not check.is_done:
        if not has_figures(job):
            return [[(f"check {job_state(job)}", "accent")]]
        cells = max(4, min(_BAR_CELLS, width - 24))
        drawn = bar(job.percent, cells, is_ascii=is_ascii)
        return [[(f"{job_state(job)} ", "accent"), (drawn, "bar"), (f" {job.percent:.0f} %", "strong")]]
    if not check.findings:
        return [[("nothing found", "good")]]
    lines: list[Line] = []
    for text in check.findings[:_MOST_FINDINGS]:
        severity = _severity(text)
        lines += wrapped(display_name(text), width, SEVERITY_STYLES.get(severity, "normal") if severity else "normal")
    more = len(check.findings) - _MOST_FINDINGS
    return [*lines, [(f"{more} more in the job's log", "dim")]] if more > 0 else lines


def _severity(text: str) -> Severity | None:
    """Return the severity that a line of a log begins with; None for a line that is not a finding."""
    word = text.partition(": ")[0]
    return Severity(word) if word in list(Severity) else None

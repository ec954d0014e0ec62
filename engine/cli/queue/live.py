"""`discpress queue watch` on a terminal: the queue redrawn in place."""

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from discpress.engine.cli.queue.views import job_table, totals_text
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.snapshot import QueueSnapshot

_KEPT_OVER = 5
"""The number of jobs that ended during the view and are still shown above the next ones."""
_OTHER_LINES = 5
"""Heads, `and N more`, the counts, the reason to wait, and the cursor's line."""


def live_view() -> AbstractContextManager[Callable[[QueueSnapshot, bool], None]] | None:
    """Return a function that shows snapshots in place; None if stdout is not a terminal."""
    return _live() if sys.stdout.isatty() else None


@contextlib.contextmanager
def _live() -> Iterator[Callable[[QueueSnapshot, bool], None]]:
    from rich.console import Console  # noqa: PLC0415 - 60 ms that pipes and JSON need not pay
    from rich.live import Live  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(markup=False, highlight=False, emoji=False)
    seen_alive: set[int] = set()
    # Rich's own refresh thread is off, so that nothing is sent while nothing changes.
    with Live(console=console, auto_refresh=False) as live:

        def show(snapshot: QueueSnapshot, is_alive: bool) -> None:
            seen_alive.update(job.id for job in snapshot.jobs if job.is_alive)
            jobs = [job for job in snapshot.jobs if job.id in seen_alive]
            text = frame(jobs, shutil.get_terminal_size().lines) + totals_text(snapshot, is_alive)
            live.update(Text(text, no_wrap=True, overflow="crop"), refresh=True)

        yield show


def frame(jobs: list[Job], lines: int) -> str:
    """Return the table for a screen of `lines` lines: the last finished jobs, the running ones, then the next."""
    over = sorted((job for job in jobs if job.is_over), key=lambda job: job.ended_at or 0.0)[-_KEPT_OVER:]
    running = [job for job in jobs if job.state is JobState.RUNNING]
    waiting = [job for job in jobs if job.is_alive and job.state is not JobState.RUNNING]
    room = max(1, lines - _OTHER_LINES)
    # If the screen is too small, the running jobs matter most.
    over = over[-max(0, room - len(running)) :] if room > len(running) else []
    shown = [*over, *running, *waiting][:room]
    hidden = sum(1 for job in jobs if job.is_alive) - sum(1 for job in shown if job.is_alive)
    table = job_table(shown)
    more = f"and {hidden} more\n" if hidden else ""
    return f"{table}\n{more}" if table else more

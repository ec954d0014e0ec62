"""The whole batch in one line: how far it is, when it ends, how much smaller its results are so far."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.units import format_duration, format_size
from discpress.tui.widgets.graph import bar
from discpress.tui.widgets.palette import Line, line_cells

SizeOf = Callable[[Path], int]
"""Gives the decoded size of an image, 0 if it is not known."""
_BAR_CELLS = 24
_RATE_S = 60
"""Seconds of the curve whose mean tells the time that is left."""


def alive_batches(snapshot: QueueSnapshot) -> frozenset[str]:
    """Return the batches that are not over."""
    return frozenset(job.batch for job in snapshot.jobs if job.is_alive)


def batch_head(
    snapshot: QueueSnapshot, sizes: Mapping[str, int], size_of: SizeOf, width: int, now: float, *, is_ascii: bool
) -> Line:
    """Return `[bar] 3 of 400, 31 %, 2h07m left, done at 04:12, 3.4 GiB smaller so far`; nothing without a live job.

    `sizes` are the numbers of jobs of the batches that are alive. What has no room is left out from the end.
    """
    jobs = [job for job in snapshot.jobs if job.batch in sizes]
    alive = [job for job in jobs if job.is_alive]
    if not alive:
        return []
    total = max(sum(sizes.values()), len(jobs))
    whole, done = _bytes(jobs, total, size_of)
    share = 100 * done / whole if whole else 100 * (total - len(alive)) / total
    words = [f"{total - len(alive)} of {total}", f"{share:.0f} %", *_time_left(snapshot, whole - done, now)]
    smaller = sum(max(0, job.saving_bytes) for job in jobs if job.state is JobState.DONE)
    words += [f"{format_size(smaller)} smaller so far"] if smaller else []
    failed = sum(job.state is JobState.FAILED for job in jobs)
    line: list[tuple[str, str]] = [(bar(share, _BAR_CELLS, is_ascii=is_ascii), "bar"), (" ", "normal")]
    line += [(f"{failed} failed  ", "bad")] if failed else []
    for index, word in enumerate(words):
        text = word if index == 0 else f", {word}"
        if line_cells(line) + len(text) > width:
            break
        line.append((text, "strong" if index < 2 else "normal"))
    return line


def _bytes(jobs: list[Job], total: int, size_of: SizeOf) -> tuple[float, float]:
    """Return the bytes of a batch and how many of them are done; a job that is not known counts as the mean."""
    sized = [(job, job.total_bytes or size_of(job.path)) for job in jobs]
    known = [size for _, size in sized if size]
    mean = sum(known) / len(known) if known else 0.0
    forgotten = (total - len(jobs)) * mean  # jobs that ended so long ago that the snapshot has them no more
    whole, done = forgotten, forgotten
    for job, size in sized:
        whole += size or mean
        done += (size or mean) * (1.0 if job.is_over else job.percent / 100)
    return whole, done


def _time_left(snapshot: QueueSnapshot, left_bytes: float, now: float) -> list[str]:
    """Return the time that is left at the rate of the last minute, and the time of day when it is over."""
    recent = [read for second, read, _ in snapshot.throughput if now - _RATE_S <= second < now - 1]
    if not sum(recent) or not snapshot.totals.running:
        return []
    first = min(second for second, _, _ in snapshot.throughput)
    left_s = left_bytes / (sum(recent) / max(1.0, min(_RATE_S, now - first)))
    end = time.localtime(now + left_s)
    clock = time.strftime("%H:%M" if left_s < 12 * 3600 else "%d %b %H:%M", end)
    return [f"{format_duration(left_s)} left", f"done at {clock}"]

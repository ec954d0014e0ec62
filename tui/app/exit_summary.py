"""The lines printed on the shell after the app has ended."""

from discpress.engine.queue.jobs import JobKind, JobState
from discpress.engine.queue.snapshot import QueueSnapshot
from discpress.engine.units import format_size


def summary_of(snapshot: QueueSnapshot, since: float) -> list[str]:
    """Return what is worth knowing after the app has gone: what was done meanwhile, what goes on."""
    ended = [job for job in snapshot.jobs if job.ended_at is not None and job.ended_at >= since]
    done = [job for job in ended if job.state is JobState.DONE and job.kind is JobKind.CONVERT]
    failed = [job for job in ended if job.state is JobState.FAILED]
    lines = []
    if done:
        saved = sum(job.saved_bytes for job in done)
        lines.append(f"{len(done)} converted, saved {format_size(max(0, saved))}")
    if failed:
        lines.append(f"{len(failed)} failed: discpress queue list says why")
    if snapshot.totals.alive:
        lines.append(f"{snapshot.totals.alive} in the queue: discpress queue watch follows them")
    return lines

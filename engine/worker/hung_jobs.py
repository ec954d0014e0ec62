"""Detection of runs that hang because their disk does not answer; a worker that ends leaves them behind."""

from collections.abc import Callable, Iterable, Sequence

from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.system.disk_probe import LOOK_S, Disks
from discpress.engine.worker.heartbeat import Running


class Stalls:
    """Watches the runs of one manager."""

    def __init__(self, queue: JobQueue, disks: Disks, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._disks = disks
        self._clock = clock

    def look(self, runs: Iterable[Running]) -> bool:
        """Find the runs that hang, and record them in the queue; return whether any has changed."""
        is_changed = False
        now = self._clock()
        for run in runs:
            counts = run.progress.counts
            if counts != run.seen_counts or run.is_held:
                run.seen_counts, run.asked_at = counts, now
            elif now - run.asked_at >= LOOK_S:
                run.asked_at = now
                for place in run.places:
                    self._disks.probe(place)
            reason = self._silence(run)
            if reason != run.stalled:
                run.stalled = reason
                is_changed = True
                self._queue.set_waiting(run.job.id, reason)
        return is_changed

    def all_hang(self, runs: Sequence[Running]) -> bool:
        """Probe the disks of runs that do not end; return whether all hang because their disks do not answer."""
        for run in runs:
            for place in run.places:
                self._disks.probe(place)
        return all(self._silence(run) for run in runs)

    def leave(self, run: Running) -> None:
        """Queue the job of a hanging run again, for the next worker; its output stays on the disk."""
        reason = self._silence(run)
        job = self._queue.find(run.job.id)
        if job is not None and job.state in {JobState.RUNNING, JobState.PAUSED}:
            self._queue.suspend(run.job.id)
        self._queue.append_log(run.job.id, f"left behind because it hung: {reason}")
        self._queue.set_waiting(run.job.id, reason)

    def _silence(self, run: Running) -> str:
        return next((place.silence for place in run.places if self._disks.is_silent(place)), "")

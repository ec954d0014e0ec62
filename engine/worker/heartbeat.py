"""The worker's reports on itself and on its jobs, at most twice a second."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from discpress.engine import VERSION
from discpress.engine.errors import StoreError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import Job, JobProgress
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.snapshot import WorkerState, WorkerStatus
from discpress.engine.system.disk_probe import Place
from discpress.engine.worker.turn import Outcome

PROGRESS_S = 0.5
"""Progress is written at most twice a second."""


@dataclass(slots=True)
class Running:
    """A job that has a thread, working or paused."""

    job: Job
    """The job, as it was when it started."""
    control: Control
    """Pauses and stops it."""
    progress: Progress
    """Its counts."""
    task: "asyncio.Future[Outcome]"
    """Its end."""
    device: int
    """The device that it works on."""
    places: tuple[Place, ...]
    """The folders that it works in."""
    is_elsewhere: bool = False
    """Whether another machine packs: then it occupies no disk of this one."""
    is_held: bool = False
    """Whether it is paused."""
    stalled: str = ""
    """The reason it hangs, as a sentence; empty while its disks answer."""
    seen_counts: tuple[object, ...] = ()
    """Its counts at the last check."""
    asked_at: float = 0.0
    """When its counts last changed, or its disks were last probed."""
    reported_read: int = 0
    """Bytes of the image that are included in the throughput."""
    reported_written: int = 0
    """Bytes of output that are included in it."""

    @property
    def is_working(self) -> bool:
        """Whether it occupies a place: it neither is paused nor hangs."""
        return not self.is_held and not self.stalled


class Heartbeat:
    """Writes progress, throughput and the worker's own state; one for a manager."""

    def __init__(self, queue: JobQueue, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._clock = clock
        self._started_at = time.time()
        self._reported_at = -PROGRESS_S

    def say(self, state: WorkerState) -> None:
        """Publish the worker's state."""
        status = WorkerStatus(os.getpid(), socket.gethostname(), state, self._started_at, version=VERSION)
        self._queue.set_worker(status)

    def report(self, working: Sequence[Running], *, has_background_tasks: bool) -> None:
        """Report on the working jobs, unless the last report is less than half a second old."""
        now = self._clock()
        if now - self._reported_at < PROGRESS_S:
            return
        self._reported_at = now
        with contextlib.suppress(StoreError):  # a full disk: the next report includes it
            self.say(WorkerState.WORKING if working or has_background_tasks else WorkerState.IDLE)
            self.save(working)

    def save(self, working: Sequence[Running]) -> None:
        """Store the counts of jobs, and the bytes that they read and wrote since the last time."""
        counts = []
        read_bytes = written_bytes = 0
        for each in working:
            progress = each.progress
            counts.append(
                JobProgress(
                    each.job.id,
                    str(progress.stage),
                    progress.done_bytes,
                    progress.total_bytes,
                    progress.read_bytes,
                    progress.packed_bytes,
                )
            )
            now_read = progress.read_bytes - progress.resumed_bytes
            now_written = progress.packed_bytes - progress.resumed_packed_bytes
            read_bytes += max(0, now_read - each.reported_read)
            written_bytes += max(0, now_written - each.reported_written)
            each.reported_read, each.reported_written = now_read, now_written
        if counts:
            self._queue.save_progress(counts, (int(time.time()), read_bytes, written_bytes))

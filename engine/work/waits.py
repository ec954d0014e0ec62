"""Why queued jobs wait, and until when: a disk that is away, a disk that is full."""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import SpaceError
from engine.system.files import device_below
from engine.system.filesystems import free_bytes
from engine.work.jobs import Job, JobKind
from engine.work.queue import JobQueue

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 300.0
"""A disk that is away is looked for again after 5 s, then 10, 20 ... at most every five minutes."""
ROOM_POLL_S = 1.0
"""Free space is looked at so often while a job waits for it."""


@dataclass(slots=True)
class _Wait:
    until: float
    delay_s: float
    folder: Path | None = None
    free_before: int = 0


class Waits:
    """The queued jobs that are not started though it is their turn; one for a manager."""

    def __init__(self, queue: JobQueue, clock: Callable[[], float]) -> None:
        self._queue = queue
        self._clock = clock
        self._waits: dict[int, _Wait] = {}
        self._hold = ""

    def __bool__(self) -> bool:
        return bool(self._waits)

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._waits

    def keep(self, job_ids: set[int]) -> None:
        """Forget all but these: they do not want to run any more."""
        self._waits = {job_id: wait for job_id, wait in self._waits.items() if job_id in job_ids}
        self._tell()

    def drop(self, job_id: int) -> None:
        """Forget one: it runs."""
        self._waits.pop(job_id, None)

    def is_for_room(self, job_id: int) -> bool:
        """Return whether a job waits for room."""
        return job_id in self._waits and self._waits[job_id].folder is not None

    def for_disk(self, job: Job, error: Exception) -> None:
        """Let a job wait for a disk that is away, each time for twice as long."""
        wait = self._waits.get(job.id)
        delay_s = FIRST_RETRY_S if wait is None else min(2 * wait.delay_s, LAST_RETRY_S)
        self._waits[job.id] = _Wait(self._clock() + delay_s, delay_s)
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self._queue.set_waiting(job.id, f"its storage is not there ({reason}): looked for again in {delay_s:.0f} s")

    def for_room(self, job: Job, error: SpaceError) -> None:
        """Let a job wait until there is more room than now where it writes."""
        folder = job.output_folder or (job.output_path or job.file_path).parent
        try:
            free = free_bytes(folder)
        except OSError:
            free = 0
        self._queue.set_waiting(job.id, str(error))
        self._waits[job.id] = _Wait(self._clock() + ROOM_POLL_S, ROOM_POLL_S, folder, free)
        self._tell()

    def is_due(self, job_id: int) -> bool:
        """Return whether a waiting job may be tried again."""
        wait = self._waits[job_id]
        if self._clock() < wait.until:
            return False
        if wait.folder is None:
            return True
        wait.until = self._clock() + ROOM_POLL_S
        try:
            return free_bytes(wait.folder) > wait.free_before
        except OSError:
            return False

    def has_due(self) -> bool:
        """Return whether any waiting job is to be looked at."""
        return any(self._clock() >= wait.until for wait in self._waits.values())

    def _tell(self) -> None:
        """Say that the queue is paused for space while a job waits for it."""
        short = next((job_id for job_id, wait in self._waits.items() if wait.folder is not None), None)
        hold = "" if short is None else self._queue.job(short).waiting
        if hold != self._hold:
            self._hold = hold
            self._queue.set_hold(hold)


def source_is_away(job: Job) -> bool:
    """Return whether the storage of a source is away, not only the file: its folder is, or is of another device."""
    # With its last entry a trash goes too.
    folder = job.path.parents[1] if job.kind in {JobKind.PURGE, JobKind.UNDO} else job.file_path.parent
    try:
        device = folder.stat().st_dev
    except OSError:
        return True
    recorded = job.parameters.get("device")
    return recorded is not None and recorded != device


def output_problem(job: Job) -> OSError | None:
    """Return what is wrong where the output folder is on another device than when it was queued."""
    recorded = job.parameters.get("output_device")
    folder = job.output_folder or (job.output_path and job.output_path.parent)
    if recorded is None or folder is None or recorded == device_below(folder):
        return None
    return OSError(errno.ENODEV, "the output folder's disk is not mounted")

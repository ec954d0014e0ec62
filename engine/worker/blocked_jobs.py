"""Blocked jobs (storage unmounted, full or unresponsive) and when to retry them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.queue import JobQueue
from discpress.engine.system.disk_probe import Disk, Disks, Place, UnansweredError
from discpress.engine.system.filesystems import free_bytes
from discpress.engine.worker.job_paths import output_place

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 300.0
"""Unmounted storage is retried after 5 s, then 10, 20 ... at most every five minutes."""
PART_RETRY_S = 15.0
"""A part that another machine holds is tried after so long, then after twice as long: by then a machine that has lost
its owner has stopped."""
ROOM_POLL_S = 1.0
"""Interval between polls of free space while a job waits for it."""
_UNREADABLE = -1


@dataclass(slots=True)
class _Wait:
    until: float
    delay_s: float = 0.0
    room: Place | None = None
    free_before: int | None = None
    silent: Disk | None = None
    is_for_part: bool = False


class Waits:
    """The queued jobs that do not start although it is their turn; one for a manager."""

    def __init__(self, queue: JobQueue, clock: Callable[[], float], disks: Disks) -> None:
        self._queue = queue
        self._clock = clock
        self._disks = disks
        self._waits: dict[int, _Wait] = {}
        self._free_before: dict[int, int] = {}
        self._part_delays: dict[int, float] = {}
        self._hold = ""

    def __bool__(self) -> bool:
        return bool(self._waits)

    def __contains__(self, job_id: int) -> bool:
        return job_id in self._waits

    def keep(self, job_ids: set[int]) -> None:
        """Forget jobs except these, which are still queued, and those whose disks answer again."""
        answered = {
            job_id
            for job_id, wait in self._waits.items()
            if wait.silent is not None and not self._disks.is_asked(wait.silent)
        }
        self._queue.set_all_waiting(answered, "")
        left = job_ids - answered
        self._waits = {job_id: wait for job_id, wait in self._waits.items() if job_id in left}
        self._tell()

    def drop(self, job_id: int) -> None:
        """Forget a job that now runs."""
        self._waits.pop(job_id, None)

    def is_for_room(self, job_id: int) -> bool:
        """Return whether a job waits for free space."""
        return job_id in self._waits and self._waits[job_id].room is not None

    def may_go(self, job_id: int) -> bool:
        """Return whether another machine may get a job: it does not wait, or only for a part, and for long enough."""
        wait = self._waits.get(job_id)
        return wait is None or (wait.is_for_part and self._clock() >= wait.until)

    def for_part(self, job: Job) -> None:
        """Let a job wait for a part that another machine holds, each time for twice as long."""
        delay_s = min(2 * self._part_delays.get(job.id, PART_RETRY_S / 2), LAST_RETRY_S)
        self._part_delays[job.id] = delay_s
        self._waits[job.id] = _Wait(self._clock() + delay_s, delay_s, is_for_part=True)
        self._queue.set_waiting(job.id, f"another machine still holds the part; next try in {delay_s:.0f} s")

    def for_disk(self, job: Job, reason: str) -> None:
        """Let a job wait for unmounted storage, each time for twice as long."""
        wait = self._waits.get(job.id)
        delay_s = min(2 * wait.delay_s, LAST_RETRY_S) if wait is not None and wait.delay_s else FIRST_RETRY_S
        self._waits[job.id] = _Wait(self._clock() + delay_s, delay_s)
        self._queue.set_waiting(job.id, f"its storage is missing ({reason}); next try in {delay_s:.0f} s")

    def for_answer(self, places: Mapping[int, Place]) -> None:
        """Let jobs, by number, wait until the disks of these places answer."""
        reasons: dict[str, list[int]] = {}
        said: dict[Disk, str] = {}
        for job_id, place in places.items():
            disk = place.disk
            self._waits[job_id] = _Wait(math.inf, silent=disk)
            reasons.setdefault(said.setdefault(disk, place.silence), []).append(job_id)
        for reason, job_ids in reasons.items():
            self._queue.set_all_waiting(job_ids, reason)

    def note_room(self, job: Job) -> None:
        """Record the free space of a job that ran out of it.

        Call it in the job's thread, because the disk may not answer. Space freed after the job is shown as waiting
        counts, so this must be measured before, however slow the disk.
        """
        try:
            self._free_before[job.id] = free_bytes(output_place(job).folder)
        except OSError:
            self._free_before[job.id] = _UNREADABLE

    def for_room(self, job: Job, error: SpaceError) -> None:
        """Let a job wait until there is more free space than when it ran out."""
        place = output_place(job)
        free = self._free_before.pop(job.id, None)
        self._queue.set_waiting(job.id, str(error))
        self._waits[job.id] = _Wait(self._clock() + ROOM_POLL_S, ROOM_POLL_S, place, free)
        self._tell()

    def is_due(self, job_id: int) -> bool:
        """Return whether a waiting job may be tried again."""
        wait = self._waits[job_id]
        if self._clock() < wait.until:
            return False
        if wait.room is None:
            return True
        wait.until = self._clock() + ROOM_POLL_S
        free = self._free(job_id, wait.room)
        if wait.free_before is None:
            wait.free_before = free
        return free is not None and wait.free_before is not None and free > wait.free_before

    def has_due(self) -> bool:
        """Return whether any waiting job is due."""
        return any(self._clock() >= wait.until for wait in self._waits.values())

    def _free(self, job_id: int, place: Place) -> int | None:
        """Return the free bytes, `_UNREADABLE` on an error, None if the disk has not answered yet."""
        try:
            return self._disks.ask(place, ("room", job_id), lambda: free_bytes(place.folder))
        except UnansweredError:
            return None
        except OSError:
            return _UNREADABLE

    def _tell(self) -> None:
        """Pause the queue for space while a job waits for it."""
        short = next((job_id for job_id, wait in self._waits.items() if wait.room is not None), None)
        job = None if short is None else self._queue.find(short)
        hold = "" if job is None else job.waiting
        if hold != self._hold:
            self._hold = hold
            self._queue.set_hold(hold)

"""Immutable snapshots of the queue, with everything that a client draws."""

from enum import StrEnum
from typing import NamedTuple, TypeAlias

from discpress.engine.queue.jobs import Job
from discpress.engine.store.model import JsonValue

Throughput: TypeAlias = tuple[tuple[int, int, int], ...]
"""(second since the epoch, original bytes read, bytes written) of seconds with any, oldest first."""


class WorkerState(StrEnum):
    """The worker's last status of itself; only its lock shows whether it lives."""

    STARTING = "starting"
    WORKING = "working"
    IDLE = "idle"
    STOPPING = "stopping"
    GONE = "gone"


class WorkerStatus(NamedTuple):
    """The background process."""

    pid: int
    """Its process, on its host."""
    host: str
    """The machine it runs on."""
    state: WorkerState
    """Its state."""
    started_at: float
    """When it started, seconds since the epoch."""
    version: str = ""
    """Its release of discpress."""
    schema: int = 0
    """Number of migrations it knows: a client that knows more asks it to stop."""
    notice: str = ""
    """A warning for the user, as a sentence; empty otherwise."""


class QueueTotals(NamedTuple):
    """Number of jobs in each state, the whole history included."""

    queued: int = 0
    """Waiting for their turn."""
    running: int = 0
    """In progress."""
    paused: int = 0
    """Paused."""
    done: int = 0
    """Finished."""
    failed: int = 0
    """Ended by an error."""
    cancelled: int = 0
    """Ended on request."""
    skipped: int = 0
    """Skipped with a reason."""
    saved_bytes: int = 0
    """Space that conversions have freed so far."""
    gain_bytes: int = 0
    """Expected saving of the jobs that are alive."""

    @property
    def alive(self) -> int:
        """Jobs that are not over."""
        return self.queued + self.running + self.paused


class QueueSnapshot(NamedTuple):
    """The queue at one moment."""

    generation: int
    """Equal numbers from one JobQueue mean nothing to redraw; numbers of two JobQueues cannot be compared."""
    jobs: tuple[Job, ...]
    """All jobs that are alive and the last finished ones, in the order in which they run or ran."""
    worker: WorkerStatus | None
    """The worker's last status; None if none ever ran."""
    waiting_reason: str
    """The reason no conversion starts at present (no free space), as a sentence; empty otherwise."""
    throughput: Throughput
    """The last two minutes; seconds without any bytes are left out."""
    totals: QueueTotals
    """Counts."""
    free_bytes: int | None
    """Free space as measured by the caller; None if it was not."""


class History(NamedTuple):
    """The finished conversions, newest first."""

    jobs: tuple[Job, ...]
    """Each one."""
    unreadable: int = 0
    """Number of further ones whose rows are unreadable."""

    @property
    def saved_bytes(self) -> int:
        """Space that they have freed so far."""
        return sum(job.saved_bytes for job in self.jobs)

    @property
    def original_bytes(self) -> int:
        """Decoded size of all of them."""
        return sum(job.total_bytes for job in self.jobs)


class StoredCheckpoint(NamedTuple):
    """The checkpoint of a suspended conversion, as written by `discpress.engine.convert.checkpoint`."""

    facts: dict[str, JsonValue]
    """Offsets, checksums and identities."""
    head: bytes
    """Header and index so far."""
    at: float
    """When it was made, seconds since the epoch."""


class BatchResult(StrEnum):
    """State of a batch, for `queue wait`."""

    WORKING = "working"
    """A job of it is queued or running."""
    NO_ROOM = "no-room"
    """A job of it is queued, none runs, and the queue is paused for space."""
    PAUSED = "paused"
    """A job of it is paused, none queued or running."""
    FAILED = "failed"
    """All of it is over, and a job failed or was cancelled."""
    DONE = "done"
    """All of it is done, or skipped with a reason."""

"""The queue as a front sees it: everything that it may draw, at one moment, and nothing that changes later."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from discpress.engine.queue.jobs import Job
from discpress.engine.store.model import JsonValue

Throughput: TypeAlias = tuple[tuple[int, int, int], ...]
"""(second since the epoch, original bytes read, bytes written) of seconds with any, oldest first."""


class WorkerState(StrEnum):
    """What the worker last said of itself; whether it lives, only its lock says."""

    STARTING = "starting"
    WORKING = "working"
    IDLE = "idle"
    STOPPING = "stopping"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """The background process."""

    pid: int
    """Its process, on its host."""
    host: str
    """The machine it runs on."""
    state: WorkerState
    """What it does."""
    started_at: float
    """When it began, seconds since the epoch."""
    version: str = ""
    """Its release of discpress."""
    schema: int = 0
    """Number of migrations it knows: a front that knows more asks it to stop."""
    notice: str = ""
    """What the user should know of it, as a sentence; empty otherwise."""


@dataclass(frozen=True, slots=True)
class QueueTotals:
    """How many jobs stand where, the whole history included."""

    queued: int = 0
    """Waiting for their turn."""
    running: int = 0
    """Being done."""
    paused: int = 0
    """Resting."""
    done: int = 0
    """Finished."""
    failed: int = 0
    """Ended by an error."""
    cancelled: int = 0
    """Ended on request."""
    skipped: int = 0
    """Better left undone."""
    saved_bytes: int = 0
    """What all finished conversions saved."""
    gain_bytes: int = 0
    """What the jobs that are alive are expected to save."""

    @property
    def alive(self) -> int:
        """Jobs that are not over."""
        return self.queued + self.running + self.paused


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """The queue at one moment."""

    generation: int
    """Equal numbers from one JobQueue: nothing to redraw. Means nothing across two of them."""
    jobs: tuple[Job, ...]
    """All that are alive and the last ones over, in the order in which they run or ran."""
    worker: WorkerStatus | None
    """The worker's last word; None where none ever ran."""
    waiting_reason: str
    """Why no conversion starts at present (no room), as a sentence; empty otherwise."""
    throughput: Throughput
    """The last two minutes; seconds without any are left out."""
    totals: QueueTotals
    """Counts."""
    free_bytes: int | None
    """Free space as the caller measured it; None where it did not."""


@dataclass(frozen=True, slots=True)
class History:
    """The finished conversions, newest first."""

    jobs: tuple[Job, ...]
    """Each one."""
    unreadable: int = 0
    """How many there are besides, whose rows cannot be read."""

    @property
    def saved_bytes(self) -> int:
        """What all of them saved."""
        return sum(job.saved_bytes for job in self.jobs)

    @property
    def original_bytes(self) -> int:
        """Decoded size of all of them."""
        return sum(job.total_bytes for job in self.jobs)


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """Where a suspended conversion can go on, as `discpress.engine.convert.checkpoint` writes it down."""

    facts: dict[str, JsonValue]
    """Offsets, checksums and identities."""
    head: bytes
    """Header and index so far."""
    at: float
    """When it was made, seconds since the epoch."""


class BatchResult(StrEnum):
    """What `queue wait` waits for."""

    WORKING = "working"
    """Something of it is queued or running."""
    NO_ROOM = "no-room"
    """Something of it is queued, nothing of it runs, and the queue is paused for space."""
    PAUSED = "paused"
    """Something of it is paused, and nothing queued or running."""
    FAILED = "failed"
    """All of it is over, and a job failed or was cancelled."""
    DONE = "done"
    """All of it is done, or skipped with a reason."""

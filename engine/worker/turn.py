"""Everything that a job works with, and its outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from discpress.engine.errors import SuspendedError
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.model import JsonValue
from discpress.engine.store.store import Store

if TYPE_CHECKING:
    from discpress.engine.worker.elsewhere.lane import RemotePlace


class HeldPartError(SuspendedError):
    """Another machine still holds the part of a job: the job leaves its place to others, and is tried again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a job that did not fail."""

    result: Mapping[str, JsonValue] = field(default_factory=dict)
    """Statistics for the clients."""
    skipped: str = ""
    """The reason it was skipped; empty if it was done."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Everything that a job works with."""

    job: Job
    """The job."""
    queue: JobQueue
    """Stores its log and checkpoints."""
    store: Store
    """Stores its results."""
    threads: int
    """Packing threads it may use."""
    control: Control
    """Pauses and stops it."""
    progress: Progress
    """Its counts."""
    place: "RemotePlace | None" = None
    """The other machine that packs; None for this one."""

    def log(self, line: str) -> None:
        """Add a line to the job's log."""
        self.queue.append_log(self.job.id, line)


def part_owner(job: Job) -> str:
    """Return the owner name in a job's part: unlike that of any job of any other queue."""
    return f"queue {job.batch} {job.id} {job.created_at}"

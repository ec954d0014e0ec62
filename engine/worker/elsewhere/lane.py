"""The machines of a cluster as places for jobs; without a cluster this looks for one small file, and no more."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from discpress.engine.errors import DiscpressError
from discpress.engine.queue.crash_count import is_suspect
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.tasks.records import ConvertTask, RepairTask
from discpress.engine.store.store import Store
from discpress.engine.worker.job_paths import output_place

if TYPE_CHECKING:
    from discpress.engine.cluster.owner import Machines
    from discpress.engine.cluster.seen import Machine
    from discpress.engine.measure.speeds import Measured
    from discpress.engine.shares.rows import LocalShare, LockTest

LOOK_S = 1.0
"""Interval between two looks for a cluster that was started or ended."""
MOST_LOSSES = 3
"""A job during which so many machines were lost is packed here."""
MOST_JOBS = 2
"""Titles of a machine: one that it packs, and one that is proven here meanwhile."""
RECORD = ("cluster", "own", "cluster.json")
"""The record of a running cluster, below the state folder: see `cluster/files.py`."""


SpeedKey: TypeAlias = tuple[str, str, str]
"""The address of a machine, empty for this one; the id of a share; the way to pack."""


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A machine for one job."""

    machine: "Machine"
    """The machine."""
    machines: "Machines"
    """The connection to all of them."""
    lane: "MachineLane"
    """The lane that knows them."""


def connect(state_folder: Path) -> "Machines | None":
    """Begin to connect to the cluster of this machine, and return the connection.

    None if there is none, or its packages are gone: the queue goes on without other machines.
    """
    try:
        from discpress.engine.cluster.files import ClusterFiles

        files = ClusterFiles.of_own(state_folder)
        record = files.running()
        if record is None:
            return None
        from discpress.engine.cluster.owner import Machines  # a slow import, which a record of a killed cluster saves

        machines = Machines(files, record)
    except (ImportError, DiscpressError):
        return None  # `cluster status` shows what is wrong
    machines.start()
    return machines


class MachineLane:
    """The machines, and the jobs that run on them; one for a manager."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], float] = time.monotonic,
        connect: Callable[[Path], "Machines | None"] = connect,
    ) -> None:
        self._store = store
        self._connect = connect
        self._clock = clock
        self._record_path = store.path.parent.joinpath(*RECORD)
        self._looked_at = -LOOK_S
        self._machines: Machines | None = None
        self._shares: list[LocalShare] = []
        self._seen: tuple[Machine, ...] = ()
        self.is_waiting = False
        """Whether the first answer of a cluster is waited for."""
        self._jobs: dict[int, RemotePlace] = {}
        self._packed: set[int] = set()
        """The jobs among them that are only proven now: their machine can pack the next title."""
        self._stays: set[int] = set()
        self._losses: dict[int, int] = {}
        self._proofs: dict[str, threading.Lock] = {}
        self._barred: set[str] = set()
        self.measured: dict[SpeedKey, Measured] = {}
        """The speeds of each machine, this one included, by share and way to pack."""
        self.lock_tests: dict[tuple[str, str], LockTest] = {}
        """The results of lock tests, by address of a machine that is there and id of a share."""

    def __bool__(self) -> bool:
        """Return whether any machine is there, or may be: the first answer of a cluster is waited for."""
        return self.is_waiting or bool(self._seen)

    @property
    def is_prove_only(self) -> bool:
        """Whether this machine packs nothing that another one can."""
        return self._machines is not None and self._machines.is_prove_only

    def look(self) -> bool:
        """Look for the cluster and its machines; return whether they have changed."""
        now = self._clock()
        if now - self._looked_at >= LOOK_S:
            self._looked_at = now
            if self._record_path.exists() is not (self._machines is not None):
                self._follow_record()
        seen = () if self._machines is None else self._machines.seen
        is_waiting = self._machines is not None and not self._machines.was_tried
        if (seen, is_waiting) == (self._seen, self.is_waiting):
            return False
        self._seen, self.is_waiting = seen, is_waiting
        there = {machine.address for machine in seen}
        self.lock_tests = {key: test for key, test in self.lock_tests.items() if key[0] in there}
        if self._machines is not None:
            from discpress.engine.shares.shares import Shares

            self._shares = Shares(self._store.file).known()
        return True

    def _follow_record(self) -> None:
        """Connect to a cluster that was started, or leave one that has ended."""
        if self._machines is not None:
            self._machines.close()
            self._machines = None
            return
        self._machines = self._connect(self._store.path.parent)

    def take(self, job: Job, is_busy: Callable[[], bool], start: Callable[[Job, RemotePlace], bool]) -> bool:
        """Start a job on another machine if one is free for it; return whether the job is settled for now.

        A free place of this machine comes first, unless it only proves: then the job waits for a machine. `is_busy`
        returns whether the job's disk is occupied here.
        """
        if job.id in self._jobs:
            start(job, self._jobs[job.id])
            return True
        busy = self._busy()
        if not self.is_prove_only and len(busy) >= len(self._seen):
            return False
        if self.is_waiting:
            return self.is_prove_only and self._is_for_others(job)
        able = [machine for machine in self._seen if self._can_do(machine, job)]
        free = [machine for machine in able if machine.address not in busy]
        if not free or not (self.is_prove_only or is_busy()):
            return self.is_prove_only and bool(able)
        assert self._machines is not None
        place = RemotePlace(max(free, key=lambda machine: _rank(machine, job)), self._machines, self)
        if start(job, place):
            self._jobs[job.id] = place
        return True

    def _busy(self) -> set[str]:
        """Return the addresses of the machines that pack, or whose results would wait longer and longer for a proof."""
        jobs = dict(self._jobs)
        packing = {place.machine.address for job_id, place in jobs.items() if job_id not in self._packed}
        counts = Counter(place.machine.address for place in jobs.values())
        return packing | {address for address, count in counts.items() if count >= MOST_JOBS}

    def _can_do(self, machine: "Machine", job: Job) -> bool:
        is_trusted = not machine.is_barred and machine.address not in self._barred
        return (
            is_trusted
            and self._is_for_others(job)
            and all(
                any(path.is_relative_to(share.path) for share in self._shares if share.share_id in machine.shares)
                for path in _paths_of(job)
            )
        )

    def _is_for_others(self, job: Job) -> bool:
        """Return whether a job may run on other machines, as far as that is known without its disk."""
        task = job.task
        if not isinstance(task, ConvertTask) or isinstance(task, RepairTask) or task.source.archive is not None:
            return False
        if job.id in self._stays or is_suspect(job.worker_deaths):
            return False
        return all(any(path.is_relative_to(share.path) for share in self._shares) for path in _paths_of(job))

    def release(self, job_id: int) -> None:
        """Free the machine of a job that has ended."""
        self._jobs.pop(job_id, None)
        self._packed.discard(job_id)

    def note_packed(self, job_id: int) -> None:
        """Let the machine of a job pack the next title while this one is proven."""
        self._packed.add(job_id)

    def keep_here(self, job_id: int) -> None:
        """Let a job run here only."""
        self._stays.add(job_id)

    def note_loss(self, job_id: int) -> None:
        """Record that a machine was lost during a job."""
        self._losses[job_id] = self._losses.get(job_id, 0) + 1
        if self._losses[job_id] >= MOST_LOSSES:
            self._stays.add(job_id)

    def bar(self, machine: "Machine") -> None:
        """Give a machine no more titles; if it joins again, it has another address."""
        self._barred.add(machine.address)

    def proof_of(self, share_id: str) -> threading.Lock:
        """Return the lock of a share: one result of other machines at a time is proven and published there."""
        return self._proofs.setdefault(share_id, threading.Lock())

    def close(self) -> None:
        """End the connection."""
        if self._machines is not None:
            self._machines.close()
            self._machines.join()
            self._machines = None


def _rank(machine: "Machine", job: Job) -> tuple[bool, int]:
    """Return how well a machine suits a job: one that had it before may still pack it."""
    return machine.label == job.machine, machine.threads


def _paths_of(job: Job) -> tuple[Path, Path]:
    """Return the paths that both machines must see."""
    return job.path, output_place(job).folder

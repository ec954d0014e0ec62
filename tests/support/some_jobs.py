"""Jobs and snapshots as a queue would give them, for what draws them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from discpress.engine.queue.jobs import NO_FACTS, Action, Job, JobState
from discpress.engine.queue.snapshot import QueueSnapshot, QueueTotals, Throughput
from discpress.engine.queue.tasks.records import ConvertTask, Task
from discpress.engine.store.model import JsonValue

_QUEUED = Job(
    id=1,
    batch="1",
    task=ConvertTask(),
    state=JobState.QUEUED,
    path=Path("/games/Game.iso"),
    force=False,
    idle_priority=False,
    priority=0,
    position=1.0,
    gain_bytes=None,
    stage="",
    done_bytes=0,
    total_bytes=0,
    read_bytes=0,
    packed_bytes=0,
    read_rate=None,
    write_rate=None,
    eta_s=None,
    waiting="",
    wanted=None,
    error_code="",
    error_message="",
    error_hint="",
    exit_code=None,
    result=NO_FACTS,
    saved_bytes=0,
    attempts=0,
    worker_deaths=0,
    created_at=1.0,
    started_at=None,
    ended_at=None,
)


class JobFields(TypedDict, total=False):
    """The fields of a job that tests choose, as keyword arguments."""

    id: int
    task: Task
    state: JobState
    path: Path
    position: float
    gain_bytes: int | None
    stage: str
    done_bytes: int
    total_bytes: int
    read_bytes: int
    packed_bytes: int
    read_rate: float | None
    eta_s: float | None
    waiting: str
    wanted: Action | None
    error_code: str
    error_message: str
    error_hint: str
    result: Mapping[str, JsonValue]
    saved_bytes: int
    ended_at: float | None


def job(**facts: Unpack[JobFields]) -> Job:
    """A queued conversion, with some facts of it changed."""
    return _QUEUED._replace(**facts)


def running(**facts: Unpack[JobFields]) -> Job:
    """One that is half done."""
    values: JobFields = {
        "state": JobState.RUNNING,
        "stage": "packing",
        "done_bytes": 300,
        "total_bytes": 600,
        "read_bytes": 300,
        "packed_bytes": 150,
        "read_rate": 83.1 * 1024 * 1024,
        "eta_s": 3725.0,
    }
    return job(**(values | facts))


def snapshot(*jobs: Job, throughput: Throughput = (), waiting_reason: str = "") -> QueueSnapshot:
    """A queue of these jobs, counted."""
    count = {state: sum(each.state is state for each in jobs) for state in JobState}
    totals = QueueTotals(
        queued=count[JobState.QUEUED],
        running=count[JobState.RUNNING],
        paused=count[JobState.PAUSED],
        done=count[JobState.DONE],
        saved_bytes=sum(each.saved_bytes for each in jobs),
        gain_bytes=sum(each.gain_bytes or 0 for each in jobs),
    )
    return QueueSnapshot(1, jobs, None, waiting_reason, throughput, totals, None)

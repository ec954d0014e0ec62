"""What a job is, and the one table of what may become of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from discpress.engine.convert.plan import ConversionRequest
from discpress.engine.errors import UsageError
from discpress.engine.store.model import JsonValue

NO_FACTS: Mapping[str, JsonValue] = MappingProxyType({})


ARCHIVE = "archive"
"""The parameter that names the archive of an image that lies in one: with the archive gone the path does not say."""


NAME = "name"
"""The parameter that says what people call the image: its path may say nothing to them, or lead nowhere later."""


class JobKind(StrEnum):
    """What a job does."""

    CONVERT = "convert"
    VERIFY = "verify"
    SCAN = "scan"
    ESTIMATE = "estimate"
    SEEK = "seek"
    THROUGHPUT = "throughput"
    DOCTOR = "doctor"
    PURGE = "purge"
    """Removes a trashed file for good once its replacement has proven itself; the path is that of the entry."""
    UNDO = "undo"
    """Puts a trashed file back; the path is that of the entry."""


LAB_KINDS = frozenset({JobKind.SEEK, JobKind.THROUGHPUT})
"""The tests of the lab: one at a time, for two would measure each other; what they write is gone when they end."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Action(StrEnum):
    """What moves a job from one state to another."""

    START = "start"
    """The worker takes it up."""
    PAUSE = "pause"
    """Somebody wants it to rest; no worker takes it up until it is resumed."""
    RESUME = "resume"
    """Somebody wants it to go on: it is in the queue again, at its place."""
    CANCEL = "cancel"
    """Somebody wants no more of it."""
    RETRY = "retry"
    """Somebody wants it done after all, from the beginning."""
    FINISH = "finish"
    """The worker did it."""
    FAIL = "fail"
    """The worker could not do it."""
    SKIP = "skip"
    """The worker found that it is better left undone."""
    SUSPEND = "suspend"
    """The worker itself stops, or was killed: another one goes on."""


ALIVE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
"""The states in which something may still happen by itself or on a word."""
WISHES = (Action.PAUSE, Action.RESUME, Action.CANCEL, Action.RETRY)
"""What people may ask for; everything else is the worker's."""

TRANSITIONS: Mapping[tuple[JobState, Action], JobState] = MappingProxyType(
    {
        (JobState.QUEUED, Action.START): JobState.RUNNING,
        (JobState.QUEUED, Action.PAUSE): JobState.PAUSED,
        (JobState.QUEUED, Action.CANCEL): JobState.CANCELLED,
        (JobState.QUEUED, Action.SKIP): JobState.SKIPPED,
        (JobState.QUEUED, Action.FAIL): JobState.FAILED,
        (JobState.RUNNING, Action.PAUSE): JobState.PAUSED,
        (JobState.RUNNING, Action.CANCEL): JobState.CANCELLED,
        (JobState.RUNNING, Action.FINISH): JobState.DONE,
        (JobState.RUNNING, Action.FAIL): JobState.FAILED,
        (JobState.RUNNING, Action.SKIP): JobState.SKIPPED,
        (JobState.RUNNING, Action.SUSPEND): JobState.QUEUED,
        # Resumed, it takes its turn again: the disk may be busy with the next one by now.
        (JobState.PAUSED, Action.RESUME): JobState.QUEUED,
        (JobState.PAUSED, Action.CANCEL): JobState.CANCELLED,
        # What a person paused stays paused when the worker, or the machine, starts anew.
        (JobState.PAUSED, Action.SUSPEND): JobState.PAUSED,
        (JobState.FAILED, Action.RETRY): JobState.QUEUED,
        (JobState.CANCELLED, Action.RETRY): JobState.QUEUED,
        (JobState.SKIPPED, Action.RETRY): JobState.QUEUED,
    }
)
"""All that is allowed."""


def source_parameters(path: Path, file_path: Path, device: int) -> dict[str, JsonValue]:
    """Return what a job notes of its source: by the device the worker tells storage that is away from a file that is.

    `file_path` is the file on the disk, the archive of an image that lies in one.
    """
    parameters: dict[str, JsonValue] = {"device": device}
    if file_path != path:
        parameters[ARCHIVE] = os.fspath(file_path)
    return parameters


def next_state(state: JobState, action: Action) -> JobState:
    """Return what an action makes of a state; UsageError where the table does not know it."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        allowed = " or ".join(known for known in JobState if (known, action) in TRANSITIONS)
        raise UsageError(f"a job that is {state} cannot {action}: only one that is {allowed}") from None


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is put into the queue; the settings in it stay as they are now, whatever the defaults become."""

    kind: JobKind
    """What to do."""
    path: Path
    """The image or folder; the queue makes it absolute."""
    request: ConversionRequest | None = None
    """The settings of a conversion or estimate; None for what needs none."""
    output_path: Path | None = None
    """The file to write; None is chosen by the plan."""
    output_folder: Path | None = None
    """The folder to write into; None is the source's."""
    priority: int = 0
    """Higher ones run first, whatever the order."""
    force: bool = False
    """Whether it runs also where the estimate advises against it."""
    idle_priority: bool = False
    """Whether it leaves processor and disk to everything else (nice, ionice)."""
    gain_bytes: int | None = None
    """The saving that is expected; None where nothing was estimated."""
    parameters: Mapping[str, JsonValue] = field(default_factory=lambda: NO_FACTS)
    """What else the kind needs, as JSON."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job, as it was when it was read; times are seconds since the epoch."""

    id: int
    """Its number; never used again."""
    batch: str
    """What was queued together has the same."""
    kind: JobKind
    """What it does."""
    state: JobState
    """Where it stands."""
    path: Path
    """The image or folder, absolute."""
    output_path: Path | None
    """The file to write, where one was named."""
    output_folder: Path | None
    """The folder to write into, where one was named."""
    request: ConversionRequest | None
    """The settings it was queued with."""
    force: bool
    """Whether it runs also where the estimate advises against it."""
    idle_priority: bool
    """Whether it leaves processor and disk to everything else."""
    parameters: Mapping[str, JsonValue]
    """What else the kind needs."""
    priority: int
    """Higher ones run first."""
    position: float
    """Among equal priorities lower ones run first; only the order of these numbers means anything."""
    gain_bytes: int | None
    """The saving that is expected; None where nothing was estimated."""
    stage: str
    """What it is doing, as a word; empty before the first start."""
    done_bytes: int
    """Bytes of the decoded image that this stage has gone through."""
    total_bytes: int
    """Bytes that this stage goes through; 0 where not known yet."""
    read_bytes: int
    """Bytes of the decoded image packed so far, which `packed_bytes` stand for."""
    packed_bytes: int
    """Bytes of output so far."""
    read_rate: float | None
    """Bytes of the decoded image a second; None while it does not run or runs for less than three seconds."""
    write_rate: float | None
    """Bytes of output a second; None as above."""
    eta_s: float | None
    """Seconds to the end of this stage; None while there is no rate."""
    waiting: str
    """Why it does not run though it could, as a sentence; empty otherwise."""
    wanted: str
    """What the worker has been asked to do with the running job: `pause`, `cancel` or nothing."""
    error_code: str
    """`code` of the error; `skipped` for a skipped job; empty otherwise."""
    error_message: str
    """What went wrong, or why it was skipped."""
    error_hint: str
    """What to do about it."""
    exit_code: int | None
    """What a command line would end with; None until it is over."""
    result: Mapping[str, JsonValue]
    """What came out of it, by kind."""
    saved_bytes: int
    """What the finished conversion saved; negative where it grew."""
    attempts: int
    """Times it was started since it was queued or retried, after a pause and after a kill alike."""
    worker_deaths: int
    """Workers that died at it since it was queued or retried, or since its last new checkpoint."""
    created_at: float
    """When it was queued."""
    started_at: float | None
    """When it was first started."""
    ended_at: float | None
    """When it was over."""
    fault: str = ""
    """Why its row in the state file cannot be read, as a sentence; empty for nearly all. Then it is never run, and what
    could not be read of it is empty here."""

    @property
    def is_unsettled(self) -> bool:
        """Whether it counts as failed, because it cannot be read, and the state file does not have that yet."""
        return bool(self.fault) and self.state is JobState.FAILED and self.ended_at is None

    @property
    def file_path(self) -> Path:
        """The file on the disk that the image is read from: its archive, where it was queued from one."""
        archive = self.parameters.get(ARCHIVE)
        return Path(archive) if isinstance(archive, str) else self.path

    @property
    def percent(self) -> float:
        """How far its stage is; 0 where the total is not known."""
        return min(100.0, 100 * self.done_bytes / self.total_bytes) if self.total_bytes else 0.0

    @property
    def ratio(self) -> float | None:
        """Packed over original so far; None before the first byte."""
        return self.packed_bytes / self.read_bytes if self.read_bytes else None

    @property
    def is_alive(self) -> bool:
        """Whether it is queued, running or paused."""
        return self.state in ALIVE

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it unless it is retried."""
        return self.state not in ALIVE


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far one running job is, as the worker counts it; bytes as in Job."""

    id: int
    """The job."""
    stage: str
    """What it is doing."""
    done_bytes: int
    """Gone through in this stage."""
    total_bytes: int
    """Bytes of this stage."""
    read_bytes: int = 0
    """Packed so far."""
    packed_bytes: int = 0
    """Output so far."""

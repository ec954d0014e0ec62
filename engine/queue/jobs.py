"""Jobs, their states, and the table of allowed transitions."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from discpress.engine.errors import UsageError
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask, Task
from discpress.engine.store.model import JsonValue

NO_FACTS: Mapping[str, JsonValue] = MappingProxyType({})


class JobState(StrEnum):
    """State of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class Action(StrEnum):
    """A transition from one state to another."""

    START = "start"
    """The worker takes it up."""
    PAUSE = "pause"
    """Pause the job; no worker takes it up until it is resumed."""
    RESUME = "resume"
    """Queue a paused job again, at its place."""
    CANCEL = "cancel"
    """Cancel the job."""
    RETRY = "retry"
    """Run it again from the start."""
    FINISH = "finish"
    """The worker completed it."""
    FAIL = "fail"
    """The worker failed to complete it."""
    SKIP = "skip"
    """The worker found a reason not to do it."""
    SUSPEND = "suspend"
    """The worker stops or was killed; another one continues the job."""


ALIVE = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)
"""The states of jobs that are not over."""
REQUESTS = (Action.PAUSE, Action.RESUME, Action.CANCEL, Action.RETRY)
"""Actions that people may ask for; the others are the worker's."""

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
        # A resumed job waits for its turn again: the disk may be busy with the next job by now.
        (JobState.PAUSED, Action.RESUME): JobState.QUEUED,
        (JobState.PAUSED, Action.CANCEL): JobState.CANCELLED,
        # A job paused by a person stays paused when the worker, or the machine, restarts.
        (JobState.PAUSED, Action.SUSPEND): JobState.PAUSED,
        (JobState.FAILED, Action.RETRY): JobState.QUEUED,
        (JobState.CANCELLED, Action.RETRY): JobState.QUEUED,
        (JobState.SKIPPED, Action.RETRY): JobState.QUEUED,
    }
)
"""All allowed transitions."""


def next_state(state: JobState, action: Action) -> JobState:
    """Return the state after an action. Raises UsageError if the table does not allow it."""
    try:
        return TRANSITIONS[state, action]
    except KeyError:
        allowed = " or ".join(known for known in JobState if (known, action) in TRANSITIONS)
        raise UsageError(f"a job that is {state} cannot {action}: expected one that is {allowed}") from None


class JobRequest(NamedTuple):
    """A request for a job."""

    task: Task
    """Its work, with settings that stay fixed, whatever the defaults become."""
    path: Path
    """The image or folder; the queue makes it absolute."""
    priority: int = 0
    """Higher ones run first, whatever the order."""
    force: bool = False
    """Whether it runs even if the estimate advises against it."""
    idle_priority: bool = False
    """Whether it yields processor and disk to everything else (nice, ionice)."""
    gain_bytes: int | None = None
    """The expected saving; None without an estimate."""

    @property
    def kind(self) -> TaskKind:
        """The kind of its task."""
        return self.task.kind


class Job(NamedTuple):
    """One job, as it was when it was read; times are seconds since the epoch."""

    id: int
    """Its number; never used again."""
    batch: str
    """Shared by jobs that were queued together."""
    task: Task
    """Its work, with the settings it was queued with."""
    state: JobState
    """Its state."""
    path: Path
    """The image or folder, absolute."""
    force: bool
    """Whether it runs even if the estimate advises against it."""
    idle_priority: bool
    """Whether it yields processor and disk to everything else."""
    priority: int
    """Higher ones run first."""
    position: float
    """Among equal priorities lower ones run first; only the order of these numbers means anything."""
    gain_bytes: int | None
    """The expected saving; None without an estimate."""
    stage: str
    """Its present stage, as a word; empty before the first start."""
    done_bytes: int
    """Bytes of the decoded image that this stage has processed."""
    total_bytes: int
    """Bytes that this stage processes; 0 if not known yet."""
    read_bytes: int
    """Bytes of the decoded image packed so far, into `packed_bytes`."""
    packed_bytes: int
    """Bytes of output so far."""
    read_rate: float | None
    """Bytes of the decoded image a second; None unless it has run for three seconds."""
    write_rate: float | None
    """Bytes of output a second; None as above."""
    eta_s: float | None
    """Seconds to the end of this stage; None while there is no rate."""
    waiting: str
    """The reason it waits although it is its turn, as a sentence; empty otherwise."""
    wanted: Action | None
    """The request to the worker about the running job: pause, cancel or None."""
    error_code: str
    """`code` of the error; `skipped` for a skipped job; empty otherwise."""
    error_message: str
    """The error, or the reason it was skipped."""
    error_hint: str
    """The hint for the error."""
    exit_code: int | None
    """Exit code for a command line; None until the job is over."""
    result: Mapping[str, JsonValue]
    """The result, by kind; before the end `restarts`, if the job cannot continue after an interruption."""
    saved_bytes: int
    """The space that the conversion has freed: 0 as long as its original is kept, or in the trash."""
    attempts: int
    """Number of starts since it was queued or retried, including those after a pause or a kill."""
    worker_deaths: int
    """Workers that died during it since it was queued or retried, or since its last new checkpoint."""
    created_at: float
    """When it was queued."""
    started_at: float | None
    """When it was first started."""
    ended_at: float | None
    """When it ended."""
    fault: str = ""
    """The reason its row is unreadable, as a sentence; usually empty.

    Such a job never runs, and its unreadable parts are empty.
    """

    @property
    def is_unsettled(self) -> bool:
        """Whether it counts as failed because it is unreadable, and the state file does not show that yet."""
        return bool(self.fault) and self.state is JobState.FAILED and self.ended_at is None

    @property
    def kind(self) -> TaskKind:
        """The kind of its task."""
        return self.task.kind

    @property
    def file_path(self) -> Path:
        """The file on the disk with the image: its archive, if it was queued from one."""
        return self.task.source.archive or self.path

    @property
    def output_path(self) -> Path | None:
        """The file to write, if one was named."""
        return self.task.output_path if isinstance(self.task, ConvertTask) else None

    @property
    def output_folder(self) -> Path | None:
        """The folder to write into, if one was named."""
        return self.task.output_folder if isinstance(self.task, ConvertTask) else None

    @property
    def percent(self) -> float:
        """Progress of its stage; 0 if the total is not known."""
        return min(100.0, 100 * self.done_bytes / self.total_bytes) if self.total_bytes else 0.0

    @property
    def ratio(self) -> float | None:
        """Packed over original so far; None before the first byte."""
        return self.packed_bytes / self.read_bytes if self.read_bytes else None

    @property
    def source_bytes(self) -> int:
        """Size of the source of a finished conversion; 0 if it is not recorded."""
        return self._figure("source_bytes")

    @property
    def result_bytes(self) -> int:
        """Size of the result of a finished conversion; the counter of a resumed job stops at the kill."""
        return self._figure("packed_bytes") or self.packed_bytes

    @property
    def saving_bytes(self) -> int:
        """Bytes by which the result of a finished conversion is smaller than its source; negative if it is larger.

        0 if the sizes are not recorded, and for an image that is not whole.
        """
        return self._figure("saving_bytes") if "saving_bytes" in self.result else self._difference

    @property
    def _difference(self) -> int:
        return self.source_bytes - self.result_bytes if self.source_bytes and self.result_bytes else 0

    @property
    def restart_note(self) -> str:
        """The remark that an interrupted job starts from the beginning, as a clause; empty if it does not."""
        if self.result.get("restarts") is not True:
            return ""
        if self.state is JobState.QUEUED:
            return "was interrupted; it starts again from the beginning"
        is_again = self.state is JobState.RUNNING and self.attempts > 1
        return "was interrupted; it has started again from the beginning" if is_again else ""

    @property
    def machine(self) -> str:
        """The other machine that packs or packed its title; empty for this one."""
        value = self.result.get("machine")
        return value if isinstance(value, str) else ""

    @property
    def was_elsewhere(self) -> bool:
        """Whether another machine has worked on it since it was queued or retried."""
        return "machine" in self.result

    def _figure(self, name: str) -> int:
        value = self.result.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else 0

    @property
    def is_alive(self) -> bool:
        """Whether it is queued, running or paused."""
        return self.state in ALIVE

    @property
    def is_over(self) -> bool:
        """Whether it has ended; only a retry starts it again."""
        return self.state not in ALIVE


class JobProgress(NamedTuple):
    """Progress of one running job, as counted by the worker; bytes as in Job."""

    id: int
    """The job."""
    stage: str
    """The stage."""
    done_bytes: int
    """Processed in this stage."""
    total_bytes: int
    """Bytes of this stage."""
    read_bytes: int = 0
    """Packed so far."""
    packed_bytes: int = 0
    """Output so far."""

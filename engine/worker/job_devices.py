"""The disk of each job, probed before the job starts, so that jobs on a disk that does not answer wait."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from discpress.engine.queue.jobs import Job
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.system.disk_probe import Disks, Place, UnansweredError
from discpress.engine.worker.blocked_jobs import Waits
from discpress.engine.worker.job_paths import (
    NOT_THERE,
    AwayError,
    check_output,
    output_device,
    output_place,
    places_of,
    source_device,
    source_place,
)


class Devices:
    """Probes the disks of jobs; one for a manager."""

    def __init__(self, disks: Disks, waits: Waits) -> None:
        self._disks = disks
        self._waits = waits
        self._silent: dict[int, Place] = {}

    def of(self, job: Job) -> int | None:
        """Return the device of a job's source; None, and the job waits, if a disk is unmounted or does not answer."""
        try:
            output, source = output_place(job), source_place(job)
            if output_device(job) is None:
                find = source_device
            elif output.disk == source.disk:
                find = _checked_device  # one query serves both
            else:
                self._disks.ask(output, ("output", job.id), partial(check_output, job))
                find = source_device
            return self._disks.ask(source, ("source", job.id), partial(find, job))
        except UnansweredError:
            self._note_silence(job)
        except AwayError as error:
            self._waits.for_disk(job, str(error))
        return None

    def answers(self, job: Job) -> bool:
        """Return whether the disk of a benchmark or an estimate answers; a scan finds out itself, in more detail."""
        if job.kind is TaskKind.SCAN or self._disks.answers(source_place(job), ("probe", job.id)):
            return True
        self._note_silence(job)
        return False

    def settle(self) -> None:
        """Let the jobs wait whose disks were found not to answer."""
        self._waits.for_answer(self._silent)
        self._silent = {}

    def _note_silence(self, job: Job) -> None:
        silent = next((place for place in places_of(job) if self._disks.is_silent(place)), None)
        if silent is not None:
            self._silent[job.id] = silent


def _checked_device(job: Job) -> int:
    check_output(job)
    return source_device(job)


@dataclass(slots=True)
class DevicePoll:
    """The devices found in one poll, each job probed once."""

    ask: Callable[[Job], int | None]
    """Returns the device of a job; None if it cannot run now."""
    in_folder: dict[Path, int | None]
    """The devices of folders, at first those of the running jobs."""
    _found: dict[int, int | None] = field(default_factory=dict)
    _by_near: dict[int | Path, int] = field(default_factory=dict)

    def of(self, job: Job) -> int | None:
        """Return the device of a job; None if it cannot run now."""
        if job.id not in self._found:
            device = self._found[job.id] = self.ask(job)
            if device != NOT_THERE:
                self.in_folder[job.file_path.parent] = device
        return self._found[job.id]

    def near(self, job: Job) -> int | None:
        """Return the device of a job, or the one found for another job of the same recorded device or folder."""
        noted = job.task.source.device
        key = job.file_path.parent if noted is None else noted
        device = self._by_near.get(key)
        if device is None:
            device = self.of(job)
            if device is not None and device != NOT_THERE:
                self._by_near[key] = device
        return device

    def guess(self, job: Job) -> int | None:
        """Return the device without probing the disk: the recorded one, or that of its neighbours."""
        noted = job.task.source.device
        return self.in_folder.get(job.file_path.parent) if noted is None else noted

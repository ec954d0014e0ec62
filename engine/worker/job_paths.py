"""Where a job reads and writes, and whether that is there; what looks at a disk may never return, see `disks.py`."""

import errno
import os
from pathlib import Path

from discpress.engine.queue.jobs import Job, JobKind
from discpress.engine.system.disk_probe import Place
from discpress.engine.system.files import device_below

NOT_THERE = -1
"""In place of the device of a file that is gone from a disk that is there."""


class AwayError(Exception):
    """Storage that a job needs is not there; its text says why, as half a sentence."""


def source_place(job: Job) -> Place:
    """Return where a job reads."""
    # With its last entry a trash goes too.
    folder = job.path.parent.parent if job.kind in {JobKind.PURGE, JobKind.UNDO} else job.file_path.parent
    return Place(folder, _number(job, "device"))


def output_place(job: Job) -> Place:
    """Return where a job writes."""
    folder = _output_folder(job)
    return source_place(job) if folder is None else Place(folder, _number(job, "output_device"))


def places_of(job: Job) -> tuple[Place, ...]:
    """Return all places that a job works in."""
    return tuple(dict.fromkeys((source_place(job), output_place(job))))


def source_device(job: Job) -> int:
    """Return the device of the job's source, NOT_THERE without it; AwayError where its storage is not there."""
    try:
        return job.file_path.stat().st_dev
    except OSError as error:
        if source_is_away(job):
            raise AwayError(_reason(error)) from error
        return NOT_THERE  # the job itself finds out, and says so


def source_is_away(job: Job) -> bool:
    """Return whether the storage of a source is away, not only the file: its folder is, or is of another device."""
    place = source_place(job)
    try:
        device = place.folder.stat().st_dev
    except OSError:
        return True
    return place.device is not None and place.device != device


def check_output(job: Job) -> None:
    """Raise AwayError where the output folder is on another device than when it was queued."""
    folder, recorded = _output_folder(job), _number(job, "output_device")
    if recorded is not None and folder is not None and recorded != device_below(folder):
        raise AwayError("the output folder's disk is not mounted")


def _output_folder(job: Job) -> Path | None:
    return job.output_folder or (job.output_path and job.output_path.parent)


def _number(job: Job, name: str) -> int | None:
    value = job.parameters.get(name)
    return value if isinstance(value, int) else None


def _reason(error: OSError) -> str:
    return error.strerror or os.strerror(error.errno or errno.EIO)

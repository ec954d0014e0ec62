"""Source and output locations of a job, and whether they are mounted. Calls may block forever, see `disk_probe.py`."""

import errno
import os
from pathlib import Path

from discpress.engine.queue.jobs import Job
from discpress.engine.queue.tasks.deploy import DeployTask
from discpress.engine.queue.tasks.kinds import TRASH_KINDS, TaskKind
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.tasks.trash import DuplicatesTask, others_of
from discpress.engine.system.disk_probe import Place
from discpress.engine.system.files import device_below
from discpress.engine.system.filesystems import mount_name

NOT_THERE = -1
"""Stands for the device of a file that is missing from a mounted disk."""


class AwayError(Exception):
    """Storage that a job needs is not mounted; the text is the reason, as half a sentence."""


def source_place(job: Job) -> Place:
    """Return the place that a job reads."""
    if job.kind is TaskKind.DEPLOY:  # its path is the mount point itself
        return Place(job.path, job.task.source.device)
    # The trash folder disappears with its last entry.
    folder = job.path.parent.parent if job.kind in TRASH_KINDS else job.file_path.parent
    return Place(folder, job.task.source.device)


def output_place(job: Job) -> Place:
    """Return the place that a job writes."""
    folder = _output_folder(job)
    return source_place(job) if folder is None else Place(folder, output_device(job))


def places_of(job: Job) -> tuple[Place, ...]:
    """Return all places that a job works in."""
    task = job.task
    titles = task.copies if isinstance(task, DuplicatesTask) else task.titles if isinstance(task, DeployTask) else ()
    folders = (*(entry.parent.parent for entry in others_of(task)), *(path.parent for path in titles))
    others = (Place(folder, None) for folder in folders)
    return tuple(dict.fromkeys((source_place(job), output_place(job), *others)))


def source_device(job: Job) -> int:
    """Return the device of a job's source, NOT_THERE if it is missing. Raises AwayError without its storage."""
    try:
        device = job.file_path.stat().st_dev
        if job.kind is TaskKind.DEPLOY and source_is_away(job):  # an unplugged device leaves an empty folder
            raise AwayError("the device is not mounted")
        return device
    except OSError as error:
        if source_is_away(job):
            raise AwayError(_reason(error)) from error
        return NOT_THERE  # the job itself reports that


def source_is_away(job: Job) -> bool:
    """Return whether the storage of a source is unmounted: its folder is missing, or on another disk."""
    place = source_place(job)
    try:
        device = place.folder.stat().st_dev
    except OSError:
        return True
    return _is_elsewhere(place.folder, place.device, device, "")


def output_device(job: Job) -> int | None:
    """Return the device of the output folder when the job was queued; None if it is not known."""
    return job.task.output_device if isinstance(job.task, ConvertTask) else None


def check_output(job: Job) -> None:
    """Raise AwayError if the output folder is on another disk than when the job was queued."""
    folder, recorded = _output_folder(job), output_device(job)
    mount = job.task.output_mount if isinstance(job.task, ConvertTask) else ""
    if folder is not None and _is_elsewhere(folder, recorded, device_below(folder), mount):
        raise AwayError("the output folder's disk is not mounted")


def _is_elsewhere(folder: Path, recorded: int | None, device: int, mount: str) -> bool:
    """Return whether a folder is on another disk than when its device was recorded, because that one is not mounted.

    A share has another device number after each mount: then the recorded mount point decides, and if none was recorded,
    whether anything but the root is mounted there.
    """
    if recorded is None or recorded == device:
        return False
    above = mount_name(folder)
    return above != mount if mount else above in {"", folder.anchor}


def _output_folder(job: Job) -> Path | None:
    return job.output_folder or (job.output_path and job.output_path.parent)


def _reason(error: OSError) -> str:
    return error.strerror or os.strerror(error.errno or errno.EIO)

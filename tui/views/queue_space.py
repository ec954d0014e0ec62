"""The free space that the queue leaves on each disk: now, after its conversions, and after the trash is emptied."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from discpress.engine.convert.batch.model import DiskSpace
from discpress.engine.convert.batch.space import space_below
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.system.files import device_below


def queue_spaces(jobs: Iterable[Job], size_of: Callable[[Path], int | None]) -> tuple[DiskSpace, ...]:
    """Return the disks of the conversions that are not over; asks the disks, so call it in a thread.

    `size_of` returns the size of a source as the library knows it. Originals that ended conversions of the queue have
    moved to the trash count as far as they are still there. A disk that cannot be asked is left out.
    """
    spaces: dict[int, DiskSpace] = {}
    ended: list[Job] = []
    device_of = cache(partial(_ask, spaces))  # thousands of jobs have few folders
    for job in jobs:
        if isinstance(job.task, ConvertTask) and job.is_alive:
            _add_job(spaces, device_of, job, job.task, size_of(job.path))
        elif isinstance(job.task, ConvertTask) and job.state is JobState.DONE:
            ended.append(job)
    for job in ended:
        _add_trashed(spaces, job.result.get("trashed"))
    return tuple(spaces.values())


def _add_job(
    spaces: dict[int, DiskSpace],
    device_of: Callable[[Path], int | None],
    job: Job,
    task: ConvertTask,
    size: int | None,
) -> None:
    home = job.file_path.parent
    named = None if task.output_path is None else task.output_path.parent
    device = device_of(task.output_folder or named or home)
    if device is not None:
        space = spaces[device]
        if size is None or job.gain_bytes is None:
            spaces[device] = replace(space, unknown=space.unknown + 1)
        else:  # what it has written so far is missing from the free space already
            needed = max(0, size - job.gain_bytes - job.packed_bytes)
            spaces[device] = replace(space, needed_bytes=space.needed_bytes + needed)
    source_device = device_of(home) if task.request.trash_source and size else None
    if source_device is not None and size:
        space = spaces[source_device]
        spaces[source_device] = replace(space, trashed_bytes=space.trashed_bytes + size)


def _add_trashed(spaces: dict[int, DiskSpace], trashed: object) -> None:
    if not isinstance(trashed, str):
        return
    try:
        facts = os.lstat(trashed)
    except (OSError, ValueError):
        return  # restored, or removed for good
    space = spaces.get(facts.st_dev)
    if space is not None and facts.st_nlink == 1:
        spaces[facts.st_dev] = replace(space, trashed_bytes=space.trashed_bytes + facts.st_size)


def _ask(spaces: dict[int, DiskSpace], folder: Path) -> int | None:
    """Return the device of a folder, whose free space is known then; None if it cannot be asked."""
    try:
        device = device_below(folder)
        if device not in spaces:
            spaces[device] = space_below(folder)
    except OSError:
        return None
    return device

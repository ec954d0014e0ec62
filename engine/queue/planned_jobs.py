"""Jobs for the rows of a planned batch."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from discpress.engine.convert.batch.model import PlannedTitle
from discpress.engine.queue.jobs import Job, JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask, RepairTask, Task
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import absolute

Work: TypeAlias = tuple[Path, Task]


def work_of(job: Job | JobRequest) -> Work:
    """Return the key under which two jobs count as the same work."""
    return job.path, job.task.work


def job_of(
    row: PlannedTitle,
    options: ConversionRequest,
    output_folder: Path | None,
    *,
    name: str = "",
    checksums: Sequence[str] = (),
    priority: int = 0,
    idle_priority: bool = False,
) -> JobRequest:
    """Return the job that converts a planned title; every setting is named in it, so later defaults change nothing.

    The output is that of `options`, in `output_folder` if the title has a folder of its own. `name` is the title's name
    for people, if it is known.
    """
    title, folder = row.title, output_folder or options.output_folder
    output_path = row.own_path or options.output_path
    is_elsewhere = folder is not None or output_path is not None
    path = absolute(title.path)
    task = (RepairTask if row.repairs else ConvertTask)(
        replace(row.request, output_path=None, output_folder=None, force=False),
        output_path,
        folder,
        row.output_device or None if is_elsewhere else None,
        row.output_mount if is_elsewhere else "",
        tuple(checksums),
        Source.of(path, absolute(title.file_path), row.device or None, name),
    )
    return JobRequest(
        task,
        path,
        priority=priority,
        force=options.force,
        idle_priority=idle_priority,
        gain_bytes=row.smaller_bytes,
    )

"""The free space that the queue leaves on each disk: now, after its conversions, and after the trash is emptied."""

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from discpress.engine.convert.batch.disk_space import DiskSpace, space_below
from discpress.engine.names import display_name
from discpress.engine.queue.jobs import Job, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.system.files import device_below
from discpress.engine.units import format_size
from discpress.tui.widgets.graph import bar_of_two
from discpress.tui.widgets.marked_rows import Signs
from discpress.tui.widgets.palette import Line, line_cells, tail

_BAR_FROM, _BAR_CELLS = 100, 20
"""Columns from which the free space has a bar, and the cells of that."""
_GAP = 3
_LEAST_PATH = 8
"""Cells below which the end of a folder's path tells nothing."""


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


def space_line(space: DiskSpace, width: int, signs: Signs) -> Line:
    """Return the free space of a disk: now, after the batch, and once the trash is emptied; then its folder.

    If there is room, a bar before them shows the used part of the disk, then what the batch will use.
    """
    ellipsis = signs.ellipsis
    drawn = _space_bar(space, signs) if width >= _BAR_FROM and space.total_bytes else []
    width -= line_cells(drawn)
    fits = space.after_bytes >= 0
    after = f"about {format_size(space.after_bytes)} after" if fits else "NOT ENOUGH"
    now = (f"free now {format_size(space.free_bytes)}, ", "normal")
    emptied = f", {format_size(space.emptied_bytes)} once the trash is emptied" if space.trashed_bytes else ""
    room = width - len(now[0]) - len(after) - len(emptied) - _GAP
    if room < _LEAST_PATH and emptied:
        emptied = f", {format_size(space.emptied_bytes)} emptied"
        room = width - len(now[0]) - len(after) - len(emptied) - _GAP
    shown = f"{' ' * _GAP}{tail(display_name(space.folder), room, ellipsis)}" if room >= _LEAST_PATH else ""
    return [*drawn, now, (after, "normal" if fits else "bad"), (emptied, "normal"), (shown, "dim")]


def _space_bar(space: DiskSpace, signs: Signs) -> Line:
    used = space.total_bytes - space.free_bytes
    used_percent, more = 100 * used / space.total_bytes, 100 * space.needed_bytes / space.total_bytes
    return [(bar_of_two(used_percent, more, _BAR_CELLS, is_ascii=signs.is_ascii), "bar"), (" ", "normal")]

"""Restore and purge as jobs: verifying a replacement decodes it whole, which takes as long as a verification.

Nothing is forced here, not even by `retry --force`: an entry whose replacement cannot be verified stays in the trash.
"""

from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.held import gone
from discpress.engine.convert.trash.listing import freed_bytes, is_half_undone, sweep_trash_in
from discpress.engine.convert.trash.schema import read_entry
from discpress.engine.convert.trash.undo import Journal, drop_left, finish_undo, purge, undo
from discpress.engine.errors import TrashError
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import Job, JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import PurgeTask, UndoTask
from discpress.engine.store.model import JsonValue
from discpress.engine.system.files import is_there


def trash_request(kind: TaskKind, entry: TrashEntry) -> JobRequest:
    """Return the request for a restore or purge of an entry."""
    source = Source(_device_of(entry), name=entry.name)
    return JobRequest(PurgeTask(source) if kind is TaskKind.PURGE else UndoTask(source), entry.folder)


def _device_of(entry: TrashEntry) -> int | None:
    try:
        return entry.folder.stat().st_dev
    except OSError:
        return None  # the job itself reports that


def purge_entry(job: Job, threads: int, control: Control, progress: Progress, journal: Journal) -> dict[str, JsonValue]:
    """Remove a trashed file for good; return the statistics. Raises TrashError if its replacement is not verified."""
    entry = _entry(job)
    if entry is None:
        return {}
    facts: dict[str, JsonValue] = {"path": str(entry.home_path), "freed_bytes": freed_bytes(entry)}
    if _is_all_but_over(job, entry):
        drop_left(entry)
        journal("purged", {"path": str(entry.home_path), "entry": entry.id})
        return facts
    _check(entry)
    purge(entry, threads, control, force=False, journal=journal, progress=progress)
    return facts


def undo_entry(job: Job, threads: int, control: Control, progress: Progress, journal: Journal) -> dict[str, JsonValue]:
    """Restore a trashed file and return the statistics. Raises TrashError if its name is taken."""
    entry = _entry(job)
    if entry is None:
        return {}
    if _is_all_but_over(job, entry):
        drop_left(entry)
        journal("undone", {"path": str(entry.home_path), "entry": entry.id})
        return {"path": str(entry.home_path), "trashed": None, "note": ""}
    if is_half_undone(entry):
        done = finish_undo(entry, threads, control, journal, progress)
    else:
        _check(entry)
        done = undo(entry, threads, control, journal, progress)
    replacement = None if done.replacement_entry is None else str(done.replacement_entry.file_path)
    return {"path": str(entry.home_path), "trashed": replacement, "note": done.note}


def _is_all_but_over(job: Job, entry: TrashEntry) -> bool:
    """Return whether the previous run was stopped between the files and their description."""
    return job.attempts > 1 and not entry.is_there and not is_half_undone(entry)


def _entry(job: Job) -> TrashEntry | None:
    """Return the entry; None if the previous run was killed after all of its work."""
    is_begun = job.attempts > 1
    if is_there(job.path) and not (is_begun and not is_there(job.path / ENTRY_NAME)):
        return read_entry(job.path)
    if is_begun:
        sweep_trash_in(job.path.parents[1])
        return None
    raise TrashError(f"{display_name(job.task.source.name or job.path)}: it is not in the trash any more")


def _check(entry: TrashEntry) -> None:
    if not entry.is_there:
        raise gone(entry)

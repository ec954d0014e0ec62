"""Restore and purge as jobs: verifying a replacement decodes it whole, which takes as long as a verification.

Nothing is forced here, not even by `retry --force`: an entry whose replacement cannot be verified stays in the trash.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.convert.trash.entry import ENTRY_NAME, TrashEntry
from discpress.engine.convert.trash.held import GoneError, gone
from discpress.engine.convert.trash.journal import PURGED, UNDONE, Journal
from discpress.engine.convert.trash.listing import freed_bytes, is_half_undone, sweep_trash_in
from discpress.engine.convert.trash.schema import read_entry
from discpress.engine.convert.trash.undo import drop_left, finish_undo, purge, undo
from discpress.engine.names import display_name
from discpress.engine.progress import Control, Progress
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import PurgeTask, UndoTask
from discpress.engine.store.model import JsonValue
from discpress.engine.system.files import is_there


def trash_request(
    kind: TaskKind,
    entries: Sequence[TrashEntry],
    *,
    is_automatic: bool = False,
    idle_priority: bool = False,
    priority: int = 0,
) -> JobRequest:
    """Return the request for a restore or purge of entries; at least one."""
    first, others = entries[0], tuple(entry.folder for entry in entries[1:])
    source = Source(_device_of(first), name=first.name)
    task = PurgeTask(source, others, is_automatic) if kind is TaskKind.PURGE else UndoTask(source, others)
    return JobRequest(task, first.folder, idle_priority=idle_priority, priority=priority)


def _device_of(entry: TrashEntry) -> int | None:
    try:
        return entry.folder.stat().st_dev
    except OSError:
        return None  # the job itself reports that


@dataclass(frozen=True, slots=True)
class TrashTurn:
    """Everything that the work on one entry needs."""

    folder: Path
    """The folder of the entry."""
    name: str
    """The name of its main file, for people."""
    is_begun: bool
    """Whether an earlier run of the job may have worked on it."""
    threads: int
    """Threads that decode."""
    control: Control
    """Pauses and stops it."""
    progress: Progress
    """Its counts."""
    journal: Journal
    """Stores what was done."""
    is_automatic: bool = False
    """Whether nobody asked for it."""


def purge_entry(turn: TrashTurn) -> dict[str, JsonValue]:
    """Remove a trashed title for good; return the statistics. Raises TrashError if its replacement is not verified."""
    entry = _entry(turn)
    if entry is None:
        return {}
    freed = freed_bytes(entry)
    facts: dict[str, JsonValue] = {"path": str(entry.home_path), "freed_bytes": freed}
    journal = _with_folder(turn, freed)
    if _is_all_but_over(turn, entry):
        drop_left(entry)
        journal(PURGED, {"path": str(entry.home_path), "entry": entry.id})
        return facts
    _check(entry)
    purge(
        entry,
        turn.threads,
        turn.control,
        force=False,
        journal=journal,
        progress=turn.progress,
        is_automatic=turn.is_automatic,
    )
    return facts


def undo_entry(turn: TrashTurn) -> dict[str, JsonValue]:
    """Restore a trashed title and return the statistics. Raises TrashError if its name is taken."""
    entry = _entry(turn)
    if entry is None:
        return {}
    journal = _with_folder(turn, 0)
    if _is_all_but_over(turn, entry):
        drop_left(entry)
        journal(UNDONE, {"path": str(entry.home_path), "entry": entry.id})
        return {"path": str(entry.home_path), "trashed": None, "note": ""}
    if is_half_undone(entry):
        done = finish_undo(entry, turn.threads, turn.control, journal, turn.progress)
    else:
        _check(entry)
        done = undo(entry, turn.threads, turn.control, journal, turn.progress)
    note = "; ".join(filter(None, (done.note, *done.texts)))
    replacement = None if done.replacement_entry is None else str(done.replacement_entry.file_path)
    return {"path": str(entry.home_path), "trashed": replacement, "note": note}


WORK: Mapping[TaskKind, Callable[[TrashTurn], dict[str, JsonValue]]] = {
    TaskKind.PURGE: purge_entry,
    TaskKind.UNDO: undo_entry,
}
"""The work on one entry by the kind of the job."""


def _with_folder(turn: TrashTurn, freed: int) -> Journal:
    """Return a journal that records the folder of the entry and the freed space as well, for a job's next run."""

    def write(kind: str, facts: Mapping[str, object]) -> None:
        turn.journal(kind, {**facts, "folder": str(turn.folder), "freed_bytes": freed})

    return write


def _is_all_but_over(turn: TrashTurn, entry: TrashEntry) -> bool:
    """Return whether the previous run was stopped between the files and their description."""
    return turn.is_begun and not entry.is_there and not is_half_undone(entry)


def _entry(turn: TrashTurn) -> TrashEntry | None:
    """Return the entry; None if the previous run was killed after all of its work."""
    folder = turn.folder
    if is_there(folder) and not (turn.is_begun and not is_there(folder / ENTRY_NAME)):
        return read_entry(folder)
    if turn.is_begun:
        sweep_trash_in(folder.parents[1])
        return None
    raise GoneError(f"{display_name(turn.name)}: it is not in the trash any more")


def _check(entry: TrashEntry) -> None:
    if not entry.is_there:
        raise gone(entry)

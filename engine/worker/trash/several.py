"""One job on several entries of the trash: one progress, and one summary at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from discpress.engine.convert.trash.held import GoneError
from discpress.engine.convert.trash.journal import PURGED, UNDONE
from discpress.engine.convert.trash.schema import read_entry
from discpress.engine.convert.trash.summary import Stayed, TrashSummary
from discpress.engine.errors import CancelledError, DiscpressError, StoreError, SuspendedError
from discpress.engine.queue.jobs import Job
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import PurgeTask, others_of
from discpress.engine.store.model import JsonValue
from discpress.engine.store.store import Store
from discpress.engine.worker.trash.entries import WORK, TrashTurn

_VERBS = {TaskKind.PURGE: "removed for good", TaskKind.UNDO: "restored"}
_JOURNALED = {TaskKind.PURGE: PURGED, TaskKind.UNDO: UNDONE}


def run_trash_job(job: Job, turn: TrashTurn, store: Store, log: Callable[[str], None]) -> dict[str, JsonValue]:
    """Work on all entries of a job and return the statistics.

    `turn` is the work on the first entry. An entry that cannot be proven or restored stays, and the others are worked
    on. Raises TrashError with the summary if any stays, unless nobody asked for the job.
    """
    folders = (job.path, *others_of(job.task))
    is_automatic = isinstance(job.task, PurgeTask) and job.task.is_automatic
    if len(folders) == 1 and not is_automatic:
        return WORK[job.kind](turn)
    batch = _Batch(job.kind, replace(turn, is_automatic=is_automatic), log, _done_earlier(job, store))
    batch.run(folders)
    log(str(batch.summary))
    if not is_automatic:
        batch.summary.check()
    folders_done: list[JsonValue] = [*sorted({str(path.parent) for path in batch.homes})]
    return {
        "path": str(batch.homes[0] if batch.homes else job.path),
        "folders": folders_done,
        "entries": len(folders),
        "done": batch.summary.done,
        "freed_bytes": batch.summary.freed_bytes,
        "stayed": len(batch.summary.stayed),
        "summary": str(batch.summary),
    }


def _done_earlier(job: Job, store: Store) -> dict[Path, int]:
    """Return the entries that earlier runs of the job are done with, and the space that each has freed."""
    found = {}
    for each in store.journal_entries():
        folder, freed = each.payload.get("folder"), each.payload.get("freed_bytes")
        if each.kind == _JOURNALED[job.kind] and each.payload.get("job") == job.id and isinstance(folder, str):
            found[Path(folder)] = int(freed) if isinstance(freed, str) and freed.isdecimal() else 0
    return found


@dataclass(slots=True)
class _Batch:
    """The entries of one job, one after the other."""

    kind: TaskKind
    first: TrashTurn
    log: Callable[[str], None]
    earlier: Mapping[Path, int]
    summary: TrashSummary = field(init=False)
    homes: list[Path] = field(default_factory=list)
    """The paths of the originals that are no longer in the trash."""

    def __post_init__(self) -> None:
        self.summary = TrashSummary(_VERBS[self.kind])

    def run(self, folders: tuple[Path, ...]) -> None:
        progress, sizes = self.first.progress, [_size_of(folder) for folder in folders]
        before, after = 0, sum(sizes)
        for folder, size in zip(folders, sizes, strict=True):
            self.first.control.check()
            after -= size
            progress.before_bytes, progress.after_bytes = before, after
            progress.done_bytes, progress.total_bytes = before, before + size + after
            self._work_on(folder)
            before = progress.total_bytes - after  # a decoded image may have another size than the file
        progress.done_bytes = progress.total_bytes

    def _work_on(self, folder: Path) -> None:
        if folder in self.earlier:
            self._count(self.earlier[folder])
            return
        name = self.first.name if folder == self.first.folder else folder.name
        try:
            facts = WORK[self.kind](replace(self.first, folder=folder, name=name))
        except (CancelledError, SuspendedError, StoreError):
            raise
        except GoneError as error:
            self.log(str(error))
        except DiscpressError as error:
            self.log(str(error))
            stayed = Stayed(folder, str(error))
            self.summary = replace(self.summary, stayed=(*self.summary.stayed, stayed))
        else:
            self._note(facts)

    def _note(self, facts: Mapping[str, JsonValue]) -> None:
        path, freed, note = facts.get("path"), facts.get("freed_bytes"), facts.get("note")
        if isinstance(path, str):
            self.homes.append(Path(path))
        if isinstance(note, str) and note:
            self.log(note)
        self._count(freed if type(freed) is int else 0)

    def _count(self, freed: int) -> None:
        self.summary = replace(self.summary, done=self.summary.done + 1, freed_bytes=self.summary.freed_bytes + freed)


def _size_of(folder: Path) -> int:
    try:
        return read_entry(folder).size_bytes
    except DiscpressError:
        return 0  # the work on it reports that

"""Work on the trash: one job for any number of entries, or for the copies of a disc that go there."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from discpress.engine.queue.tasks.base import (
    NO_SOURCE,
    PARAMETERS,
    BaseTask,
    Cells,
    Source,
    paths_in,
    paths_json,
    source_in,
    source_json,
)
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store.model import JsonValue

_OTHERS, _AUTOMATIC, _COPIES = "entries", "automatic", "copies"
_UNDO_PARAMETERS = PARAMETERS | {_OTHERS}
_PURGE_PARAMETERS = _UNDO_PARAMETERS | {_AUTOMATIC}
_DUPLICATES_PARAMETERS = PARAMETERS | {_COPIES}


@dataclass(frozen=True, slots=True)
class PurgeTask(BaseTask):
    """Remove trashed titles for good, each after its replacement is verified."""

    kind: ClassVar[TaskKind] = TaskKind.PURGE
    source: Source = NO_SOURCE
    """The entry of the trash that is the job's path."""
    others: tuple[Path, ...] = ()
    """Further entries."""
    is_automatic: bool = False
    """Whether nobody asked for it (`trash_days`): the rules are stricter, and an entry that stays is no failure."""

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        automatic: dict[str, JsonValue] = {_AUTOMATIC: True} if self.is_automatic else {}
        return Cells({**source_json(self.source), **paths_json(_OTHERS, self.others), **automatic})

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        is_automatic = cells.parameters.get(_AUTOMATIC, False)
        if not isinstance(is_automatic, bool):
            raise ValueError(f"{_AUTOMATIC} is not true or false")
        return cls(source_in(cells.parameters, _PURGE_PARAMETERS), paths_in(cells.parameters, _OTHERS), is_automatic)


@dataclass(frozen=True, slots=True)
class UndoTask(BaseTask):
    """Restore trashed titles."""

    kind: ClassVar[TaskKind] = TaskKind.UNDO
    source: Source = NO_SOURCE
    """The entry of the trash that is the job's path."""
    others: tuple[Path, ...] = ()
    """Further entries."""

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        return Cells({**source_json(self.source), **paths_json(_OTHERS, self.others)})

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        return cls(source_in(cells.parameters, _UNDO_PARAMETERS), paths_in(cells.parameters, _OTHERS))


@dataclass(frozen=True, slots=True)
class DuplicatesTask(BaseTask):
    """Decode the copy of a disc that the user keeps, then move other copies to the trash, each if it is the same."""

    kind: ClassVar[TaskKind] = TaskKind.DUPLICATES
    source: Source = NO_SOURCE
    """The copy that stays."""
    copies: tuple[Path, ...] = ()
    """The titles that go to the trash."""

    def to_cells(self) -> Cells:
        """Return the task as columns."""
        return Cells({**source_json(self.source), **paths_json(_COPIES, self.copies)})

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """Return the task of the columns of a row."""
        return cls(source_in(cells.parameters, _DUPLICATES_PARAMETERS), paths_in(cells.parameters, _COPIES))


def others_of(task: BaseTask) -> tuple[Path, ...]:
    """Return the entries that a task works on besides the one that is its job's path; none for other kinds."""
    return task.others if isinstance(task, PurgeTask | UndoTask) else ()


def and_others(task: BaseTask) -> str:
    """Return ` and 2 more` for a task on several entries or copies; empty for any other task."""
    count = len(task.copies) if isinstance(task, DuplicatesTask) else len(others_of(task))
    return f" and {count} more" if count else ""

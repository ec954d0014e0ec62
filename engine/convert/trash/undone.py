"""The outcome of an undo."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from discpress.engine.convert.trash.entry import TrashEntry


@dataclass(frozen=True, slots=True)
class Undone:
    """The outcome of an undo."""

    entry: TrashEntry
    """The entry that is no more."""
    replacement_entry: TrashEntry | None
    """The replacement in the trash; None when it stayed where it is."""
    note: str
    """The reason why the replacement stayed; empty if it did not."""
    checksums: tuple[Path, ...] = ()
    """The checksum files of the replacement, removed with it."""
    texts: tuple[str, ...] = ()
    """One sentence for each playlist or sheet that named the replacement."""


Report: TypeAlias = Callable[[Undone], None]
"""Called with an undo whose work is done."""


def no_report(done: Undone) -> None:
    """Report nothing."""

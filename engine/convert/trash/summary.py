"""The summary of work on several entries of the trash: how many, how much space, which stay and why."""

from dataclasses import dataclass
from pathlib import Path

from discpress.engine.errors import TrashError
from discpress.engine.units import format_size

_MAX_NAMED = 3
"""Entries that a sentence names; logs and JSON name all."""


@dataclass(frozen=True, slots=True)
class Stayed:
    """An entry that stays in the trash."""

    path: Path
    """The original path of its main file."""
    reason: str
    """The reason why it stays, with the names of its files; safe to show."""


@dataclass(frozen=True, slots=True)
class TrashSummary:
    """The outcome of an emptying or a restore."""

    verb: str
    """`removed for good` or `restored`."""
    done: int = 0
    """Entries that are no longer in the trash."""
    freed_bytes: int = 0
    """Space that removing them has freed; 0 for restored ones."""
    stayed: tuple[Stayed, ...] = ()
    """The others."""

    def __str__(self) -> str:
        """Return `10 removed for good, 20.1 GiB freed; 2 stay: REASON; REASON`."""
        text = f"{self.done} {self.verb}"
        if self.freed_bytes:
            text += f", {format_size(self.freed_bytes)} freed"
        if not self.stayed:
            return text
        named = "; ".join(each.reason for each in self.stayed[:_MAX_NAMED])
        more = len(self.stayed) - _MAX_NAMED
        rest = f"; and {more} more" if more > 0 else ""
        return f"{text}; {len(self.stayed)} {'stays' if len(self.stayed) == 1 else 'stay'}: {named}{rest}"

    def check(self) -> None:
        """Raise TrashError if an entry stays."""
        if self.stayed:
            raise TrashError(
                str(self),
                hint="look at the log for each of them; discpress undo FILE restores one that cannot be proven",
            )

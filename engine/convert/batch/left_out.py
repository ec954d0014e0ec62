"""The outcome of a planner for a title that is not converted or repaired."""

from pathlib import Path

from discpress.engine.convert.batch.cds import why_not_made
from discpress.engine.convert.batch.model import NEVER_UNNAMED, PlannedTitle, Skip
from discpress.engine.convert.output_names import Obstacle
from discpress.engine.states import State

STATES = {Skip.QUEUED: State.WORKING, Skip.DONE: State.DONE, Skip.COPY: State.HAS_COPY, Skip.SETTING: State.NO_PLAYER}
"""States that the planner finds by asking the disk now."""


class LeftOut(Exception):  # noqa: N818 - an outcome, not a failure
    """A title is left out; the planner that raises it catches it."""

    def __init__(
        self, skip: Skip, reason: str, obstacle: Obstacle | None = None, *, copy_of: Path | None = None
    ) -> None:
        super().__init__(reason)
        self.skip = skip
        self.obstacle = obstacle
        self.copy_of = copy_of


def is_converted_if_named(row: PlannedTitle) -> bool:
    """Return whether only the user's naming it is missing: its form can be made, or no more than its end is missing."""
    if row.skip not in NEVER_UNNAMED:
        return False
    if row.settings is None:
        return row.skip is Skip.CUT_SHORT and row.title.original_bytes > 0
    return not why_not_made(row.title, row.settings.format)

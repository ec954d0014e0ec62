"""The outcome of a planner for a title that is not converted or repaired."""

from pathlib import Path

from discpress.engine.convert.batch.model import Skip
from discpress.engine.convert.output_names import Obstacle


class LeftOut(Exception):  # noqa: N818 - an outcome, not a failure
    """A title is left out; the planner that raises it catches it."""

    def __init__(
        self, skip: Skip, reason: str, obstacle: Obstacle | None = None, *, copy_of: Path | None = None
    ) -> None:
        super().__init__(reason)
        self.skip = skip
        self.obstacle = obstacle
        self.copy_of = copy_of

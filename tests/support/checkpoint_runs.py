"""Conversions that are suspended at a border, and their checkpoints in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from discpress.engine.convert.checkpoint import Checkpoint
from discpress.engine.progress import Control


class SuspendAt(Control):
    """Asks for a suspension at one of the chunk borders, counted over packing and verifying from 0."""

    def __init__(self, border: int) -> None:
        super().__init__()
        self._left = border

    def check(self) -> None:
        """Count a border; the last one that is waited for is where it stops."""
        if self._left == 0:
            self.suspend()
        self._left -= 1
        super().check()


@dataclass
class Keeper:
    """A checkpoint in memory, and what became of it."""

    kept: Checkpoint | None = None
    saved_bytes: list[int] = field(default_factory=list)
    on_save: Callable[[], object] = lambda: None
    drops: int = 0

    def load(self) -> Checkpoint | None:
        return self.kept

    def begin(self, output_path: Path) -> None:
        self.drop()

    def seal(self, output_path: Path, identity: object) -> None:
        pass

    def save(self, checkpoint: Checkpoint) -> None:
        self.on_save()
        self.kept = checkpoint
        self.saved_bytes.append(checkpoint.done_bytes)

    def drop(self) -> None:
        self.kept = None
        self.drops += 1

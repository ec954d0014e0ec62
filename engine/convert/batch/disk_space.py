"""The free space of a disk, with what conversions need there; apart from their plans, which take 90 ms to import."""

from dataclasses import dataclass
from pathlib import Path

from discpress.engine.system.filesystems import disk_usage_below


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """The free space of one disk that the batch writes to, or whose originals go to the trash."""

    folder: Path
    """A folder on it."""
    free_bytes: int
    """Free now."""
    needed_bytes: int = 0
    """Expected size of the results on it."""
    unknown: int = 0
    """Results without an estimate."""
    trashed_bytes: int = 0
    """Size of the files that the batch moves to the trash there."""
    total_bytes: int = 0
    """Size of the disk; 0 if it is not known."""

    @property
    def after_bytes(self) -> int:
        """Free after the batch; negative if it does not fit."""
        return self.free_bytes - self.needed_bytes

    @property
    def emptied_bytes(self) -> int:
        """Free after the batch and after the trash is emptied of what the batch moves there."""
        return self.after_bytes + self.trashed_bytes


def space_below(folder: Path) -> DiskSpace:
    """Return the space of the disk of a folder that may not exist yet. Raises OSError."""
    free_bytes, total_bytes = disk_usage_below(folder)
    return DiskSpace(folder, free_bytes, total_bytes=total_bytes)

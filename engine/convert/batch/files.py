"""The files of a batch, each asked for once."""

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.store.model import FileIdentity, Title


@dataclass(frozen=True, slots=True)
class FileStat:
    """The part of a file's stat results that the planner needs."""

    identity: FileIdentity | None = None
    """Its identity now; None if it is missing or cannot be asked for."""
    key: tuple[int, int] | None = None
    """Device and inode, equal for all names of one file; None as above."""
    device: int = 0
    """Its device; 0 if unknown."""
    links: int = 1
    """Number of its names."""
    is_link: bool = False
    """Whether the name is a symbolic link."""

    @classmethod
    def of(cls, path: Path) -> "FileStat":
        """Return what the system answers."""
        try:
            name, file = path.lstat(), path.stat()
        except OSError:
            return cls()
        key = file.st_dev, file.st_ino
        return cls(FileIdentity.of(path, file), key, file.st_dev, file.st_nlink, stat.S_ISLNK(name.st_mode))


def stats_of(titles: Iterable[Title]) -> dict[Path, FileStat]:
    """Return the stat results of the titles' files, by path."""
    return {path: FileStat.of(path) for path in dict.fromkeys(title.file_path for title in titles)}

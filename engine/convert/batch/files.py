"""The files of a batch, each asked for once."""

import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.system.filesystems import StableInodes


@dataclass(frozen=True, slots=True)
class FileStat:
    """The part of a file's stat results that the planner needs."""

    identity: FileIdentity | None = None
    """Its identity now, or that of all files of a set; None if one is missing or cannot be asked for."""
    key: tuple[int, int] | None = None
    """Device and inode, equal for all names of one file; None as above."""
    device: int = 0
    """Its device; 0 if unknown."""
    links: int = 1
    """Number of its names."""
    is_link: bool = False
    """Whether the name is a symbolic link."""

    @classmethod
    def of(cls, paths: Sequence[Path], inodes: StableInodes) -> "FileStat":
        """Return the stat results of a title's files, the main one first; `inodes` is shared by all of a batch."""
        try:
            names, files = [path.lstat() for path in paths], [path.stat() for path in paths]
        except OSError:
            return cls()
        main = files[0]
        return cls(
            FileIdentity.of_set(paths[0], files, inodes),
            (main.st_dev, main.st_ino),
            main.st_dev,
            max(file.st_nlink for file in files),
            any(stat.S_ISLNK(name.st_mode) for name in names),
        )


def stats_of(titles: Iterable[Title]) -> dict[Path, FileStat]:
    """Return the stat results of the titles' files, by the path of the main one."""
    files = {title.file_path: title.file_paths for title in titles}
    inodes = StableInodes()
    return {path: FileStat.of(paths, inodes) for path, paths in files.items()}

"""What a scan hands over, and what it passes by."""

import os
from dataclasses import dataclass
from pathlib import Path

from engine.formats import PART_SUFFIX
from engine.library.model import FileIdentity, Title

_UNFINISHED = (".part", PART_SUFFIX, ".crdownload", ".!qb")


def is_left_out(name: str) -> bool:
    """Return whether a scan passes over a name: hidden, the trash, or a download that is under way."""
    return name.startswith(".") or name.casefold().endswith(_UNFINISHED)


@dataclass(frozen=True, slots=True)
class FolderProblem:
    """A folder that could not be searched."""

    path: Path
    """Which."""
    message: str
    """Why, as a sentence."""


@dataclass(frozen=True, slots=True)
class EmptyArchive:
    """An archive that was looked through and holds no image."""

    path: Path
    """Which."""
    identity: FileIdentity
    """As it was when it was opened."""


@dataclass(frozen=True, slots=True)
class ScanBatch:
    """What was found since the last batch."""

    titles: tuple[Title, ...] = ()
    """New or changed images, and those that cannot be read."""
    unchanged: tuple[Title, ...] = ()
    """Known images whose file is as it was: nothing was read again."""
    problems: tuple[FolderProblem, ...] = ()
    """Folders that could not be searched."""
    gone: tuple[Path, ...] = ()
    """Known images that are no longer there; only in the last batch, never where a folder could not be searched."""
    empty: tuple[EmptyArchive, ...] = ()
    """Archives without an image that are new or changed."""
    gone_empty: tuple[Path, ...] = ()
    """Known archives without an image that are no longer there, as for `gone`, or hold one now."""


def entries_in(folder: Path) -> list["os.DirEntry[str]"]:
    """Return what is looked at in a folder, the last name first, to be taken from the end; OSError as scandir's."""
    with os.scandir(folder) as found:
        return sorted((each for each in found if not is_left_out(each.name)), key=lambda each: each.name, reverse=True)


def is_unmounted(path: Path, device: int) -> bool:
    """Return whether a known file lies below an empty folder of another device: the mount point of a disk that left."""
    try:
        folder = next(each for each in path.parents if each.is_dir())
        return folder.stat().st_dev != device and not any(folder.iterdir())
    except (OSError, StopIteration):
        return True

"""Scan results, and the files that only seem to be gone."""

from pathlib import Path
from typing import NamedTuple

from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.rows.known_rows import KnownTitle


class FolderProblem(NamedTuple):
    """A folder that could not be searched."""

    path: Path
    """The folder."""
    message: str
    """The reason, as a sentence."""


class EmptyArchive(NamedTuple):
    """An archive that was searched and contains no image."""

    path: Path
    """The archive."""
    identity: FileIdentity
    """Its identity when it was opened."""
    device: int = 0
    """st_dev at the last scan, to know an unmounted disk by."""


class ScanBatch(NamedTuple):
    """The results since the last batch."""

    titles: tuple[Title, ...] = ()
    """New or changed images, and those that cannot be read."""
    unchanged: tuple[KnownTitle, ...] = ()
    """Known images whose file is unchanged and was not read again."""
    problems: tuple[FolderProblem, ...] = ()
    """Folders that could not be searched."""
    gone: tuple[Path, ...] = ()
    """Known images that are gone; only in the last batch, and never in a folder that could not be searched."""
    empty: tuple[EmptyArchive, ...] = ()
    """Archives without an image that are new or changed."""
    renumbered: tuple[KnownTitle, ...] = ()
    """Known images whose file is unchanged, with the numbers that device and inode have by now."""
    unseen: frozenset[Path] = frozenset()
    """Known images that were not seen and are not gone; only in the last batch."""
    gone_empty: tuple[Path, ...] = ()
    """Known archives without an image that are gone, as for `gone`, or now contain an image."""


NOT_MOUNTED = "is empty: not mounted?"
"""Follows the path of a folder whose titles are kept."""


def unmounted_folder(path: Path, device: int) -> Path | None:
    """Return the empty folder on another device that a known file was below: the mount point of an unmounted disk."""
    try:
        folder = next(each for each in path.parents if each.is_dir())
        return folder if folder.stat().st_dev != device and not any(folder.iterdir()) else None
    except OSError:
        return path.parent


def is_unmounted(path: Path, device: int) -> bool:
    """Return whether a known file is below such a folder, or below one that cannot be read."""
    return unmounted_folder(path, device) is not None

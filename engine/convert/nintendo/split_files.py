"""WBFS files in parts for FAT32, whose files are below 4 GiB: `Game.wbfs`, `Game.wbf1` and so on.

The parts have the size of those that USB Loader GX makes (splits.c, OPT_split_size). All programs that read such files
take any size that is equal for all but the last.
"""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TypeVar

from discpress.engine.errors import from_os_error
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.registry import spec_of
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.targets import TARGETS
from discpress.engine.units import GIB, KIB

PART_BYTES = 4 * GIB - 32 * KIB
"""Size of all parts but the last."""
MOST_PARTS = 10
"""Parts that loaders read."""
_AnyPath = TypeVar("_AnyPath", bound=PurePath)


def count_parts(settings: Settings, output_path: Path, most_bytes: int) -> int:
    """Return the most parts of a result of at most `most_bytes`; 0 if it stays one file.

    A WBFS is split for USB Loader GX, whose disks have FAT32 as a rule, and on FAT32, which takes no larger file. Its
    suffix must be `.wbfs`.
    """
    if settings.format is not ImageFormat.WBFS or most_bytes <= PART_BYTES:
        return 0
    if output_path.suffix.lower() != spec_of(settings.format).suffix:
        return 0
    target = TARGETS.get(settings.target)
    is_for_loader = target is not None and target.names_by_id
    return min(-(-most_bytes // PART_BYTES), MOST_PARTS) if is_for_loader or _is_on_fat(output_path.parent) else 0


def _is_on_fat(folder: Path) -> bool:
    """Return whether the nearest existing folder is on a file system that limits the size of files."""
    there = next((each for each in (folder, *folder.parents) if each.is_dir()), folder)
    return filesystem_of(there).max_file_bytes is not None


def part_paths(first_path: _AnyPath, count: int) -> tuple[_AnyPath, ...]:
    """Return the paths of a number of parts: the last letter of the suffix counts, as USB Loader GX does."""
    others = (first_path.with_name(f"{first_path.name[:-1]}{number}") for number in range(1, count))
    return (first_path, *others)


def existing_parts(first_path: Path, count: int) -> int:
    """Return how many of the parts are there, one after the other."""
    paths = part_paths(first_path, count)
    return next((number for number, path in enumerate(paths) if not path.exists()), count)


def total_bytes(paths: Sequence[Path]) -> int:
    """Return the size of all parts. Raises StorageError."""
    try:
        return sum(path.lstat().st_size for path in paths)
    except OSError as error:
        raise from_os_error(error, paths[0], "look at its parts") from error

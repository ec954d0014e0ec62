"""The free space that a batch leaves, disk by disk."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from discpress.engine.convert.batch.disk_space import DiskSpace, space_below
from discpress.engine.convert.batch.files import FileStat
from discpress.engine.convert.batch.model import PlannedTitle
from discpress.engine.convert.output_names import Clash


def disk_spaces(rows: Iterable[PlannedTitle], stats: Mapping[Path, FileStat]) -> tuple[DiskSpace, ...]:
    """Return the disks that the rows write to or move originals on, in the order of the rows.

    A disk that does not answer is left out: the conversion itself reports why its folder cannot be written.
    """
    spaces: dict[int, DiskSpace | None] = {}
    for row in rows:
        if not row.is_converted or row.output_path is None:
            continue
        space = _space(spaces, row.output_device, row.output_path.parent)
        if space is not None:
            needed = 0 if row.estimate is None else row.estimate.packed_bytes
            spaces[row.output_device] = replace(
                space,
                needed_bytes=space.needed_bytes + needed,
                unknown=space.unknown + (row.estimate is None),
                trashed_bytes=space.trashed_bytes + _overwritten_bytes(row),
            )
        file = stats[row.title.file_path]
        # Another name of the file keeps its space.
        if row.trashes_source and file.links == 1:
            space = _space(spaces, row.device, row.title.file_path.parent)
            if space is not None:
                spaces[row.device] = replace(space, trashed_bytes=space.trashed_bytes + row.title.file_bytes)
    return tuple(space for space in spaces.values() if space is not None)


def _space(spaces: dict[int, DiskSpace | None], device: int, folder: Path) -> DiskSpace | None:
    if device not in spaces:
        spaces[device] = _free(folder)
    return spaces[device]


def _free(folder: Path) -> DiskSpace | None:
    try:
        return space_below(folder)
    except OSError:
        return None


def _overwritten_bytes(row: PlannedTitle) -> int:
    if row.obstacle is None or row.obstacle.clash is not Clash.FILE or row.output_path != row.obstacle.found_path:
        return 0
    try:
        return row.obstacle.found_path.lstat().st_size
    except OSError:
        return 0

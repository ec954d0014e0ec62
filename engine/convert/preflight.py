"""Checks before the first byte is written: names, folder, file system, space."""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from discpress.engine.convert.output_names import Clash, OutputNames
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.part.part_set import is_interrupted
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.errors import (
    DamagedImageError,
    FileLimitError,
    SpaceError,
    StorageError,
    TrashError,
    UnsupportedImageError,
    from_os_error,
)
from discpress.engine.formats import GD_SHEET
from discpress.engine.images.image import Image
from discpress.engine.images.registry import encoder_for
from discpress.engine.measure.worth import WHOLE_BELOW_BYTES, refuse_useless
from discpress.engine.names import display_name, shell_word
from discpress.engine.request import OnConflict
from discpress.engine.system.files import absolute
from discpress.engine.system.filesystems import FileSystem, disk_bytes, filesystem_of, free_bytes
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.system.rename import sync_folder
from discpress.engine.units import MIB, format_size

MARGIN_BYTES = 256 * MIB
"""Kept free in addition to the output, unless 1 % of the disk is less: a memory stick must take a game too."""
NEVER_SKIPPED = frozenset({Clash.SOURCE, Clash.NO_FILE})
"""Obstacles that are an error even if titles whose name is taken are skipped: no earlier result has the name."""


_GDI_HINT = "choose a folder for each game with -O: the tracks of all GD-ROMs have the same names"


class NameTaken(Exception):  # noqa: N818 - the outcome that --on-conflict skip requests, not a failure
    """The output exists and the user asked for such titles to be skipped."""


def settle_output(plan: ConversionPlan, names: OutputNames | None = None) -> ConversionPlan:
    """Return the plan with the output name that follows from its conflict rule.

    `names` contains the names that earlier titles of the same batch will use. Raises ConflictError if the name is
    taken, NameTaken if the title is to be skipped.
    """
    rule = plan.request.on_conflict
    settled = (names or OutputNames()).settle(
        plan.output_path,
        plan.sources.paths,
        rule,
        replaces_source=plan.replaces_source,
        paths_at=plan.paths_at,
    )
    if settled.obstacle is not None and settled.is_refused:
        error = settled.obstacle.error
        if rule is OnConflict.SKIP and settled.obstacle.clash not in NEVER_SKIPPED:
            raise NameTaken(str(error))
        if plan.settings.format is GD_SHEET and settled.obstacle.wanted_path != plan.output_path:
            error.hint = _GDI_HINT
        raise error
    return replace(plan, output_path=settled.path)


def output_bounds(
    plan: ConversionPlan, image: Image, threads: int, check: Callable[[], None], random: Random
) -> tuple[int, int, int]:
    """Return the minimum and maximum size of the output of an open image in bytes, and of its unpacked source.

    A size without packing is exact. Otherwise the worst case counts if there is free space for it or the user requested
    it, else an estimate. The unpacked source is 0 unless a program needs it in a file of its own.

    Raises UselessError if useless titles are to be skipped and the estimate advises that; of a small image packing
    itself shows it.
    """
    worst = plan.worst_bytes
    if not plan.layout.packs:
        return worst, worst, 0
    has_room = plan.request.strict_space or worst + _margin(plan) <= _free_bytes(plan)
    encoder = encoder_for(plan.settings)
    unpacked_bytes = encoder.unpacked_bytes(plan.view(image))
    if has_room and (not plan.request.skip_useless or plan.original_bytes < WHOLE_BELOW_BYTES):
        return 0, worst, unpacked_bytes
    from discpress.engine.measure.estimate import estimate  # noqa: PLC0415 - 30 ms, if free space is scarce

    try:
        found = estimate(plan.view(image), plan.settings, random=random, threads=threads, check=check)
    except (DamagedImageError, UnsupportedImageError):
        if not encoder.why_whole:
            raise
        return 0, worst, unpacked_bytes  # nod-rs packs some discs that are not understood here
    if plan.request.skip_useless:
        refuse_useless(plan.source_path, plan.source_bytes, found.packed_bytes, is_in_archive=plan.member > 0)
    low_bytes = 0 if encoder.why_whole else found.low_bytes  # a WBFS may be written in parts
    return low_bytes, worst if plan.request.strict_space else found.high_bytes, unpacked_bytes


def _free_bytes(plan: ConversionPlan) -> int:
    """Space for the output in bytes: the free space, and the size of its own part."""
    folder = plan.output_path.parent
    try:
        return free_bytes(folder) + _bytes_of_part(plan)
    except OSError as error:
        raise from_os_error(error, folder, "read this folder") from error


def _bytes_of_part(plan: ConversionPlan) -> int:
    """Size of the parts left by an earlier run, which are resumed or replaced, and of files that it has published."""
    paths = [part_path_of(path) for path in plan.output_paths]
    if len(plan.output_paths) > 1 and is_interrupted(plan.output_path):
        paths += plan.output_paths[1:]
    total_bytes = 0
    for path in paths:
        with contextlib.suppress(OSError):
            total_bytes += getattr(path.lstat(), "st_blocks", 0) * 512
    return total_bytes


def _margin(plan: ConversionPlan) -> int:
    """Bytes of the disk that stay free."""
    if plan.request.use_all_space:
        return 0
    folder = plan.output_path.parent
    try:
        return min(MARGIN_BYTES, disk_bytes(folder) // 100)
    except OSError as error:
        raise from_os_error(error, folder, "read this folder") from error


def check_room(plan: ConversionPlan, low_bytes: int, high_bytes: int, unpacked_bytes: int = 0) -> FileSystem:
    """Check that the output can be written into its folder, which exists; return the file system.

    `low_bytes` and `high_bytes` bound the output's size; `unpacked_bytes` are needed next to it meanwhile. Raises
    StorageError or SpaceError.
    """
    folder = plan.output_path.parent
    shown = display_name(folder)
    free = _free_bytes(plan)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(
            f"{shown}: this folder is not writable",
            hint="check its permissions and whether it is mounted read-only, or choose another with -O",
        )
    if not os.access(folder, os.R_OK):  # what was written there can only be synced through the open folder
        raise StorageError(
            f"{shown}: this folder is not readable", hint="check its permissions, or choose another folder with -O"
        )
    file_system = filesystem_of(folder)
    limit = file_system.max_file_bytes
    if limit is not None and low_bytes > limit:
        raise FileLimitError(
            f"{shown}: the output needs at least {format_size(low_bytes)}, but FAT32 allows files up to {limit} bytes",
            hint="choose a folder on another file system with -O",
        )
    if limit is not None and unpacked_bytes > limit:
        raise FileLimitError(
            f"{shown}: the source is unpacked here first, to {format_size(unpacked_bytes)}, but FAT32 allows files of "
            f"at most {limit} bytes",
            hint="choose a folder on another file system with -O, or convert it to an ISO there first, with -d",
        )
    margin = _margin(plan)
    needed = high_bytes + unpacked_bytes + margin
    if needed > free:
        listing = f"discpress trash list {shell_word(absolute(folder))}"
        insist = ", or add --use-all-space to do without the margin" if needed - margin <= free else ""
        source = f"{format_size(unpacked_bytes)} for the unpacked source, " if unpacked_bytes else ""
        raise SpaceError(
            f"{shown}: needs {format_size(needed)} of free space (output up to {format_size(high_bytes)}, "
            f"{source}{format_size(margin)} margin), only {format_size(free)} is available",
            hint=f"free some space (run {listing} to see the trash), choose another folder with -O{insist}",
        )
    return file_system


def check_trashes(plan: ConversionPlan) -> None:
    """Check, before hours of work, that the files that a conversion replaces can be moved to a trash.

    Raises TrashError or StorageError; what happens meanwhile may still be in the way.
    """
    is_in_the_way = plan.request.on_conflict is OnConflict.OVERWRITE and any(map(os.path.lexists, plan.output_paths))
    if plan.trashes_source or plan.replaces_source or plan.request.on_conflict is OnConflict.OVERWRITE:
        # Loaded now, not after hours: discpress may be upgraded meanwhile, and its modules belong together.
        import discpress.engine.convert.trash.replacing  # noqa: F401, PLC0415 - 30 ms, most sources stay
    if plan.trashes_source or plan.replaces_source:
        _check_trash_in(plan.source_file_path.parent, "convert without moving the original to the trash")
    if is_in_the_way:
        _check_trash_in(plan.output_path.parent, "choose another name or folder with -o or -O")


def _check_trash_in(folder: Path, way_out: str) -> None:
    from discpress.engine.convert.trash.folder import check_trash  # noqa: PLC0415 - most conversions move nothing

    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise StorageError(
            f"{display_name(folder)}: no trash can be made in this folder",
            hint=f"check whether it can be read and written, or {way_out}",
        )
    try:
        with HeldFolder.open(folder) as home:
            check_trash(home)
    except OSError as error:
        raise from_os_error(error, folder, "look for its trash") from error
    except TrashError as error:
        raise TrashError(str(error), hint=f"{error.hint}; or {way_out}") from error


@contextlib.contextmanager
def ensured_folder(plan: ConversionPlan) -> Iterator[None]:
    """Create the output's folder if the user named it with -O or if a loader needs it; remove it again after an error.

    Raises StorageError if another folder is missing.
    """
    folder = plan.output_path.parent
    is_made = _make_folder(plan, folder)
    try:
        yield
    except BaseException:
        if is_made:
            with contextlib.suppress(OSError):  # it is not empty: a part stays in it
                folder.rmdir()
        raise


def _make_folder(plan: ConversionPlan, folder: Path) -> bool:
    if folder.is_dir():
        return False
    if not plan.makes_folder:
        raise StorageError(
            f"{display_name(folder)}: no such folder", hint="create it first, or name it with -O to have it created"
        )
    try:
        folder.mkdir(parents=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise from_os_error(error, folder, "create this folder") from error
    return True

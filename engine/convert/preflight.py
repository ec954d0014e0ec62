"""Checks before the first byte is written: names, folder, file system, space."""

import os
import stat
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import NoReturn

from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.plan import ConversionPlan, OnConflict
from discpress.engine.convert.trash.folder import check_trash
from discpress.engine.errors import (
    ConflictError,
    FileLimitError,
    SpaceError,
    StorageError,
    TrashError,
    UselessError,
    from_os_error,
)
from discpress.engine.images.open import open_image
from discpress.engine.measure.estimate import Advice, estimate
from discpress.engine.names import display_name
from discpress.engine.system.files import same_file
from discpress.engine.system.filesystems import FileSystem, filesystem_of, free_bytes
from discpress.engine.system.held_folder import HeldFolder
from discpress.engine.units import MIB, format_size

MARGIN_BYTES = 256 * MIB
"""Kept free in addition to the output, unless 1 % of the output is more."""
_RENAME_LIMIT = 10_000


class NameTaken(Exception):  # noqa: N818 - the outcome that --on-conflict skip requests, not a failure
    """The output exists and the user asked for such titles to be skipped."""


def settle_output(plan: ConversionPlan, taken: frozenset[Path] = frozenset()) -> ConversionPlan:
    """Return the plan with the output name that follows from its conflict rule.

    `taken` contains the names that earlier titles of the same batch will use. Raises ConflictError if the name is
    taken, NameTaken if the title is to be skipped.
    """
    path = plan.output_path
    folder = path.parent
    if not folder.is_dir():
        return plan
    try:
        facts = path.lstat()
    except FileNotFoundError:
        facts = None
    except OSError as error:
        raise from_os_error(error, path, "look for an existing file") from error
    if plan.request.on_conflict is OnConflict.RENAME:
        return replace(plan, output_path=_free_name(path, taken)) if _is_taken(path, taken) else plan
    if facts is not None:
        _refuse_input_as_output(plan)
        if not stat.S_ISREG(facts.st_mode):
            raise ConflictError(
                f"{display_name(path)}: exists and is not a regular file, so it is never replaced",
                hint="choose another name with -o or another folder with -O",
            )
    elif path not in taken and (twin := _case_twin(path)) is not None:
        _on_clash(plan, f"{display_name(path)}: differs only in case from the existing {display_name(twin)}")
    refuse_twin(plan, taken)
    if facts is not None and plan.request.on_conflict is not OnConflict.OVERWRITE:
        _on_clash(plan, f"{display_name(path)}: exists already")
    return plan


def refuse_twin(plan: ConversionPlan, taken: Collection[Path]) -> None:
    """Refuse a title whose result has the same name as another one of the batch; errors as in `settle_output`."""
    if plan.output_path in taken and plan.request.on_conflict is not OnConflict.RENAME:
        _on_clash(plan, f"{display_name(plan.output_path)}: another input of this run has the same result")


def _on_clash(plan: ConversionPlan, message: str) -> NoReturn:
    if plan.request.on_conflict is OnConflict.SKIP:
        raise NameTaken(message)
    raise ConflictError(
        message, hint="use --on-conflict skip, rename or overwrite; overwrite moves the old file to the trash"
    )


def _refuse_input_as_output(plan: ConversionPlan) -> None:
    try:
        source = plan.source_file_path.stat()
        output = plan.output_path.stat()
    except OSError:
        return
    if same_file(source, output):
        raise ConflictError(
            f"{display_name(plan.output_path)}: input and output are the same file",
            hint="choose another name with -o, another folder with -O, or --on-conflict rename",
        )


def _is_taken(path: Path, taken: frozenset[Path]) -> bool:
    return path in taken or os.path.lexists(path) or _case_twin(path) is not None


def _free_name(path: Path, taken: frozenset[Path]) -> Path:
    for number in range(2, _RENAME_LIMIT):
        candidate = path.with_name(f"{path.stem} ({number}){path.suffix}")
        if not _is_taken(candidate, taken):
            return candidate
    raise ConflictError(f"{display_name(path)}: all names up to ({_RENAME_LIMIT}) are taken")


def _case_twin(path: Path) -> Path | None:
    """Return a file next to `path` whose name differs only in case; on FAT, exFAT or a Mac it is the same name."""
    folded = path.name.casefold()
    try:
        with os.scandir(path.parent) as entries:
            twins = (each for each in entries if each.name != path.name and each.name.casefold() == folded)
            return next((Path(each.path) for each in twins), None)
    except OSError:
        return None


def output_bounds(plan: ConversionPlan, threads: int, check: Callable[[], None], random: Random) -> tuple[int, int]:
    """Return the minimum and maximum size of the output in bytes, as far as the space check needs them.

    A size without packing is exact. Otherwise the worst case counts if there is free space for it or the user requested
    it, else an estimate. Raises UselessError if useless titles are to be skipped and the estimate advises that.
    """
    worst = plan.worst_bytes
    if not plan.layout.packs:
        return worst, worst
    has_room = plan.request.strict_space or _needed(worst) <= _free_bytes(plan)
    if has_room and not plan.request.skip_useless:
        return 0, worst
    with open_image(plan.source_path) as image:
        found = estimate(image, plan.settings, random=random, threads=threads, check=check)
    if plan.request.skip_useless and found.advice is Advice.SKIP:
        raise UselessError(f"{display_name(plan.source_path)}: {found.reason}")
    return found.low_bytes, worst if plan.request.strict_space else found.high_bytes


def _free_bytes(plan: ConversionPlan) -> int:
    """Space for the output in bytes: the free space, and the size of its own part."""
    folder = plan.output_path.parent
    try:
        return free_bytes(folder) + _bytes_of_part(plan)
    except OSError as error:
        raise from_os_error(error, folder, "read this folder") from error


def _bytes_of_part(plan: ConversionPlan) -> int:
    """Size of a part left by an earlier run, which is resumed or replaced."""
    try:
        facts = part_path_of(plan.output_path).lstat()
    except OSError:
        return 0
    return getattr(facts, "st_blocks", 0) * 512


def _needed(high_bytes: int) -> int:
    return high_bytes + max(MARGIN_BYTES, high_bytes // 100)


def check_room(plan: ConversionPlan, low_bytes: int, high_bytes: int) -> FileSystem:
    """Check that the output can be written into its folder, which exists; return the file system.

    `low_bytes` and `high_bytes` bound the output's size. Raises StorageError or SpaceError.
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
    needed = _needed(high_bytes)
    if needed > free:
        raise SpaceError(
            f"{shown}: needs {format_size(needed)} of free space (output up to {format_size(high_bytes)}, margin), "
            f"only {format_size(free)} is available",
            hint="free some space (run discpress trash list to see the trash) or choose another folder with -O",
        )
    return file_system


def check_trashes(plan: ConversionPlan) -> None:
    """Check, before hours of work, that the files that a conversion replaces can be moved to a trash.

    Raises TrashError or StorageError; what happens meanwhile may still be in the way.
    """
    if plan.trashes_source:
        _check_trash_in(plan.source_file_path.parent, "convert without moving the original to the trash")
    if plan.request.on_conflict is OnConflict.OVERWRITE and os.path.lexists(plan.output_path):
        _check_trash_in(plan.output_path.parent, "choose another name or folder with -o or -O")


def _check_trash_in(folder: Path, way_out: str) -> None:
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


def ensure_folder(plan: ConversionPlan) -> None:
    """Create the output's folder if the user named it with -O. Raises StorageError if another folder is missing."""
    folder = plan.output_path.parent
    if folder.is_dir():
        return
    if not plan.makes_folder:
        raise StorageError(
            f"{display_name(folder)}: no such folder", hint="create it first, or name it with -O to have it created"
        )
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise from_os_error(error, folder, "create this folder") from error

"""Recovery of work that a killed run had finished, found by the files, not by records."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from discpress.engine.convert.conversion import Conversion, conclude, held_open
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.name import part_path_of
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.journal import CONVERTED, REPAIRED, Journal
from discpress.engine.convert.trash.listing import entries_in, find_homes, is_recorded
from discpress.engine.convert.trash.trash import finish_move, put_back
from discpress.engine.convert.verify import ReadBack
from discpress.engine.errors import from_os_error
from discpress.engine.images.image import Image
from discpress.engine.progress import Control, Progress
from discpress.engine.system.files import FileIdentity, absolute
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.system.locks import is_lock_held
from discpress.engine.system.rename import sync_folder


def conclude_published(
    plan: ConversionPlan,
    *,
    image: Image | None = None,
    threads: int,
    control: Control,
    progress: Progress,
    journal: Journal,
) -> Conversion | None:
    """Finish a conversion that was killed after it had published its result; None if it had not.

    The file with the output's name, or all files of a sheet, count as the result if they decode to exactly the source,
    read now. `image` is the planned source if it is open already.
    """
    started = time.monotonic()
    if not os.path.lexists(plan.output_path):
        return None
    with held_open(plan, image) as source:
        run = ConversionRun(source, plan, threads, control, progress)
        digests = run.digests_if_published()
        if digests is None:
            return None
        try:
            sync_folder(plan.output_path.parent)
            identity = FileIdentity.of(plan.output_path.lstat())
        except OSError as error:
            raise from_os_error(error, plan.output_path, "sync its name to the disk") from error
        journal("published", {**plan.paths, **digests.values})
        return conclude(run, identity, digests, ReadBack.CACHED, None, journal, started)


def find_trashed(file_path: Path) -> TrashEntry | None:
    """Return the trash entry of a source file that a conversion replaced, if the replacement is in place.

    An interrupted move of several files is finished first. Raises the errors of `finish_move`.
    """
    found = entries_in(file_path.parent, is_reading=False)
    entries = [entry for entry in found if isinstance(entry, TrashEntry) and not entry.problem]
    matches = [
        entry
        for entry in entries
        if entry.home_path == file_path and entry.reason in {CONVERTED, REPAIRED} and is_recorded(entry)
    ]
    if not matches:
        return None
    if not matches[-1].is_whole:
        finish_move(matches[-1])
    return matches[-1]


def restore_unpublished(path: Path) -> list[Path]:
    """Put back the files whose repair was killed between the trash and the result; return where they are.

    `path` is such a file, or a folder, which is searched with all below it. The sealed part next to the file, by inode,
    size and time the replacement that the trash records, shows that the repair was killed: a result that was removed
    later leaves none. Raises TrashError or StorageError.
    """
    is_folder = path.is_dir()
    homes: Iterable[Path] = find_homes([path]) if is_folder else [path.parent]
    found = [
        entry for home in homes for entry in _unpublished_in(home) if is_folder or entry.home_path == absolute(path)
    ]
    for entry in found:
        put_back(entry)
    return [entry.home_path for entry in found]


def _unpublished_in(home: Path) -> Iterator[TrashEntry]:
    for entry in list(entries_in(absolute(home), is_reading=False)):
        if isinstance(entry, TrashEntry) and not entry.problem and entry.reason == REPAIRED and entry.is_whole:
            final_path = entry.replacement_path
            if final_path == entry.home_path and not os.path.lexists(final_path) and _is_sealed_part(entry):
                yield entry


def _is_sealed_part(entry: TrashEntry) -> bool:
    """Return whether the sealed part of an entry's replacement is there, and no run is about to publish it."""
    path = part_path_of(entry.replacement_path)
    try:
        facts = path.lstat()
    except OSError:
        return False
    if is_lock_held(path):
        return False
    return entry.replacement.is_recorded(facts, by_inode=filesystem_of(path).has_stable_inodes)

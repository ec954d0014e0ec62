"""Recovery of work that a killed run had finished, found by the files, not by records."""

import os
import time
from pathlib import Path

from discpress.engine.convert.conversion import Conversion, conclude, held_open
from discpress.engine.convert.packing import ConversionRun, ReadBack
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.convert.trash.entry import TrashEntry
from discpress.engine.convert.trash.listing import entries_in, is_recorded
from discpress.engine.convert.trash.trash import finish_move
from discpress.engine.convert.trash.undo import Journal
from discpress.engine.errors import from_os_error
from discpress.engine.images.image import Image
from discpress.engine.progress import Control, Progress
from discpress.engine.system.files import FileIdentity
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

    The file with the output's name counts as the result if it decodes to exactly the source, read now. `image` is the
    planned source if it is open already.
    """
    started = time.monotonic()
    if not os.path.lexists(plan.output_path):
        return None
    with held_open(plan, image) as source:
        run = ConversionRun(source, plan, threads, control, progress)
        digests = run.digests_if_copy(plan.output_path)
        if digests is None:
            return None
        try:
            sync_folder(plan.output_path.parent)
            identity = FileIdentity.of(plan.output_path.lstat())
        except OSError as error:
            raise from_os_error(error, plan.output_path, "sync its name to the disk") from error
        journal("published", {"source": str(plan.source_path), "output": str(plan.output_path), **digests.values})
        return conclude(plan, run, identity, digests, ReadBack.CACHED, None, control, progress, journal, started)


def find_trashed(file_path: Path) -> TrashEntry | None:
    """Return the trash entry of a source file that a conversion replaced, if the replacement is in place.

    An interrupted move of several files is finished first. Raises the errors of `finish_move`.
    """
    found = entries_in(file_path.parent, is_reading=False)
    entries = [entry for entry in found if isinstance(entry, TrashEntry) and not entry.problem]
    matches = [
        entry
        for entry in entries
        if entry.home_path == file_path and entry.reason == "converted" and is_recorded(entry)
    ]
    if not matches:
        return None
    if not matches[-1].is_whole:
        finish_move(matches[-1])
    return matches[-1]

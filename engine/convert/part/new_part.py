"""Creation of the unfinished result of a plan: one file, the files of a sheet, or the parts of one image."""

from collections.abc import Callable, Sequence
from pathlib import Path

from discpress.engine.convert.nintendo.split_files import PART_BYTES
from discpress.engine.convert.packing import ConversionRun
from discpress.engine.convert.part.marker import make_marker
from discpress.engine.convert.part.part import PartFile, PartState
from discpress.engine.convert.part.part_set import PartSet
from discpress.engine.convert.part.split_leftovers import mark_leftovers
from discpress.engine.convert.part.split_part import SplitPart
from discpress.engine.convert.part.written import OutputPart
from discpress.engine.request import OnConflict
from discpress.engine.system.access import Access


def new_output_part(run: ConversionRun, max_file_bytes: int | None, state: PartState | None) -> OutputPart:
    """Create the part of the result, or all parts of one in several files; resume the job's own if that is possible."""
    plan, job = run.plan, run.job
    access = Access.of_all([file.stat() for file in run.source.files])

    def new_part(final_path: Path, is_copy_of_source: Callable[[Path], bool], *, takes_over: bool = False) -> PartFile:
        return PartFile(
            final_path,
            job=job,
            source_path=plan.source_path,
            source=plan.source_identity,
            access=access,
            is_copy_of_source=is_copy_of_source,
            max_file_bytes=max_file_bytes,
            resume=state,
            takes_over=takes_over,
        )

    def make_own_marker(heads: Sequence[bytes]) -> bytes:
        return make_marker(job, plan.source_path, plan.source_identity, heads)

    if plan.part_count:
        mark_leftovers(plan.output_paths, make_own_marker, lambda paths: run.is_copy(*paths))
        return SplitPart(plan.output_paths, PART_BYTES, lambda path: new_part(path, lambda _: False), make_own_marker)
    if (files := plan.files) is None:
        part = new_part(plan.output_path, run.is_copy)
        part.is_resumable = plan.layout.is_resumable
        return part
    replaces = plan.request.on_conflict is OnConflict.OVERWRITE
    return PartSet(plan.output_path, files, new_part, run.has_sectors, replaces=replaces)

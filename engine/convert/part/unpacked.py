"""A source that is unpacked next to its result, for a program that reads plain files by their names only.

It is a part like any other until it is whole, with the name of a benchmark's part. Then it has its real head, and after
a kill the next run knows it by its content: that of the source. It never gets a final name.
"""

from collections.abc import Callable
from pathlib import Path

from discpress.engine.convert.part.name import window_path
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.plan import ConversionPlan
from discpress.engine.system.access import Access


def new_unpacked(plan: ConversionPlan, job: str, access: Access, is_source: Callable[[Path], bool]) -> PartFile:
    """Create the file in the folder of the result; `is_source` returns whether a file has exactly the decoded source.

    Raises PartError as `PartFile` does.
    """
    return PartFile(
        window_path(plan.output_path.parent, plan.source_path),
        job=job,
        source_path=plan.source_path,
        source=plan.source_identity,
        access=access,
        is_copy_of_source=is_source,
    )

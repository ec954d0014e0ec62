"""The unfinished result as the proof reads it, whatever its form."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TypeAlias

from discpress.engine.convert.part.exposed import ExposedPart
from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.part_set import PartSet
from discpress.engine.convert.part.split_part import SplitPart
from discpress.engine.convert.part.stored_chunks import StoredChunks
from discpress.engine.errors import DamagedImageError, ProofError, VerifyError
from discpress.engine.images.image import Image
from discpress.engine.images.layout import Layout, WholeLayout
from discpress.engine.images.sets.source_set import JoinedSource

OutputPart: TypeAlias = PartFile | PartSet | SplitPart
"""The unfinished result: one file, the files of a disc with tracks, or the parts of one image."""


@contextmanager
def open_written(part: OutputPart, layout: Layout, disk_kind: str, name: str) -> Iterator[Image]:
    """Open a part as its layout, not as a detected format, so that it cannot be mistaken.

    `disk_kind` is the type of its file system, `name` that of the result for messages.

    If the block raises VerifyError or DamagedImageError, this raises ProofError: the source is not to blame.
    """
    try:
        with _opened(part, layout, disk_kind, name) as image:
            yield image
    except (VerifyError, DamagedImageError) as error:
        raise ProofError(str(error), hint=error.hint) from error


@contextmanager
def _opened(part: OutputPart, layout: Layout, disk_kind: str, name: str) -> Iterator[Image]:
    """Open a part; what a program wrote and cannot decode raises VerifyError in place of DamagedImageError."""
    if isinstance(part, PartSet):
        yield layout.open(part)
        return
    if isinstance(part, PartFile) and not isinstance(layout, WholeLayout):
        with closing(StoredChunks(part, disk_kind)) as source:
            yield layout.open(source)
        return
    try:
        image = layout.open(JoinedSource(part.expose()) if isinstance(part, SplitPart) else ExposedPart(part))
        try:
            yield image
        except VerifyError as error:
            error.hint = (isinstance(layout, WholeLayout) and layout.difference_hint) or error.hint
            raise
        finally:
            image.close()
    except DamagedImageError as error:
        reason = str(error).rpartition(": cannot be decoded: ")[2]
        raise VerifyError(
            f"{name}: the program that wrote it cannot decode it: {reason}",
            hint="use another format with -f: the source is untouched",
        ) from error

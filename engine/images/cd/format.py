"""The formats of CDs in several files, in the registry.

A conversion of a disc with tracks needs more than blocks of its bytes, so these formats have an advice all the same.
"""

from typing import TYPE_CHECKING

from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.detection import MAX_SHEET_BYTES, has_sheet, is_cue
from discpress.engine.images.recognised import TO_ISO
from discpress.engine.images.source import ByteSource, FileSource, read_bytes
from discpress.engine.images.spec import FormatSpec, Kind

if TYPE_CHECKING:
    from discpress.engine.images.cd.sheet_source import SheetSource
    from discpress.engine.images.image import Image


class SheetSpec(FormatSpec):
    """A text that names the files of a disc."""

    @property
    def is_read(self) -> bool:
        """True: it is read together with the files that it names."""
        return True

    def with_files(self, sheet: FileSource) -> "SheetSource":
        """Open the files that an open sheet names, see `sheet_source.open_files`. StorageError."""
        from discpress.engine.images.cd.sheet_source import open_files

        return open_files(sheet, self.name)

    def open(self, source: ByteSource) -> "Image":
        """Open the disc of a sheet whose files are open, see `FormatSpec`; else raise the reason."""
        from discpress.engine.images.cd.sheet_image import open_sheet
        from discpress.engine.images.cd.sheet_source import SheetSource

        if isinstance(source, SheetSource) and source.problem is not None:
            raise source.problem
        return super().open(source) if len(source.extents) == 1 else open_sheet(source, self.name)


class _Cue(SheetSpec):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return is_cue(head, file_bytes)

    def is_harmless_without(self, source: ByteSource) -> bool:
        """A sheet of music is not an image, and not damaged."""
        return has_sheet(read_bytes(source, 0, MAX_SHEET_BYTES))

    def describe_missing(self, source: ByteSource) -> str:
        return "expected a CUE sheet, with lines that name a file (FILE) and its tracks (TRACK)"


CUE = _Cue(
    ImageFormat.CUE,
    "CUE sheet",
    suffixes=(".cue",),
    advice="keep it next to the raw files that it names, or run chdman createcd to make one CHD of them",
    console_advice=f"{TO_ISO}, then convert the ISO: a console does not load the CHD of a CD",
    kind=Kind.SHEET,
    is_packed=False,
)

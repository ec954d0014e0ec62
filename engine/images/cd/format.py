"""The formats of CDs in several files, and of raw dumps, in the registry."""

from typing import TYPE_CHECKING

from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.sheets.detection import MAX_SHEET_BYTES, has_sheet, is_cue, is_gdi
from discpress.engine.images.recognised import RAW_SECTOR_SIZES, RAW_SYNC
from discpress.engine.images.source import ByteSource, FileSource, read_bytes, shown_name
from discpress.engine.images.spec import FormatSpec, Kind

if TYPE_CHECKING:
    from discpress.engine.images.cd.sheet_source import SheetSource
    from discpress.engine.images.image import Image


class SheetSpec(FormatSpec):
    """A text that names the files of a disc; it is read together with them."""

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
        if len(source.extents) == 1:
            raise UnsupportedImageError(
                f"{shown_name(source)}: a {self.label} is read together with the files that it names",
                hint="name a sheet that is a file of its own, next to those files",
            )
        return open_sheet(source, self.name)


class _Cue(SheetSpec):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return is_cue(head, file_bytes)

    def is_harmless_without(self, source: ByteSource) -> bool:
        """A sheet of music is not an image, and not damaged."""
        return has_sheet(read_bytes(source, 0, MAX_SHEET_BYTES))

    def describe_missing(self, source: ByteSource) -> str:
        return "expected a CUE sheet, with lines that name a file (FILE) and its tracks (TRACK)"


class _Gdi(SheetSpec):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return is_gdi(head, file_bytes)

    def describe_missing(self, source: ByteSource) -> str:
        return "expected a GDI sheet, with a number of tracks and a line for each"


class _RawCd(FormatSpec):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return head.startswith(RAW_SYNC) and any(file_bytes % size == 0 for size in RAW_SECTOR_SIZES)

    def open(self, source: ByteSource) -> "Image":
        from discpress.engine.images.cd.raw_image import open_raw

        return open_raw(source)


RAW_CD = _RawCd(
    ImageFormat.RAW_CD,
    "raw CD dump",
    is_packed=False,
)
GDI = _Gdi(
    ImageFormat.GDI,
    "GDI sheet",
    suffixes=(".gdi",),
    kind=Kind.SHEET,
    is_packed=False,
)
CCD = SheetSpec(
    ImageFormat.CCD,
    "CloneCD sheet",
    (b"[CloneCD]",),
    (".ccd",),
    kind=Kind.SHEET,
    is_packed=False,
)
CUE = _Cue(
    ImageFormat.CUE,
    "CUE sheet",
    suffixes=(".cue",),
    kind=Kind.SHEET,
    is_packed=False,
)
MDS = SheetSpec(
    ImageFormat.MDS,
    "Alcohol MDS",
    (b"MEDIA DESCRIPTOR\x01",),
    (".mds",),
    kind=Kind.SHEET,
    is_packed=False,
)

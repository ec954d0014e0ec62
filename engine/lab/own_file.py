"""The one file that a benchmark measures, and the bytes of its image."""

from pathlib import Path

from discpress.engine.convert.cd.cut import cut
from discpress.engine.errors import UnsupportedImageError
from discpress.engine.images.image import Image
from discpress.engine.images.recognise import detect_format
from discpress.engine.images.registry import spec_of
from discpress.engine.images.source import FileSource
from discpress.engine.images.spec import Kind
from discpress.engine.names import display_name
from discpress.engine.system.files import holder_of


def open_own(path: Path) -> FileSource:
    """Open the file of a title. Raises UnsupportedImageError if the title is in an archive, or in several files."""
    if holder_of(path) != path:
        raise UnsupportedImageError(
            f"{display_name(path)}: is in an archive, which nothing can play, so there is nothing to measure",
            hint="convert it, then measure the result",
        )
    file = FileSource(path)
    try:
        is_sheet = spec_of(detect_format(file)).kind is Kind.SHEET
    except BaseException:
        file.close()
        raise
    if is_sheet:
        file.close()
        raise UnsupportedImageError(
            f"{display_name(path)}: is a sheet, whose files are not measured together",
            hint="measure the file with the data, or convert it and measure the result",
        )
    return file


def measured_bytes(image: Image) -> Image:
    """Return the bytes that are measured: of a raw CD its user data, because a conversion packs that.

    Raises UnsupportedImageError for a CD that cannot be cut.
    """
    return image if image.is_packed else cut(image)

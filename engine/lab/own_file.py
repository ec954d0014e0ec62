"""The files that a benchmark measures, and the bytes of their image."""

from pathlib import Path

from discpress.engine.convert.cd.cut import cut
from discpress.engine.errors import UnsupportedImageError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.sheet_source import SheetSource
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_stored
from discpress.engine.images.source import ByteSource
from discpress.engine.names import display_name


def open_own(path: Path) -> ByteSource:
    """Open the files of a title: its own one, the parts of a split image, or a sheet and the files that it names.

    Raises UnsupportedImageError if the title is in an archive, and the reason why the files cannot be read together.
    """
    source = open_stored(path)
    problem = source.problem if isinstance(source, SheetSource) else None
    if source.member_number:
        problem = UnsupportedImageError(
            f"{display_name(path)}: is in an archive, which nothing can play, so there is nothing to measure",
            hint="convert it, then measure the result",
        )
    if problem is not None:
        source.close()
        raise problem
    return source


def read_bytes_of(image: Image) -> Image:
    """Return the bytes that reads are measured of: those of `measured_bytes`, or all sectors of a CD with sound."""
    try:
        return measured_bytes(image)
    except UnsupportedImageError:
        if isinstance(image, CdImage):
            return image
        raise


def measured_bytes(image: Image) -> Image:
    """Return the bytes that are measured: of a raw CD its user data, because a conversion packs that.

    Raises UnsupportedImageError for a CD that cannot be cut.
    """
    return image if image.is_packed else cut(image)

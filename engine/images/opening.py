"""Opening any readable image by its content."""

from pathlib import Path

from engine.errors import DamagedImageError, UnsupportedImageError
from engine.formats import ImageFormat
from engine.images.archives.contents import is_archive, open_in_archive
from engine.images.dax import DaxImage
from engine.images.indexed import IndexedImage
from engine.images.reader import Image, PlainImage
from engine.images.sniff import FOREIGN, SNIFF_BYTES, sniff
from engine.images.source import ByteSource, FileSource, read_bytes, shown_name
from engine.system.files import holder_of


def open_image(path: Path) -> Image:
    """Open the ISO, ZSO, CSO or DAX at `path`, or in the archive that it leads into: `games.zip/Okami.iso`.

    Of an archive alone the one image in it is opened, under its own path. UsageError where it holds several, or not
    the one that is named; UnsupportedImageError names a format that is recognised and not read, DamagedImageError a
    header that breaks its format's rules, StorageError what the system refused.
    """
    file_path = holder_of(path)
    file = FileSource(file_path)
    try:
        if file_path == path and not is_archive(file):
            return open_source(file)
        source = open_in_archive(file, str(path.relative_to(file_path)) if file_path != path else "")
        source.owns_file = True
        return open_source(source)
    except BaseException:
        file.close()
        raise


def open_source(source: ByteSource) -> Image:
    """Open an image from stored bytes; the errors are those of `open_image`, the source stays the caller's."""
    name = shown_name(source)
    if source.size_bytes == 0:
        raise DamagedImageError(
            f"{name}: the file is empty: a disc image has at least one byte", hint="get the file again"
        )
    image_format = sniff(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes)
    if image_format in FOREIGN:
        foreign = FOREIGN[image_format]
        raise UnsupportedImageError(f"{name}: {foreign.name} cannot be read: {foreign.advice}", hint=foreign.advice)
    if image_format in {ImageFormat.ZSO, ImageFormat.CSO}:
        return IndexedImage(source)
    return DaxImage(source) if image_format is ImageFormat.DAX else PlainImage(source)

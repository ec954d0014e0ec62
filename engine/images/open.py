"""Opening any readable image by its content."""

from pathlib import Path

from discpress.engine.errors import StorageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.archives.contents import images_in, is_archive, open_archive, open_in_archive
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.dax import DaxImage
from discpress.engine.images.detect import FOREIGN
from discpress.engine.images.image import Image, PlainImage
from discpress.engine.images.recognise import recognise
from discpress.engine.images.source import ByteSource, FileSource, shown_name
from discpress.engine.images.zso_cso.image import IndexedImage
from discpress.engine.system.files import holder_of


def open_image(path: Path) -> Image:
    """Open the ISO, ZSO, CSO, DAX or CHD at `path`, or in the archive that it leads into: `games.zip/Okami.iso`.

    Of an archive alone the one image in it is opened, under its own path. UsageError where it holds several, or not
    the one that is named; UnsupportedImageError names a format, or a form of it, that is recognised and not read,
    DamagedImageError a header that breaks its format's rules, or that the file lacks though its name promises it,
    StorageError what the system refused.
    """
    source = open_stored(path)
    try:
        return open_source(source)
    except BaseException:
        source.close()
        raise


def open_stored(path: Path) -> ByteSource:
    """Open the bytes of an image as they are stored: the file at `path`, or the unpacked file in an archive.

    The errors are those of `open_image`, as far as the way to the bytes goes.
    """
    file_path = holder_of(path)
    file = FileSource(file_path)
    try:
        if file_path == path and not is_archive(file):
            return file
        source = open_in_archive(file, "" if file_path == path else str(path.relative_to(file_path)))
    except BaseException:
        file.close()
        raise
    source.owns_file = True
    return source


def is_archive_at(path: Path) -> bool:
    """Return whether the file at a path is an archive; False for what lies in one, and for what cannot be opened."""
    try:
        file = FileSource(path)
    except StorageError:
        return False  # who reads it says why
    try:
        return is_archive(file)
    finally:
        file.close()


def images_at(path: Path) -> list[Path]:
    """Return the paths of the images in the archive at `path`. DamagedImageError, UnsupportedImageError."""
    file = FileSource(path)
    try:
        return [path / member.address for member in images_in(open_archive(file))]
    finally:
        file.close()


def open_source(source: ByteSource) -> Image:
    """Open an image from stored bytes; the errors are those of `open_image`, the source stays the caller's."""
    image_format = recognise(source)
    if image_format in FOREIGN:
        foreign = FOREIGN[image_format]
        name = shown_name(source)
        raise UnsupportedImageError(f"{name}: {foreign.name} cannot be read: {foreign.advice}", hint=foreign.advice)
    if image_format in {ImageFormat.ZSO, ImageFormat.CSO}:
        return IndexedImage(source)
    if image_format is ImageFormat.CHD:
        return ChdImage(source)
    return DaxImage(source) if image_format is ImageFormat.DAX else PlainImage(source)

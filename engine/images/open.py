"""Opening any readable image by its content."""

from pathlib import Path

from discpress.engine.errors import StorageError
from discpress.engine.images.archives.contents import images_and_formats, is_archive, open_archive, open_in_archive
from discpress.engine.images.image import Image
from discpress.engine.images.recognise import recognise
from discpress.engine.images.registry import spec_of
from discpress.engine.images.source import ByteSource, FileSource
from discpress.engine.images.spec import FormatSpec
from discpress.engine.system.files import holder_of


def open_image(path: Path) -> Image:
    """Open the ISO, ZSO, CSO, DAX or CHD at `path`, or in the archive on its way: `games.zip/Okami.iso`.

    The path of an archive opens its only image, under the image's own path. Raises UsageError if the archive contains
    several images or not the named one, UnsupportedImageError for a format, or a form of it, that is recognised but not
    read, DamagedImageError for a header that breaks the format's rules, or that is missing although the name promises
    it, StorageError if the system refuses.
    """
    source = open_stored(path)
    try:
        return open_source(source)
    except BaseException:
        source.close()
        raise


def open_stored(path: Path) -> ByteSource:
    """Open the bytes of an image as they are stored: the file at `path`, or the unpacked file in an archive.

    Raises the errors of `open_image` that do not depend on the image's format.
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
    """Return whether the file at a path is an archive; False for a member of one, and for an unreadable file."""
    try:
        file = FileSource(path)
    except StorageError:
        return False  # the reader reports the reason
    try:
        return is_archive(file)
    finally:
        file.close()


def images_at(path: Path) -> list[Path]:
    """Return the paths of the images in the archive at `path`. Raises DamagedImageError, UnsupportedImageError."""
    return [image for image, _ in formats_at(path)]


def formats_at(path: Path) -> list[tuple[Path, FormatSpec | None]]:
    """Return the images of the archive at `path` with their formats, as far as they can be read; see `images_at`."""
    file = FileSource(path)
    try:
        return [(path / member.address, found) for member, found in images_and_formats(open_archive(file))]
    finally:
        file.close()


def open_source(source: ByteSource) -> Image:
    """Open an image from stored bytes; the caller still owns the source. Raises the errors of `open_image`."""
    return spec_of(recognise(source)).open(source)

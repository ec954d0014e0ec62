"""Opening any readable image by its content."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from discpress.engine.errors import DiscpressError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.format import SheetSpec
from discpress.engine.images.image import Image
from discpress.engine.images.recognise import is_archive, recognise
from discpress.engine.images.registry import detect, spec_of
from discpress.engine.images.sets.sheet_sets import find_sheet_set, is_sheet_name
from discpress.engine.images.sets.split_image import open_split
from discpress.engine.images.source import ByteSource, FileSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES, FormatSpec
from discpress.engine.system.files import holder_of


def open_image(path: Path) -> Image:
    """Open the ISO, ZSO, CSO, DAX or CHD at `path`, or in the archive on its way: `games.zip/Okami.iso`.

    The first part of a split image opens all of it. The path of an archive opens its only image, under the image's own
    path. Raises UsageError if the archive contains several images or not the named one, and for a later part of a split
    image, SplitImageError if a part is missing, UnsupportedImageError for a format, or a form of it, that is recognised
    but not read, DamagedImageError for a header that breaks the format's rules, or that is missing although the name
    promises it, StorageError if the system refuses.
    """
    return open_owned(open_stored(path))


def open_owned(source: ByteSource) -> Image:
    """Open an image that closes its source, which is closed at once if it raises. Raises the errors of `open_image`."""
    try:
        return open_source(source)
    except BaseException:
        source.close()
        raise


def open_stored(path: Path) -> ByteSource:
    """Open the bytes of an image as they are stored: the file, the joined parts, or the unpacked file in an archive.

    Raises the errors of `open_image` that do not depend on the image's format.
    """
    file_path = holder_of(path)
    split = open_split(path) if file_path == path else None
    if split is not None:
        try:
            split.check_whole(path)
        except BaseException:
            split.close()
            raise
        return split
    file = FileSource(file_path)
    try:
        if file_path == path and not is_archive(file):
            return with_files(file)
        return _member_of(file, "" if file_path == path else str(path.relative_to(file_path)))
    except BaseException:
        file.close()
        raise


def with_files(file: FileSource, others: Sequence[str] | None = None) -> ByteSource:
    """Return an open file, if it is a sheet together with the files of its title; it then belongs to the result.

    `others` are the names of those files, if they are known; else the folder is searched for other sheets of the same
    files. The result of a sheet that cannot be read has the reason as its `problem`. StorageError.
    """
    found = detect(read_bytes(file, 0, SNIFF_BYTES), file.size_bytes)
    if not isinstance(found, SheetSpec):
        return file
    source = found.with_files(file)
    if source.problem is None:
        own = {each.path.name for each in source.files}
        names = find_sheet_set(file.path).others if others is None else others
        beside = _open_beside(file.path, [name for name in names if name not in own])
        source.take_along(beside, sum(each.size_bytes for each in beside if not is_sheet_name(each.path.name)))
    return source


def _open_beside(path: Path, names: Sequence[str]) -> list[FileSource]:
    """Open files next to a sheet; those that cannot be opened are left out, because no bytes of the disc need them."""
    files = []
    for name in names:
        with contextlib.suppress(DiscpressError):
            files.append(FileSource(path.with_name(name)))
    return files


def open_only_image(archive: FileSource) -> ByteSource:
    """Open the stored bytes of the only image in an open archive, which they then own; see `open_stored`."""
    return _member_of(archive, "")


def _member_of(archive: FileSource, name: str) -> ByteSource:
    from discpress.engine.images.archives.contents import open_in_archive  # noqa: PLC0415 - 20 ms, for archives only

    source = open_in_archive(archive, name)
    source.owns_file = True
    return source


def formats_in(archive: FileSource) -> list[tuple[Path, FormatSpec | None]]:
    """Return the paths of the images in an open archive with their formats, as far as they can be read.

    Raises DamagedImageError, UnsupportedImageError.
    """
    from discpress.engine.images.archives.contents import images_and_formats, open_archive  # noqa: PLC0415 - as above

    found = images_and_formats(open_archive(archive))
    return [(archive.path / member.address, image_format) for member, image_format in found]


def open_source(source: ByteSource, found: ImageFormat | None = None) -> Image:
    """Open an image from stored bytes; the caller still owns the source. Raises the errors of `open_image`.

    `found` is the format of the bytes if `detect_format` was asked already.
    """
    return spec_of(recognise(source, found)).open(source)

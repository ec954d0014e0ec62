"""Comparison of files with the sectors of an image that they should contain, byte for byte."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.convert.cd.file_set import FileSet, TrackFile
from discpress.engine.errors import StorageError
from discpress.engine.images.image import Image
from discpress.engine.images.source import FileSource, read_bytes


def has_sectors(image: Image, path: Path, stored: TrackFile, check: Callable[[], None]) -> bool:
    """Return whether the file at a path contains exactly the sectors of a file of a set; False if it cannot be read.

    `check` may raise to stop. Raises the errors of reading the image.
    """
    try:
        file = FileSource(path)
    except StorageError:
        return False
    with closing(file):
        if file.size_bytes != stored.size_bytes:
            return False
        for offset in range(0, stored.size_bytes, CHUNK_BYTES):
            check()
            wanted = image.read_at(stored.start + offset, min(CHUNK_BYTES, stored.size_bytes - offset))
            try:
                found = read_bytes(file, offset, len(wanted))
            except StorageError:
                return False
            if found != wanted:
                return False
    return True


def has_sheet(path: Path, files: FileSet) -> bool:
    """Return whether the file at a path is the sheet of a set; False if it cannot be read."""
    try:
        with closing(FileSource(path)) as file:
            return file.size_bytes == len(files.sheet) and read_bytes(file, 0, len(files.sheet)) == files.sheet
    except StorageError:
        return False

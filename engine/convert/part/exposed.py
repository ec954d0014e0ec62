"""A part that another program reads for the verification: its real head is in the file, not only in memory."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from discpress.engine.convert.part.part import PartFile
from discpress.engine.convert.part.part_set import PartSet
from discpress.engine.convert.part.stored_chunks import StoredChunks
from discpress.engine.errors import DamagedImageError, VerifyError, from_os_error
from discpress.engine.images.image import Image
from discpress.engine.images.layout import Layout, WholeLayout
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Writable, write_all


class ExposedPart(ByteSource):
    """A part as a source with a descriptor. Closing it leaves the part open."""

    def __init__(self, part: PartFile) -> None:
        """Write the real head over the marker, and sync. StorageError, SpaceError.

        After a kill before the part has its name, the leftover is known by its content: it is a packed copy of the
        source.
        """
        self.path = part.path
        self.size_bytes = part.size_bytes
        self._part = part
        try:
            write_all(part.fd, memoryview(part.head)[: part.size_bytes], 0)
            os.ftruncate(part.fd, part.size_bytes)
        except OSError as error:
            raise from_os_error(error, part.path, "finish it") from error
        part.sync()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptor of the part."""
        return (self._part.fd,)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer`, see `ByteSource`."""
        return self._part.read_into(buffer, offset)

    def close(self) -> None:
        """Do nothing, because the part is closed by its owner."""


@contextmanager
def open_written(part: PartFile | PartSet, layout: Layout, disk_kind: str, name: str) -> Iterator[Image]:
    """Open a part as its layout, not as a detected format, so that it cannot be mistaken.

    `disk_kind` is the type of its file system, `name` that of the result for messages.

    What a program wrote and cannot decode raises VerifyError in place of DamagedImageError.
    """
    if not isinstance(part, PartFile):
        yield layout.open(part)
        return
    if not isinstance(layout, WholeLayout):
        with closing(StoredChunks(part, disk_kind)) as source:
            yield layout.open(source)
        return
    try:
        image = layout.open(ExposedPart(part))
        try:
            yield image
        finally:
            image.close()
    except DamagedImageError as error:
        reason = str(error).rpartition(": cannot be decoded: ")[2]
        raise VerifyError(
            f"{name}: the program that wrote it cannot decode it: {reason}",
            hint="use another format with -f: the source is untouched",
        ) from error

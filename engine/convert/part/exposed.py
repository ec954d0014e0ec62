"""A part that another program reads for the verification: its real head is in the file, not only in memory."""

from discpress.engine.convert.part.part import PartFile
from discpress.engine.errors import from_os_error
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Writable, set_size, write_all


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
            set_size(part.fd, part.size_bytes)
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

"""An archive as a file object for zipfile and py7zr, with a limit for the size of one read."""

from discpress.engine.images.seekable import SeekableFile
from discpress.engine.images.source import ByteSource


class TooLargeError(ValueError):
    """A read above the limit: the archive's header is wrong, or its table of contents is enormous."""


class BoundedFile(SeekableFile):
    """Reads an open source, which the caller closes. StorageError if the disk fails."""

    def __init__(self, source: ByteSource, max_read_bytes: int) -> None:
        super().__init__(source.read_into, source.size_bytes)
        self._max_read_bytes = max_read_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next `size` bytes, fewer only at the end; TooLargeError before anything is allocated."""
        left = max(0, self._size_bytes - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > self._max_read_bytes:
            raise TooLargeError(f"expected a read of at most {self._max_read_bytes} bytes, got {wanted}")
        buffer = bytearray(wanted)
        count = self.readinto(buffer)
        return bytes(buffer[:count])

"""An archive as the file object that zipfile and py7zr want, with a limit to what one read may ask for."""

import io
from typing import TYPE_CHECKING

from engine.images.source import ByteSource

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class TooLargeError(ValueError):
    """A read of more than was allowed: the archive's header lies, or its table of contents is enormous."""


class BoundedFile(io.RawIOBase):
    """Reads an open source; the source is the caller's to close. StorageError when the disk fails."""

    def __init__(self, source: ByteSource, max_read_bytes: int) -> None:
        super().__init__()
        self._source = source
        self._max_read_bytes = max_read_bytes
        self._position = 0

    def readable(self) -> bool:
        """Return whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Return whether it can be read anywhere: always."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set where the next read begins, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size_bytes}[whence]
        if start + offset < 0:
            raise ValueError(f"there is nothing at offset {start + offset}")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next `size` bytes, fewer only at the end; TooLargeError before anything is allocated."""
        left = max(0, self._source.size_bytes - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > self._max_read_bytes:
            raise TooLargeError(f"{wanted} bytes at once, {self._max_read_bytes} are allowed")
        buffer = bytearray(wanted)
        count = self.readinto(buffer)
        return bytes(buffer[:count])

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer, and return how many bytes there were."""
        count = self._source.read_into(memoryview(buffer).cast("B"), self._position)
        self._position += count
        return count

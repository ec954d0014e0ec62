"""A file object over a function that reads bytes at any offset."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from discpress.engine.system.files import Writable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class SeekableFile(io.RawIOBase):
    """Reads with a function such as `Image.read_into`; the caller closes the source of that function."""

    def __init__(self, read_into: Callable[[Writable, int], int], size_bytes: int) -> None:
        """Take a function that fills a buffer from an offset on and returns the number of bytes read."""
        super().__init__()
        self._read_into = read_into
        self._size_bytes = size_bytes
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True, because any offset can be read."""
        return True

    def tell(self) -> int:
        """Return the offset of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the offset of the next read, and return it; reads after the end return nothing."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        if start + offset < 0:
            raise ValueError(f"cannot seek to {start + offset}, before the start")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer, and return the number of bytes read."""
        view = memoryview(buffer).cast("B")[: max(0, self._size_bytes - self._position)]
        count = self._read_into(view, self._position)
        self._position += count
        return count

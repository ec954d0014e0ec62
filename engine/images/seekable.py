"""Bytes that can be read anywhere, as a file object."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.system.files import Writable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class SeekableFile(io.RawIOBase):
    """Reads by a function such as `Image.read_into`; what that reads from is the caller's to close."""

    def __init__(self, read_into: Callable[[Writable, int], int], size_bytes: int) -> None:
        """`read_into` fills a buffer from an offset on and returns how many bytes there were."""
        super().__init__()
        self._read_into = read_into
        self._size_bytes = size_bytes
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
        """Set where the next read begins, and return it; beyond the end there is nothing to read."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        if start + offset < 0:
            raise ValueError(f"cannot seek to {start + offset}, before the start")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer, and return how many bytes there were."""
        view = memoryview(buffer).cast("B")[: max(0, self._size_bytes - self._position)]
        count = self._read_into(view, self._position)
        self._position += count
        return count

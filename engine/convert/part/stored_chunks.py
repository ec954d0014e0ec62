"""The part as the proof reads it: the stored bytes of a chunk with one call, past the page cache if that is possible.

The page cache costs up to eight times the processor time of a direct read: memory has to be found for pages that nobody
reads again. Direct reads of less than 256 KiB are slower than the cache.
"""

import os
import threading

from discpress.engine.convert.part.marker import HEAD_BYTES
from discpress.engine.convert.part.part import PartFile
from discpress.engine.errors import from_os_error
from discpress.engine.images.source import ByteSource
from discpress.engine.system.cache import DIRECT_ALIGNMENT, open_direct
from discpress.engine.system.files import Writable, is_refused


class StoredChunks(ByteSource):
    """A part whose bytes any thread may fetch in advance, into a buffer of its own."""

    def __init__(self, part: PartFile, kind: str) -> None:
        """Take an open part, which its caller closes; `kind` is the type of its file system."""
        self.path = part.path
        self.size_bytes = part.size_bytes
        self._part = part
        self._fd = open_direct(part.fd, kind)
        self._is_refused = False
        self._local = threading.local()

    def fetch(self, buffer: memoryview, start: int, end: int) -> None:
        """Read the stored bytes from `start` to `end` into a mapped buffer; this thread takes them from there.

        Does nothing if direct reads are not possible, or if they do not fit. Raises StorageError if the disk fails.
        """
        self._local.held = (0, memoryview(b""))
        first = start - start % DIRECT_ALIGNMENT
        length = end + -end % DIRECT_ALIGNMENT - first
        if self._fd < 0 or self._is_refused or first < HEAD_BYTES or not start < end or length > len(buffer):
            return
        try:
            count = os.preadv(self._fd, [buffer[:length]], first)
        except OSError as error:
            if not is_refused(error):
                raise from_os_error(error, self.path, f"read it back at byte {start}") from error
            self._is_refused = True  # other threads may be reading: the file stays open until all are done
            return
        self._local.held = (first, buffer[:count])

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes of the image, see `ByteSource`."""
        first, held = getattr(self._local, "held", (0, memoryview(b"")))
        if first <= offset and offset + length <= min(first + len(held), self.size_bytes):
            return bytes(held[offset - first : offset - first + length])
        return self._part.read_at(offset, length)

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` with bytes of the image."""
        first, held = getattr(self._local, "held", (0, memoryview(b"")))
        if first <= offset and offset + len(buffer) <= min(first + len(held), self.size_bytes):
            memoryview(buffer)[:] = held[offset - first : offset - first + len(buffer)]
            return len(buffer)
        return self._part.read_into(buffer, offset)

    def close(self) -> None:
        """Close what was opened here; the part stays open."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

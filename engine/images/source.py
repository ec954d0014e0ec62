"""Sources of an image's stored bytes: an open file or memory, read at any offset by any thread."""

import contextlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path

from discpress.engine.errors import DamagedImageError, SourceChangedError, VerifyError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.cache import drop_cached
from discpress.engine.system.files import FileIdentity, Writable, open_regular, read_at, read_into
from discpress.engine.units import KIB

_HEAD_BYTES = 48 * KIB
"""The first 24 sectors: the descriptors, and on most UMDs the root directory."""
_NEAR_BYTES = 16 * KIB
"""It takes a disk or a share hardly more time than one sector."""


class ByteSource(ABC):
    """Stored bytes with a size and a name for messages."""

    path: Path
    size_bytes: int
    is_sequential: bool = False
    """Whether reading backwards, or far ahead, means unpacking everything on the way."""
    way_bytes: int = 0
    """Bytes unpacked and discarded each time before its first byte."""

    @abstractmethod
    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` from `offset` on; fewer bytes only at the end. StorageError if the disk fails."""

    def read_at(self, offset: int, length: int) -> bytes:
        """Return up to `length` bytes, never more than the source has; safe for lengths read from a file."""
        available = max(0, min(length, self.size_bytes - offset))
        buffer = bytearray(available)
        return bytes(buffer[: self.read_into(buffer, offset)]) if available else b""

    @abstractmethod
    def close(self) -> None:
        """Close the source; no reads may follow."""

    @property
    def holder(self) -> "ByteSource":
        """The source on the disk: this one, or the archive that contains it."""
        return self

    @property
    def files(self) -> "tuple[FileSource, ...]":
        """The open files that its bytes come from, the main one first; none for bytes in memory."""
        return ()

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptors of open files whose bytes, one after the other, are its own; none if there are no such."""
        return ()

    @property
    def extents(self) -> "tuple[tuple[Path, int], ...]":
        """The files of a disc that its bytes are joined from, with their sizes: a sheet, then those that it names.

        Only itself for all other sources, a split image included.
        """
        return ((self.path, self.size_bytes),)

    @property
    def whole_name(self) -> str:
        """The name of the image for titles and results: the file's name, without the mark of a part."""
        return self.path.name

    @property
    def member_number(self) -> int:
        """Its number in an archive, from 1; 0 if it is not in one."""
        return 0

    @property
    def held_bytes(self) -> int:
        """The bytes that it takes on the disk, in its file or in its archive."""
        return self.size_bytes

    @property
    def has_checksum(self) -> bool:
        """Whether an archive has a checksum of its bytes."""
        return False

    def check_crc32(self, crc32: int) -> None:  # noqa: B027
        """Compare the crc32 of all bytes with the one in the archive. DamagedImageError if they differ."""

    def check_stored(self, check: Callable[[], None]) -> None:  # noqa: B027
        """Read all bytes to check them, if they are in an archive; `check` may raise to stop. DamagedImageError."""

    def let_go(self) -> None:  # noqa: B027
        """Free the memory that makes further reading fast, because nothing more is read for now."""

    def evict(self, offset: int, length: int) -> None:  # noqa: B027
        """Drop bytes from the system's cache, as far as it allows."""


def read_open_file(fd: int, path: Path, offset: int, length: int, act: str) -> bytes:
    """Return up to `length` bytes of an open file, in half the time of a read into a buffer of zeros that is copied.

    StorageError, whose text contains `act`, if the disk fails.
    """
    try:
        return read_at(fd, offset, length) if length > 0 else b""
    except OSError as error:
        raise from_os_error(error, path, f"{act} at byte {offset}") from error


class FileSource(ByteSource):
    """A regular file, open from the first check to the last read, so that it stays the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd, self.opened_stat = open_regular(path)
        self.size_bytes = self.opened_stat.st_size

    @property
    def opened_as(self) -> FileIdentity:
        """The identity of the file when it was opened."""
        return FileIdentity.of(self.opened_stat)

    @property
    def is_open(self) -> bool:
        """Whether it was not closed yet."""
        return self.fd >= 0

    @property
    def files(self) -> "tuple[FileSource, ...]":
        """The file itself."""
        return (self,)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptor of the file."""
        return (self.fd,)

    def stat(self) -> os.stat_result:
        """Return the current stat of the open file."""
        try:
            return os.fstat(self.fd)
        except OSError as error:
            raise from_os_error(error, self.path, "look at it") from error

    def identity(self) -> FileIdentity:
        """Return the current identity of the open file."""
        return FileIdentity.of(self.stat())

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer`, see `ByteSource`."""
        try:
            return read_into(self.fd, buffer, offset)
        except OSError as error:
            raise from_os_error(error, self.path, f"read it at byte {offset}") from error

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes, see `ByteSource`."""
        return read_open_file(self.fd, self.path, offset, min(length, self.size_bytes - offset), "read it")

    def evict(self, offset: int, length: int) -> None:
        """Drop bytes from the system's cache, see `ByteSource`."""
        drop_cached(self.fd, offset, length)

    def close(self) -> None:
        """Close the file; safe to call again."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


@contextlib.contextmanager
def unchanged(source: ByteSource) -> Iterator[None]:
    """Raise SourceChangedError after the block, or in place of damage found in it, if a file was written meanwhile.

    A file that is cut or still being copied looks damaged.
    """
    try:
        yield
    except (DamagedImageError, VerifyError) as error:
        _check_unchanged(source, error)
        raise
    _check_unchanged(source)


def _check_unchanged(source: ByteSource, error: Exception | None = None) -> None:
    for file in source.files:
        now, opened = file.stat(), file.opened_stat
        if (now.st_size, now.st_mtime_ns) != (opened.st_size, opened.st_mtime_ns):
            raise SourceChangedError(
                f"{display_name(file.path)}: was changed while it was read",
                hint="repeat it when no program writes to the file",
            ) from error


class ScannedFile(FileSource):
    """A file of which a scan reads a few small pieces: its beginning, and what is near the last piece, stay in memory.

    Header, index and sector 16 of nearly every image come with the first read, which saves a share the round trips.
    Nothing is read before `opened_stat` is taken, so that the content is never older than that.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._head: bytes | None = None
        self._near = (0, b"")
        """The offset and the bytes of the last piece."""

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer`, see `ByteSource`."""
        if len(buffer) > _NEAR_BYTES:
            return super().read_into(buffer, offset)
        piece = self.read_at(offset, len(buffer))
        memoryview(buffer)[: len(piece)] = piece
        return len(piece)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes, see `ByteSource`."""
        if offset < 0 or length > _NEAR_BYTES:
            return super().read_at(offset, length)
        if offset + length <= _HEAD_BYTES:
            if self._head is None:
                self._head = self._fetch(0, _HEAD_BYTES)
            return self._head[offset : offset + length] if length > 0 else b""
        start, held = self._near
        if not start <= offset <= offset + length <= start + len(held):
            start, held = self._near = offset, self._fetch(offset, _NEAR_BYTES)
        return held[offset - start : offset - start + length]

    def _fetch(self, offset: int, length: int) -> bytes:
        return super().read_at(offset, length)


class MemorySource(ByteSource):
    """Stored bytes in memory, under a path for messages."""

    def __init__(self, path: Path, data: bytes | bytearray) -> None:
        self.path = path
        self.size_bytes = len(data)
        self._data = data

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer`, see `ByteSource`."""
        piece = memoryview(self._data)[offset : offset + len(buffer)]
        memoryview(buffer)[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Do nothing, because no file is open."""


def read_bytes(source: ByteSource, offset: int, length: int) -> bytes:
    """Return up to `length` stored bytes, see `ByteSource.read_at`."""
    return source.read_at(offset, length)


def shown_name(source: ByteSource) -> str:
    """Return the file's name for messages."""
    return display_name(source.path)

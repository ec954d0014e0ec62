"""Sources of an image's stored bytes: an open file or memory, read at any offset by any thread."""

import os
from pathlib import Path
from typing import Protocol

from discpress.engine.errors import from_os_error
from discpress.engine.names import display_name
from discpress.engine.system.files import FileIdentity, Writable, open_regular, read_into


class ByteSource(Protocol):
    """Stored bytes with a size and a name for messages."""

    path: Path
    size_bytes: int

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` from `offset` on; fewer bytes only at the end. StorageError if the disk fails."""

    def close(self) -> None:
        """Close the source; no reads may follow."""


class FileSource:
    """A regular file, open from the first check to the last read, so that it stays the same file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd, facts = open_regular(path)
        self.size_bytes = facts.st_size

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

    def close(self) -> None:
        """Close the file; safe to call again."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class MemorySource:
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
    """Return up to `length` stored bytes, never more than the source has; safe for lengths read from a file."""
    available = max(0, min(length, source.size_bytes - offset))
    buffer = bytearray(available)
    return bytes(buffer[: source.read_into(buffer, offset)]) if available else b""


def shown_name(source: ByteSource) -> str:
    """Return the file's name for messages."""
    return display_name(source.path)

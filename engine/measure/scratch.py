"""The temporary file of a benchmark, on the tested disk."""

from pathlib import Path
from typing import Protocol

from discpress.engine.system.files import Readable, Writable


class Scratch(Protocol):
    """A temporary file for one image after another: an `Output`, a `ByteSource` and a `Cache`."""

    path: Path
    size_bytes: int

    def write_at(self, offset: int, data: Readable) -> None:
        """Write all of `data`; SpaceError if the disk is full, StorageError if it fails."""

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` from `offset` on; fewer bytes only at the end."""

    def sync(self) -> None:
        """Write all of it to the disk; only then can it be dropped from memory."""

    def forget(self) -> None:
        """Drop it from memory."""

    def resident(self, offset: int, length: int) -> int | None:
        """Return how many pages of these bytes are in memory; None if the system cannot tell."""

    def start_again(self) -> None:
        """Empty it, for the next image."""

    def close(self) -> None:
        """Remove it."""

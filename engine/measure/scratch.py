"""What a test writes into and reads back from: a temporary file of its own on the disk that is tested."""

from pathlib import Path
from typing import Protocol

from engine.system.files import Readable, Writable


class Scratch(Protocol):
    """A temporary file, used for one image after the other: an `Output`, a `ByteSource` and a `Cache`."""

    path: Path
    size_bytes: int

    def write_at(self, offset: int, data: Readable) -> None:
        """Write all of `data`; SpaceError where it does not fit, StorageError when the disk fails."""

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` from `offset` on; fewer bytes only at the end."""

    def sync(self) -> None:
        """Make all of it last; only then it can be dropped from memory."""

    def forget(self) -> None:
        """Drop it from memory."""

    def resident(self, offset: int, length: int) -> int | None:
        """Return how many pages of these bytes are in memory; None where the system does not tell."""

    def start_again(self) -> None:
        """Empty it, for the next image."""

    def close(self) -> None:
        """Remove it."""

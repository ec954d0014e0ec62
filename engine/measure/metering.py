"""A source that measures the storage cost of each read of an image, and whether its bytes were in memory."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.system.cache import drop_cached, resident_range
from discpress.engine.system.files import Writable
from discpress.engine.units import MIB

MAX_HELD_BYTES = 64 * MIB
"""The index of a 32 GiB disc with blocks of 2 KiB; a larger one is read from the storage block by block."""


class Cache(Protocol):
    """The part of a file that the system keeps in memory."""

    def forget(self) -> None:
        """Drop it, as far as the system allows."""

    def resident(self, offset: int, length: int) -> int | None:
        """Return how many pages of these bytes are in memory; None if the system cannot tell."""


class FilesCache:
    """The page cache of the open files that the bytes of a source come from, one after the other."""

    def __init__(self, source: ByteSource) -> None:
        self._files = source.files

    def forget(self) -> None:
        """Drop it, see `Cache`."""
        for file in self._files:
            drop_cached(file.fd)

    def resident(self, offset: int, length: int) -> int | None:
        """Count the pages, see `Cache`."""
        pages, start = 0, 0
        for file in self._files:
            first, last = max(offset, start), min(offset + length, start + file.size_bytes)
            if first < last:
                found = resident_range(file.fd, first - start, last - first)
                if found is None:
                    return None
                pages += found
            start += file.size_bytes
        return pages


@dataclass(slots=True)
class Costs:
    """The cost of one read, or of several."""

    index_s: float = 0.0
    """Looking up the places of blocks."""
    storage_s: float = 0.0
    """Waiting for stored bytes."""
    checking_s: float = 0.0
    """Checking the cache; not part of the read."""
    requests: int = 0
    """Reads of the file."""
    stored_bytes: int = 0
    """Bytes requested by these reads."""

    def add(self, other: "Costs") -> None:
        """Add the counts of another one."""
        self.index_s += other.index_s
        self.storage_s += other.storage_s
        self.checking_s += other.checking_s
        self.requests += other.requests
        self.stored_bytes += other.stored_bytes


class Meter(ByteSource):
    """A `ByteSource` over another one; for one reading thread.

    After `hold` the index is kept in memory, as PCSX2 and PPSSPP keep it.
    """

    def __init__(self, source: ByteSource, cache: Cache, clock: Callable[[], float] = time.perf_counter) -> None:
        self.path = source.path
        self.size_bytes = source.size_bytes
        self.costs = Costs()
        """The cost of all reads since it was last replaced."""
        self.checked_runs = 0
        """Runs whose first bytes were checked."""
        self.cold_runs = 0
        """Checked runs without any page in memory."""
        self._source = source
        self._cache = cache
        self._clock = clock
        self._held = b""
        self._held_from = 0
        self._is_to_check = False

    @property
    def extents(self) -> tuple[tuple[Path, int], ...]:
        """The files of a disc, see `ByteSource`."""
        return self._source.extents

    def hold(self, offset: int, length: int) -> None:
        """Read the bytes of the index and keep them in memory."""
        if length <= MAX_HELD_BYTES:
            self._held_from, self._held = offset, read_bytes(self._source, offset, length)

    def begin_run(self) -> None:
        """Drop the file from memory; the next storage read first checks that its bytes are not in memory."""
        self._cache.forget()
        self._is_to_check = True

    @property
    def is_cold(self) -> bool:
        """Whether the system confirmed for every run that none of its first bytes were in memory."""
        return self.cold_runs == self.checked_runs > 0

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read and measure the time, see `ByteSource`."""
        started = self._clock()
        start = offset - self._held_from
        end = start + len(buffer)
        if start >= 0 and end <= len(self._held):
            memoryview(buffer)[:] = self._held[start:end]
            self.costs.index_s += self._clock() - started
            return len(buffer)
        if self._is_to_check:
            self._check(offset, len(buffer))
            now = self._clock()
            self.costs.checking_s += now - started
            started = now
        count = self._source.read_into(buffer, offset)
        self.costs.storage_s += self._clock() - started
        self.costs.requests += 1
        self.costs.stored_bytes += len(buffer)
        return count

    def _check(self, offset: int, length: int) -> None:
        self._is_to_check = False
        resident = self._cache.resident(offset, length)
        if resident:  # pages being added at that moment survive the first drop
            self._cache.forget()
            resident = self._cache.resident(offset, length)
        self.checked_runs += 1
        self.cold_runs += resident == 0

    def close(self) -> None:
        """Close the source."""
        self._source.close()


def hold_index(image: Image, meter: Meter) -> None:
    """Keep the block index of an image in memory; the image was opened over `meter`."""
    meter.hold(*image.index_extent)
    image.load_index()

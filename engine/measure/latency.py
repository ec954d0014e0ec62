"""Predicts the seek latency from a sample: one random read of a sector, from the request to its last byte.

    storage access + stored bytes of a block at the storage's rate + decoding of a block

The prediction uses a few reads. It leaves out caches, read-ahead and other programs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from mmap import PAGESIZE
from random import Random
from time import perf_counter

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.source import ByteSource
from discpress.engine.units import KIB

_SMALL_BYTES, _LARGE_BYTES = SECTOR_SIZE, 64 * KIB
"""Two sizes, to separate the access time from the time for the bytes."""
_READS = 12
"""Of each size: a quarter of a second on a disk with 10 ms a seek."""


@dataclass(frozen=True, slots=True)
class Access:
    """The cost of one read at a random place of a file."""

    fixed_s: float
    """Seconds of each read, whatever its size."""
    s_per_byte: float
    """Seconds for each byte in addition."""

    def seconds(self, length: float) -> float:
        """Return the seconds of a read of this length."""
        return self.fixed_s + self.s_per_byte * length


def time_access(
    source: ByteSource, random: Random, check: Callable[[], None], clock: Callable[[], float] = perf_counter
) -> Access:
    """Measure reads at a few random places of the stored bytes, dropped from the cache before if the system can.

    `check` may raise to stop, `clock` returns seconds. StorageError from the disk.
    """
    small_s = _median_s(source, _SMALL_BYTES, random, check, clock)
    large_s = _median_s(source, _LARGE_BYTES, random, check, clock)
    s_per_byte = max(0.0, (large_s - small_s) / (_LARGE_BYTES - _SMALL_BYTES))
    return Access(max(0.0, small_s - s_per_byte * _SMALL_BYTES), s_per_byte)


def seek_us(access: Access, block_size: int, ratio: float, decode_s_per_byte: float) -> float:
    """Return the microseconds of reading one random sector; `ratio` is packed over original.

    Blocks are whole sectors, so one block is read and decoded.
    """
    return 1e6 * (access.seconds(ratio * block_size) + decode_s_per_byte * block_size)


def _median_s(
    source: ByteSource, length: int, random: Random, check: Callable[[], None], clock: Callable[[], float]
) -> float:
    length = min(length, source.size_bytes)
    buffer = memoryview(bytearray(length))
    last = source.size_bytes - length
    times = []
    for number in range(_READS):
        check()
        # One in each twelfth of the file, because random places alone might all be near the disk's head.
        offset = int((number + random.random()) / _READS * last) // SECTOR_SIZE * SECTOR_SIZE
        source.evict(offset - offset % PAGESIZE, length + PAGESIZE)
        started = clock()
        source.read_into(buffer, offset)
        times.append(clock() - started)
    from statistics import median  # noqa: PLC0415 - it brings decimals and fractions along, which no other command needs

    return median(times)

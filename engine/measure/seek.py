"""Seek latency: the time of random reads through the reader, divided into its parts.

Image over Meter over a file --runs of a pattern--> latencies --percentiles--> SeekFigures
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from discpress.engine.images.image import Image
from discpress.engine.measure.choices import DURATION_S, Pattern
from discpress.engine.measure.metering import Costs, Meter
from discpress.engine.measure.patterns import Area, Run, runs
from discpress.engine.measure.percentiles import count_octaves, nearest_rank

LEAST_READS = 100
"""Fewest reads, even on slow storage, because p99 of fewer is their maximum."""
MOST_READS = 100_000
"""Sorting as many takes 30 ms, and more reads do not change a percentile."""

Watch: TypeAlias = Callable[[Sequence[float], int], None]
"""Takes the latencies so far, in microseconds, and the bytes of the image read so far."""


@dataclass(frozen=True, slots=True)
class SeekFigures:
    """The times of one pattern's reads; means are per read."""

    pattern: Pattern
    """The pattern of the reads."""
    is_cold: bool
    """Whether the system confirmed at every jump that nothing was in memory."""
    reads: int
    """Number of reads."""
    p50_us: float
    """Half of the reads took no longer."""
    p95_us: float
    """95 of 100 took no longer."""
    p99_us: float
    """99 of 100 took no longer."""
    max_us: float
    """The longest."""
    mean_us: float
    """The mean; its parts are the next three."""
    index_us: float
    """Looking up the blocks, in an index kept in memory."""
    storage_us: float
    """Waiting for stored bytes."""
    decoding_us: float
    """The rest: decoding, and the reader's own work."""
    jumps: float
    """Jumps to another place per read: 1 if every read jumps, less if runs are longer."""
    requests: float
    """Reads of the file."""
    wanted_bytes: float
    """Bytes requested from the image."""
    stored_bytes: float
    """Bytes requested from the file."""
    octaves: tuple[tuple[int, int], ...]
    """(k, number of reads that took from 2^k up to 2^(k+1) microseconds)."""

    @property
    def reads_per_s(self) -> float:
        """Reads a second without a pause between them."""
        return 1e6 / self.mean_us if self.mean_us else 0.0

    @property
    def bytes_read_per_byte(self) -> float:
        """Stored bytes read for each requested byte: below 1 packing helps, above 1 blocks are larger than reads."""
        return self.stored_bytes / self.wanted_bytes


def measure_seeks(
    image: Image,
    meter: Meter,
    pattern: Pattern,
    area: Area,
    *,
    random: Random,
    offset: int = 0,
    duration_s: float = DURATION_S,
    is_warm: bool = False,
    clock: Callable[[], float] = time.perf_counter,
    watch: Watch = lambda latencies_us, wanted_bytes: None,
) -> SeekFigures:
    """Read in a pattern for `duration_s`, but at least LEAST_READS and at most MOST_READS times.

    `area` begins at byte `offset` of the image, which was opened over `meter`. Unless `is_warm`, caches are dropped
    before each jump, outside of the measured time. `watch` is called between runs with all latencies and bytes so far
    and may raise to stop the benchmark. DamagedImageError and StorageError from reading.
    """
    latencies_us: list[float] = []
    total = Costs()
    wanted_bytes = jumps = 0
    until = clock() + duration_s
    for run in _until(runs(pattern, area, random), lambda: _is_over(len(latencies_us), until, clock)):
        watch(latencies_us, wanted_bytes)
        jumps += 1
        if not is_warm:
            meter.begin_run()
        for span in run:
            buffer = bytearray(span.length)
            meter.costs = Costs()
            started = clock()
            image.read_into(buffer, offset + span.offset)
            latencies_us.append((clock() - started - meter.costs.checking_s) * 1e6)
            total.add(meter.costs)
            wanted_bytes += span.length
    watch(latencies_us, wanted_bytes)
    return summarize(pattern, latencies_us, total, wanted_bytes, jumps, is_cold=not is_warm and meter.is_cold)


def _is_over(reads: int, until: float, clock: Callable[[], float]) -> bool:
    return reads >= MOST_READS or (reads >= LEAST_READS and clock() >= until)


def _until(endless: Iterator[Run], is_over: Callable[[], bool]) -> Iterator[Run]:
    while not is_over():
        yield next(endless)


def summarize(
    pattern: Pattern, latencies_us: list[float], costs: Costs, wanted_bytes: int, jumps: int, *, is_cold: bool
) -> SeekFigures:
    """Return the figures of at least one latency and the costs of all of them."""
    ordered = sorted(latencies_us)
    reads = len(ordered)
    mean_us = sum(ordered) / reads
    index_us, storage_us = costs.index_s * 1e6 / reads, costs.storage_s * 1e6 / reads
    return SeekFigures(
        pattern,
        is_cold,
        reads,
        nearest_rank(ordered, 50),
        nearest_rank(ordered, 95),
        nearest_rank(ordered, 99),
        ordered[-1],
        mean_us,
        index_us,
        storage_us,
        max(0.0, mean_us - index_us - storage_us),
        jumps / reads,
        costs.requests / reads,
        wanted_bytes / reads,
        costs.stored_bytes / reads,
        tuple(count_octaves(ordered).items()),
    )

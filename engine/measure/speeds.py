"""The speeds of this machine for a share and a way to pack, measured on a sample of one title."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from discpress.engine.formats import Settings
from discpress.engine.images.image import Image
from discpress.engine.measure.metering import Cache
from discpress.engine.measure.placement import Speeds
from discpress.engine.measure.rehearsal import MemoryOutput, Trial
from discpress.engine.measure.sample import Span
from discpress.engine.measure.throughput import read_sample
from discpress.engine.measure.windows import PackedChunk, chunks_of, pack_chunk, read_chunk
from discpress.engine.units import MIB

SAMPLE_BYTES = 16 * MIB
"""Read from the share: at gigabit 150 ms."""
PACK_S = 1.0
"""Packing ends after the batch in which so much time has passed: lzma takes 2 s for 4 MiB."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The speeds of a machine, and the part of a title that remained."""

    speeds: Speeds
    """Its speeds."""
    packed_share: float
    """Packed bytes for each byte of the disc, in the sample."""


def measure_speeds(
    image: Image,
    settings: Settings,
    cache: Cache,
    machine: str,
    *,
    threads: int,
    random: Random,
    clock: Callable[[], float] = time.perf_counter,
    check: Callable[[], None] = lambda: None,
) -> Measured:
    """Read 16 MiB of an image past the page cache, then pack and decode as much of it as a second allows.

    Nothing is written: writing to a share counts as reading from it. `check` is called between batches and may raise
    to stop. UsageError for a format that is not written with blocks; DamagedImageError and StorageError from reading.
    """
    trial = Trial.of(image, settings)
    sample = read_sample(
        image,
        cache,
        random=random,
        threads=threads,
        sample_bytes=SAMPLE_BYTES,
        chunk_bytes=trial.layout.chunk_bytes,
        clock=clock,
        check=check,
    )
    stored_bytes = sample.bytes * image.stored_bytes / image.size
    read_rate = stored_bytes / max(sample.read_s, _TICK_S)
    with ThreadPoolExecutor(max(1, threads)) as executor:
        packed: list[PackedChunk] = []
        batch = max(1, threads)
        started = clock()
        while len(packed) < len(sample.chunks) and (not packed or clock() - started < PACK_S):
            check()
            chunks = sample.chunks[len(packed) : len(packed) + batch]
            packed += executor.map(lambda chunk: pack_chunk(chunk, trial), chunks)
        pack_s = clock() - started
        disc_bytes = sum(map(len, sample.chunks[: len(packed)]))
        memory, packed_bytes = _written(image, packed, trial)
        written = trial.of_size(_blocks(packed) * settings.block_size).layout.open(memory)
        check()
        started = clock()
        list(executor.map(lambda span: read_chunk(written, span), chunks_of(Span(0, written.size), MIB)))
        decode_s = clock() - started
    speeds = Speeds(
        machine, read_rate, read_rate, disc_bytes / max(pack_s, _TICK_S), disc_bytes / max(decode_s, _TICK_S)
    )
    return Measured(speeds, packed_bytes / disc_bytes)


_TICK_S = 1e-6
"""Shorter times are not measured."""


def _blocks(packed: Sequence[PackedChunk]) -> int:
    return sum(len(each.lengths) for each in packed)


def _written(image: Image, packed: Sequence[PackedChunk], trial: Trial) -> tuple[MemoryOutput, int]:
    """Return packed chunks as a small image in memory, and its size."""
    memory = MemoryOutput(image.path)
    writer = trial.of_size(_blocks(packed) * trial.settings.block_size).layout.writer(memory)
    for each in packed:
        writer.append(memoryview(each.stored), each.lengths, len(each.lengths), each.source)
    return memory, writer.finish({})

"""Throughput: a sample of a title goes through the stages of a conversion, on the disks that it would use.

    source --read--> chunks --pack--> blocks --write, fsync--> scratch --read back, decode--> proof

Each stage runs alone, with all threads, so that its rate is measured separately. A conversion runs the first three at
once, so the slowest of them is its limit.
"""

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.formats import Settings
from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource
from discpress.engine.measure.choices import SAMPLE_BYTES
from discpress.engine.measure.metering import Cache
from discpress.engine.measure.rehearsal import STRETCH_BYTES, Trial
from discpress.engine.measure.sample import Span
from discpress.engine.measure.windows import chunks_of, pack_chunk, read_chunk
from discpress.engine.system.files import Readable

T = TypeVar("T")


class Scratch(ByteSource):
    """The temporary file of a benchmark, on the tested disk: an `Output`, a `ByteSource` and a `Cache`.

    It holds one image after another; closing it removes it.
    """

    @abstractmethod
    def write_at(self, offset: int, data: Readable) -> None:
        """Write all of `data`; SpaceError if the disk is full, StorageError if it fails."""

    @abstractmethod
    def sync(self) -> None:
        """Write all of it to the disk; only then can it be dropped from memory."""

    @abstractmethod
    def forget(self) -> None:
        """Drop it from memory."""

    @abstractmethod
    def resident(self, offset: int, length: int) -> int | None:
        """Return how many pages of these bytes are in memory; None if the system cannot tell."""

    @abstractmethod
    def start_again(self) -> None:
        """Empty it, for the next image."""


class Limit(StrEnum):
    """The stage that limits a conversion."""

    READING = "reading"
    PACKING = "packing"
    WRITING = "writing"


@dataclass(frozen=True, slots=True)
class ReadSample:
    """A sample of a title in memory, and the time of reading it."""

    image_bytes: int
    """Decoded size of the whole title."""
    chunks: tuple[bytearray, ...]
    """Its bytes, in the pieces of a conversion."""
    read_s: float
    """Seconds for reading all of them, decoding included if the title is already packed."""
    is_cold: bool
    """Whether the system confirmed that no part of the file was in memory."""
    form_bytes: int = 0
    """Size of the frames that the chunks are from, if the title is the CD in them; 0 for other titles."""

    @property
    def bytes(self) -> int:
        """Bytes of the image in it; of a CD, those of its sectors, as far as the chunks are of all its frames."""
        length = sum(map(len, self.chunks))
        return length * self.image_bytes // self.form_bytes if self.form_bytes else length


@dataclass(frozen=True, slots=True)
class ThroughputFigures:
    """Figures of packing a title in one way; all rates are in bytes of the decoded image a second, for comparison."""

    settings: Settings
    """Block size and level, the level cut to the codec's highest."""
    threads: int
    """Threads of each stage."""
    original_bytes: int
    """Decoded size of the whole title."""
    sampled_bytes: int
    """Bytes of it that went through all stages."""
    packed_bytes: int
    """Their packed size, index included."""
    read_s: float
    """Seconds for reading them."""
    pack_s: float
    """Seconds for packing them."""
    write_s: float
    """Seconds for writing them, fsync included."""
    proof_s: float
    """Seconds for reading the result back and decoding it."""
    is_read_cold: bool
    """Whether the system confirmed that no part of the source was in memory."""
    is_proof_cold: bool
    """The same of the result."""

    @property
    def read_rate(self) -> float:
        """Rate of reading, bytes of the image a second."""
        return _rate(self.sampled_bytes, self.read_s)

    @property
    def pack_rate(self) -> float:
        """Rate of packing."""
        return _rate(self.sampled_bytes, self.pack_s)

    @property
    def write_rate(self) -> float:
        """Rate of writing, in bytes of the image that the written blocks contain."""
        return _rate(self.sampled_bytes, self.write_s)

    @property
    def disk_write_rate(self) -> float:
        """Stored bytes written a second."""
        return _rate(self.packed_bytes, self.write_s)

    @property
    def proof_rate(self) -> float:
        """Rate of reading back and decoding."""
        return _rate(self.sampled_bytes, self.proof_s)

    @property
    def limit(self) -> Limit:
        """The slowest of the three stages that run at once."""
        seconds = {Limit.READING: self.read_s, Limit.PACKING: self.pack_s, Limit.WRITING: self.write_s}
        return max(seconds, key=lambda stage: seconds[stage])

    @property
    def conversion_s(self) -> float:
        """Seconds for converting the whole title.

        Each thread reads, then packs, while one writes, so the longest of reading, the shared work and writing counts.
        The proof comes after. Hashing runs at the same time and is left out.
        """
        sharing_s = self.read_s / self.threads + self.pack_s
        return (max(self.read_s, sharing_s, self.write_s) + self.proof_s) * self.original_bytes / self.sampled_bytes


def read_sample(
    image: Image,
    cache: Cache,
    *,
    random: Random,
    threads: int,
    sample_bytes: int = SAMPLE_BYTES,
    chunk_bytes: int = CHUNK_BYTES,
    title_bytes: int = 0,
    clock: Callable[[], float] = time.perf_counter,
    check: Callable[[], None] = lambda: None,
) -> ReadSample:
    """Read stretches of STRETCH_BYTES from all over an image, after dropping it from the page cache.

    The image is divided into equal parts with one stretch each, always at the same random place of its part; an image
    no larger than the sample is read whole. Stretches begin at multiples of `chunk_bytes`, those of the conversion, and
    have at least one of them. `title_bytes` is the decoded size of the title, if the image is the frames of a CD;
    0 means that of the image. `cache` is that of the image's file. `check` is called between stretches and may raise to
    stop. DamagedImageError and StorageError from reading.
    """
    cache.forget()
    is_cold = cache.resident(0, image.source.size_bytes) == 0
    chunks: list[bytearray] = []
    read_s = 0.0
    with ThreadPoolExecutor(max(1, threads)) as executor:
        for stretch in _stretches(image.size, sample_bytes, random.random(), chunk_bytes):
            check()
            started = clock()
            chunks += executor.map(lambda span: read_chunk(image, span), chunks_of(stretch, chunk_bytes))
            read_s += clock() - started
    return ReadSample(
        title_bytes or image.size, tuple(chunks), read_s, is_cold, form_bytes=image.size if title_bytes else 0
    )


def _stretches(image_bytes: int, sample_bytes: int, position: float, step: int) -> list[Span]:
    if image_bytes <= sample_bytes:
        return [Span(0, image_bytes)]
    count = max(1, sample_bytes // STRETCH_BYTES)
    length = max(1, min(STRETCH_BYTES, sample_bytes) // step) * step
    part = image_bytes / count
    room = max(0.0, part - length)
    starts = [int((number * part + position * room) // step * step) for number in range(count)]
    return [Span(start, min(length, image_bytes - start)) for start in starts]


def measure_throughput(
    image: Image,
    sample: ReadSample,
    settings: Settings,
    scratch: Scratch,
    *,
    threads: int,
    clock: Callable[[], float] = time.perf_counter,
    check: Callable[[], None] = lambda: None,
) -> ThroughputFigures:
    """Measure packing, writing and proving a sample of an image, on the disk of an empty `scratch`.

    The image is what the settings pack: for a CHD of a CD, the frames of the disc.

    `check` is called between stages and batches of chunks and may raise to stop. UsageError for a format that is not
    written with blocks; SpaceError and StorageError from the scratch file.
    """
    trial = Trial.of(image, settings)
    trial = trial.of_size(_padded_bytes(sample.chunks, settings.block_size))
    with ThreadPoolExecutor(max(1, threads)) as executor:
        started = clock()
        packed = list(executor.map(lambda chunk: _checked(check, lambda: pack_chunk(chunk, trial)), sample.chunks))
        pack_s = clock() - started
        check()
        writer = trial.layout.writer(scratch)
        started = clock()
        for each in packed:
            writer.append(memoryview(each.stored), each.lengths, len(each.lengths), each.source)
        packed_bytes = writer.finish({})
        scratch.sync()
        write_s = clock() - started
        check()
        scratch.forget()
        is_proof_cold = scratch.resident(0, scratch.size_bytes) == 0
        written = trial.layout.open(scratch)
        started = clock()
        for _ in executor.map(
            lambda span: _checked(check, lambda: read_chunk(written, span)),
            chunks_of(Span(0, written.size), trial.layout.chunk_bytes),
        ):
            pass
        proof_s = clock() - started
    return ThroughputFigures(
        trial.settings,
        max(1, threads),
        sample.image_bytes,
        sample.bytes,
        packed_bytes,
        sample.read_s,
        pack_s,
        write_s,
        proof_s,
        sample.is_cold,
        is_proof_cold,
    )


def _checked(check: Callable[[], None], work: Callable[[], T]) -> T:
    check()
    return work()


def _padded_bytes(chunks: Sequence[bytearray], block_size: int) -> int:
    """Return the size of the small image that these chunks make, each padded to whole blocks."""
    return sum(-(-len(chunk) // block_size) * block_size for chunk in chunks)


def _rate(count: int, seconds: float) -> float:
    return count / seconds if seconds > 0 else 0.0

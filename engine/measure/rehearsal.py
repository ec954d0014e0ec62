"""Rehearses a conversion: packs parts of an image for their sizes and times, and writes nothing."""

import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from xxhash import xxh3_128_intdigest

from discpress.engine.codecs.blocks import CHUNK_BYTES, LENGTH_MASK, Codec
from discpress.engine.codecs.chd.dedup import HunkTable
from discpress.engine.errors import UsageError
from discpress.engine.formats import SECTOR_SIZE, Settings
from discpress.engine.images.chd.cd.disc_frames import metadata_of
from discpress.engine.images.image import Image
from discpress.engine.images.layout import Layout
from discpress.engine.images.registry import codec_of, encoder_for, layout_of, spec_of
from discpress.engine.images.source import MemorySource
from discpress.engine.measure.sample import Span
from discpress.engine.system.files import Readable
from discpress.engine.units import KIB, MIB

STRETCH_BYTES = 4 * MIB
"""Read at once for the reading rate, so that a seek of 10 ms is only a fifth of the time on a slow disk."""
_SLICE_BYTES = 256 * KIB  # work of a thread at a time: keeps reads in disk order and cancels quickly
_UNPACK_BYTES = 16 * KIB  # read back from each slice to time decoding: a sixteenth, 2 % of the work


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to pack an image."""

    settings: Settings
    """The settings of the conversion, the level cut to the codec's highest."""
    index_shift: int
    """Offsets in the index of a ZSO or CSO count steps of 1 << index_shift bytes; 0 for a CHD."""
    layout: Layout
    """The layout of the output file."""
    codec: Codec
    """The codec that packs it."""

    @classmethod
    def of(cls, image: Image, settings: Settings) -> "Trial":
        """Return the trial of settings on an image.

        UsageError for a format that is not written with blocks, SettingError for an image that it cannot hold.
        """
        encoder = encoder_for(settings)
        if not encoder.packs:
            raise UsageError(f"{settings.format.upper()} has no blocks")
        if encoder.why_whole:
            raise UsageError(f"{image.name}: {settings.form} cannot be benchmarked: {encoder.why_whole}")
        codec = codec_of(settings)
        settings = replace(settings, level=min(max(1, settings.level), codec.max_level))
        encoder.check_size(image.name, image.size, settings.block_size)
        shift = encoder.smallest_shift(image.size, settings.block_size)
        if settings.alignment is not None:
            shift = settings.alignment.bit_length() - 1
        return cls(settings, shift, layout_of(settings, image.size, shift, metadata_of(image)), codec)

    def of_size(self, total_bytes: int) -> "Trial":
        """Return the trial of the same settings and index shift on an image of `total_bytes`."""
        return replace(self, layout=layout_of(self.settings, total_bytes, self.index_shift))

    @property
    def shares_blocks(self) -> bool:
        """Whether a block equal to an earlier one is not stored again."""
        return spec_of(self.settings.format).shares_blocks


@dataclass(slots=True)
class Tally:
    """The results of one trial."""

    stored_bytes: dict[Span, int] = field(default_factory=dict)
    """Packed size of each span, alignment included."""
    pack_s: float = 0.0
    """Time spent packing, all threads together."""
    packed_from_bytes: int = 0
    """Bytes of the image that were packed in that time."""
    unpack_s: float = 0.0
    """Processor time spent reading packed blocks back, all threads together."""
    unpacked_bytes: int = 0
    """Bytes of the image that were decoded in that time."""
    contents: dict[Span, list[tuple[int, int]]] = field(default_factory=dict)
    """Digest and stored bytes of each block of a span, if equal blocks of the whole image are to be found."""

    def share(self, table: HunkTable) -> None:
        """Count equal blocks once, including those that the table knows from earlier spans."""
        for span, blocks in self.contents.items():
            self.stored_bytes[span] = sum(length for digest, length in blocks if table.find_or_add(digest, 0) is None)
        self.contents.clear()

    def add(self, other: "Tally") -> None:
        """Add the results of another tally of the same trial."""
        self.stored_bytes |= other.stored_bytes
        self.pack_s += other.pack_s
        self.packed_from_bytes += other.packed_from_bytes
        self.unpack_s += other.unpack_s
        self.unpacked_bytes += other.unpacked_bytes


def rehearse(
    image: Image,
    spans: Iterable[Span],
    trials: Sequence[Trial],
    *,
    threads: int,
    check: Callable[[], None],
    is_whole: bool = False,
) -> list[Tally]:
    """Read each span once, pack it with every trial, and return one tally for each trial.

    The spans begin at multiples of every block size. A span is packed like a chunk of a conversion, but if it is only a
    part of a chunk, the adaptive state begins anew. The probe then never skips the first block of a cluster, so the sum
    is slightly too small: by 0.003 % with 8 blocks a cluster, 0.03 % with one.

    If `is_whole`, the spans are the whole image in order, and equal hunks of a CHD are counted once, as a conversion
    stores them. In a part of the image all of them are counted, because most of their equals are elsewhere.

    `check` is called in the calling thread between slices of 256 KiB and may raise to stop. Each thread takes the
    memory of a span and its packed bytes, and two more slices if the image is best read in order.
    """
    tallies = [Tally() for _ in trials]
    tables = [HunkTable(trial.layout.blocks if is_whole and trial.shares_blocks else 0) for trial in trials]
    executor = ThreadPoolExecutor(max(1, threads))
    try:
        if image.is_sequential:
            results = _read_in_order(image, spans, trials, executor, 2 * max(1, threads), is_whole)
        else:
            results = executor.map(
                lambda part: _rehearse_slice(
                    image.path, part, trials, lambda buffer, span: image.read_all(buffer, span.offset), is_whole
                ),
                _slices(spans),
            )
        for result in results:
            for tally, addition, table in zip(tallies, result, tables, strict=True):
                addition.share(table)
                tally.add(addition)
            check()
    finally:
        executor.shutdown(cancel_futures=True)
    return tallies


def _read_in_order(
    image: Image,
    spans: Iterable[Span],
    trials: Sequence[Trial],
    executor: ThreadPoolExecutor,
    most_waiting: int,
    is_whole: bool,
) -> Iterator[list[Tally]]:
    """Read slice after slice in this thread, pack them in the others, and yield the tallies in order."""
    waiting: deque[Future[list[Tally]]] = deque()
    for part in _slices(spans):
        pieces: dict[Span, bytearray] = {}
        for span in part:
            pieces[span] = bytearray(span.length)
            image.read_all(pieces[span], span.offset)

        def take(buffer: memoryview, span: Span, pieces: dict[Span, bytearray] = pieces) -> None:
            buffer[:] = pieces[span]

        waiting.append(executor.submit(_rehearse_slice, image.path, part, trials, take, is_whole))
        if len(waiting) > most_waiting:
            yield waiting.popleft().result()
    for future in waiting:
        yield future.result()


def time_reading(image: Image, offset: int, check: Callable[[], None]) -> float:
    """Return the seconds that reading a byte takes, decoding included, measured on STRETCH_BYTES near `offset`."""
    offset = max(0, min(offset, image.size - STRETCH_BYTES))
    end = min(image.size, offset + STRETCH_BYTES)
    buffer = memoryview(bytearray(min(CHUNK_BYTES, end)))
    elapsed_s = 0.0
    for at in range(offset, end, len(buffer)):
        check()
        started = time.perf_counter()
        image.read_into(buffer[: end - at], at)
        elapsed_s += time.perf_counter() - started
    return elapsed_s / (end - offset)


def _slices(spans: Iterable[Span]) -> Iterator[list[Span]]:
    remaining = iter(spans)
    while first := next(remaining, None):
        yield [first, *islice(remaining, max(0, _SLICE_BYTES // first.length - 1))]


def _rehearse_slice(
    path: Path,
    spans: Sequence[Span],
    trials: Sequence[Trial],
    read: Callable[[memoryview, Span], None],
    is_whole: bool,
) -> list[Tally]:
    longest = max(length for _, length in spans)
    room = max(-(-longest // trial.layout.block_size) * trial.layout.block_size for trial in trials)
    source, packed = memoryview(bytearray(room)), memoryview(bytearray(room))
    lengths = array("I", bytes(4 * (room // SECTOR_SIZE)))
    tallies = [Tally() for _ in trials]
    for span in spans:
        read(source[: span.length], span)
        source[span.length :] = bytes(room - span.length)
        for trial, tally in zip(trials, tallies, strict=True):
            layout = trial.layout
            size = layout.block_size
            chunk = source[: -(-span.length // size) * size]
            started = time.perf_counter()
            stored = trial.codec.pack(chunk, size, layout.alignment, trial.settings.level, packed, lengths)
            tally.pack_s += time.perf_counter() - started
            tally.packed_from_bytes += span.length
            tally.stored_bytes[span] = stored
            if is_whole and trial.shares_blocks:
                tally.contents[span] = _contents(chunk, size, lengths)
            if span is spans[0]:
                _time_unpacking(path, packed, lengths, chunk, trial, tally)
    return tallies


def _contents(chunk: memoryview, block_size: int, lengths: "array[int]") -> list[tuple[int, int]]:
    """Return (XXH3-128, packed bytes) of each block."""
    digests = (xxh3_128_intdigest(chunk[at : at + block_size]) for at in range(0, len(chunk), block_size))
    return [(digest, length & LENGTH_MASK) for digest, length in zip(digests, lengths, strict=False)]


def _time_unpacking(
    path: Path, packed: memoryview, lengths: "array[int]", chunk: memoryview, trial: Trial, tally: Tally
) -> None:
    """Make a small image of the first packed blocks and measure how long the reader takes for it.

    Processor time is measured, because 16 KiB take 20 us and another thread may hold the interpreter for 5 ms.
    """
    block_size = trial.layout.block_size
    count = min(len(chunk) // block_size, max(1, _UNPACK_BYTES // block_size))
    layout = layout_of(trial.settings, count * block_size, trial.index_shift)
    memory = MemoryOutput(path)
    writer = layout.writer(memory)
    writer.append(packed[: sum(length & LENGTH_MASK for length in lengths[:count])], lengths, count, chunk)
    writer.finish({})
    image = layout.open(memory)
    buffer = bytearray(layout.total_bytes)
    image.read_at(0, 1)  # reads the map before the clock starts: it is read once, not for each block
    started = time.thread_time()
    image.read_into(buffer, 0)
    tally.unpack_s += time.thread_time() - started
    tally.unpacked_bytes += layout.total_bytes


class MemoryOutput(MemorySource):
    """An output that can be read as a source."""

    def __init__(self, path: Path) -> None:
        self._written = bytearray()
        super().__init__(path, self._written)

    def write_at(self, offset: int, data: Readable) -> None:
        """Write all of `data`, after the end as well."""
        end = offset + len(data)
        self._written += bytes(max(0, end - self.size_bytes))
        self._written[offset:end] = data
        self.size_bytes = len(self._written)

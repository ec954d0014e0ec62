"""The window: a stretch that represents a title in a benchmark, packed as by a conversion."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from discpress.engine.codecs.blocks import CHUNK_BYTES
from discpress.engine.formats import SECTOR_SIZE, Settings
from discpress.engine.images.image import Image
from discpress.engine.images.layout import Output
from discpress.engine.measure.patterns import Area
from discpress.engine.measure.rehearsal import Trial
from discpress.engine.measure.sample import Span

_STEPS = 64
"""Number of places compared; a disc's files are larger than a hundredth of it, or many."""
_FULL_ENOUGH = 0.75
"""Share of the fullest window's file bytes that a window needs before its number of files counts."""
_MOST_FILES = 64


@dataclass(frozen=True, slots=True)
class PackedChunk:
    """One chunk of an image, packed."""

    stored: bytearray
    """Its blocks as in the file."""
    lengths: "array[int]"
    """Stored length of each block, as `Codec.pack` returns it."""
    source: memoryview
    """Its decoded blocks if the format has checksums of them, else empty."""


def choose_window(image_bytes: int, files: Sequence[Span], window_bytes: int) -> Span:
    """Return the stretch to benchmark: the whole image if it is short enough, else a stretch with many files.

    It begins at a multiple of CHUNK_BYTES, so that its blocks are those of a conversion. Of about equally full places,
    the one with the most files wins (64 are enough), then the one nearest to the middle of the disc, because reads of
    padding and single films are not typical of a game.
    """
    if image_bytes <= window_bytes:
        return Span(0, image_bytes)
    last = (image_bytes - window_bytes) // CHUNK_BYTES
    starts = sorted({step * last // _STEPS * CHUNK_BYTES for step in range(_STEPS + 1)})
    spans = {start: files_within(files, Span(start, window_bytes)) for start in starts}
    filled = {start: sum(span.length for span in found) for start, found in spans.items()}
    fullest = max(filled.values())

    def rank(start: int) -> tuple[bool, int, int]:
        is_full = filled[start] >= _FULL_ENOUGH * fullest
        return is_full, min(_MOST_FILES, len(spans[start])), -abs(2 * start + window_bytes - image_bytes)

    return Span(max(starts, key=rank), window_bytes)


def files_within(files: Iterable[Span], window: Span) -> tuple[Span, ...]:
    """Return the files within a window, cut to it, with offsets from its start; whole sectors, none empty."""
    found = []
    for offset, length in files:
        start = max(offset, window.offset)
        end = min(offset + length, window.offset + window.length)
        start = -(-start // SECTOR_SIZE) * SECTOR_SIZE
        if end > start:
            found.append(Span(start - window.offset, end - start))
    return tuple(found)


def area_of(files: Iterable[Span], window: Span) -> Area:
    """Return a window as an area for patterns."""
    return Area(window.length, files_within(files, window))


def read_chunk(image: Image, span: Span) -> bytearray:
    """Return one stretch of the decoded image; DamagedImageError if the file has become shorter."""
    data = bytearray(span.length)
    image.read_all(data, span.offset)
    return data


def pack_chunk(data: bytearray, trial: Trial) -> PackedChunk:
    """Return a chunk packed as by a conversion, its last block padded with zeros."""
    block_size = trial.layout.block_size
    blocks = -(-len(data) // block_size)
    source = memoryview(data + bytes(blocks * block_size - len(data)))
    packed = memoryview(bytearray(len(source)))
    lengths = array("I", bytes(4 * blocks))
    stored = trial.codec.pack(source, block_size, trial.layout.alignment, trial.settings.level, packed, lengths)
    return PackedChunk(bytearray(packed[:stored]), lengths, source if trial.layout.looks_at_source else source[:0])


def chunks_of(span: Span, chunk_bytes: int = CHUNK_BYTES) -> list[Span]:
    """Return a stretch in pieces of `chunk_bytes`."""
    end = span.offset + span.length
    return [Span(offset, min(chunk_bytes, end - offset)) for offset in range(span.offset, end, chunk_bytes)]


def pack_window(
    image: Image, window: Span, settings: Settings, output: Output, *, threads: int, check: Callable[[int], None]
) -> int:
    """Write a window of an image as a separate image; return the bytes written.

    `check` is called in the calling thread with the bytes done and may raise to stop. Each thread takes the memory of
    two chunks and their packed bytes. Raises the errors of `Trial.of`, of reading and of the output.
    """
    trial = Trial.of(image, settings)
    trial = trial.of_size(window.length)
    writer = trial.layout.writer(output)
    pieces = chunks_of(window, trial.layout.chunk_bytes)
    done = 0
    with ThreadPoolExecutor(max(1, threads)) as executor:
        for first in range(0, len(pieces), 2 * max(1, threads)):
            check(done)
            batch = pieces[first : first + 2 * max(1, threads)]
            for packed in executor.map(lambda span: pack_chunk(read_chunk(image, span), trial), batch):
                writer.append(memoryview(packed.stored), packed.lengths, len(packed.lengths), packed.source)
            done += sum(span.length for span in batch)
    return writer.finish({})

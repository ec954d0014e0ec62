"""Statistics of an image: counts of blocks, sums of bytes, and the index in windows."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import sub

from discpress.engine.codecs.deflate import RAW
from discpress.engine.codecs.lz4_blocks import Lz4Codec, find_block_end
from discpress.engine.formats import ImageFormat
from discpress.engine.images.chd.header import codec_name
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.map import WINDOW_HUNKS
from discpress.engine.images.chd.map_kinds import Kind
from discpress.engine.images.dax import DaxImage
from discpress.engine.images.image import BlockImage, Image, StoredBlock
from discpress.engine.images.source import read_bytes
from discpress.engine.images.zso_cso.header import HEADER_SIZE, INDEX_PLAIN, OFFSET_MASK
from discpress.engine.images.zso_cso.image import IndexedImage

WINDOW_BLOCKS = 64 * 1024
"""Index entries in one window: 256 KiB of the file, 6 MiB of Python numbers."""
RUN_BLOCKS = 1024
"""Blocks located together if each becomes an object: 0.3 MiB of them."""
_DAX_HEADER_SIZE = 32


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image in numbers, as its header and index state them."""

    format: ImageFormat
    """iso, zso, cso, dax or chd."""
    version: int
    """Version in the header; 0 for iso."""
    block_size: int
    """Decoded bytes of a block; a sector for iso."""
    index_shift: int
    """Blocks start at multiples of 1 << index_shift bytes; 0 for iso, dax and chd."""
    original_bytes: int
    """Size of the decoded image."""
    file_bytes: int
    """Size of the file, or of its share of an archive."""
    blocks: int
    """Number of blocks; of sectors for iso."""
    plain_blocks: int
    """Number of uncompressed blocks."""
    plain_block_bytes: int
    """Stored bytes of the plain blocks, their padding included."""
    packed_block_bytes: int
    """Stored bytes of the packed blocks, their padding included."""
    index_bytes: int
    """Bytes of the index, the tables or the map, without the header; 0 for iso."""
    lead_padding_bytes: int
    """Bytes between the index and the first block; 0 for chd, whose map may be anywhere."""
    end_padding_bytes: int
    """Bytes of the file after the end entry; 0 for chd, which has none."""
    alignment_waste_bytes: int | None
    """Stored bytes that only align the blocks; None if counting needs decoding and was not requested."""
    shared_blocks: int = 0
    """Number of blocks that are not stored because they equal another one: CHD only."""
    codecs: tuple[str, ...] = ()
    """Names of the codecs that the header of a CHD lists."""
    metadata: tuple[str, ...] = ()
    """Tags of the metadata of a CHD."""

    @property
    def packed_blocks(self) -> int:
        """Number of compressed blocks."""
        return self.blocks - self.plain_blocks - self.shared_blocks

    @property
    def ratio(self) -> float:
        """File size divided by original size."""
        return self.file_bytes / self.original_bytes

    @property
    def most_alignment_waste_bytes(self) -> int:
        """Upper bound of the alignment's waste, without decoding: 2^shift - 1 bytes a block."""
        return self.blocks * ((1 << self.index_shift) - 1)


@dataclass(frozen=True, slots=True)
class IndexWindow:
    """Some consecutive blocks of an index, unchecked."""

    first: int
    """Number of the first block."""
    entries: Sequence[int]
    """Raw entries, one more than there are blocks."""
    starts: list[int]
    """Offsets of the same entries, in steps of 1 << index_shift bytes."""
    lengths: list[int]
    """Stored length of each block, in steps; 0 or negative if the index is broken."""


def index_windows(image: IndexedImage, check: Callable[[], None] | None = None) -> Iterator[IndexWindow]:
    """Yield the whole index, WINDOW_BLOCKS at a time; `check` is called before each and may raise to stop."""
    for first in range(0, image.blocks, WINDOW_BLOCKS):
        if check is not None:
            check()
        entries = image.entries(first, min(WINDOW_BLOCKS, image.blocks - first) + 1)
        starts = [entry & OFFSET_MASK for entry in entries]
        yield IndexWindow(first, entries, starts, list(map(sub, islice(starts, 1, None), starts)))


def read_facts(image: Image, *, measure: bool = False, check: Callable[[], None] | None = None) -> ImageFacts:
    """Return the statistics of an open image.

    The index contains the start of each block, not the end of its packed bytes: with an index shift, the exact
    alignment waste needs every packed block to be decoded (`measure`). `check` is called at least every 65,536 blocks
    and may raise to stop. Raises DamagedImageError if a block is too short or lies beyond the file.
    """
    if isinstance(image, IndexedImage):
        sums = _indexed_sums(image, measure, check)
        table_offset = HEADER_SIZE
    elif isinstance(image, DaxImage):
        sums = _dax_sums(image, check)
        table_offset = _DAX_HEADER_SIZE
    elif isinstance(image, ChdImage):
        sums = _chd_sums(image, check)
        table_offset = 0
    else:
        sums = _Sums(-(-image.size // image.block_size), image.size, end=image.size)
        table_offset = 0
    return ImageFacts(
        format=image.format,
        version=image.version,
        block_size=image.block_size,
        index_shift=image.index_shift,
        original_bytes=image.size,
        file_bytes=image.file_bytes,
        blocks=-(-image.size // image.block_size),
        plain_blocks=sums.plain_blocks,
        plain_block_bytes=sums.plain_bytes,
        packed_block_bytes=sums.packed_bytes,
        index_bytes=sums.data_offset - table_offset,
        lead_padding_bytes=sums.start - sums.data_offset,
        end_padding_bytes=image.source.size_bytes - sums.end,
        alignment_waste_bytes=sums.waste_bytes if measure or not image.index_shift else None,
        shared_blocks=sums.shared_blocks,
        codecs=image.header.codec_names if isinstance(image, ChdImage) else (),
        metadata=tuple(codec_name(entry.tag) for entry in image.metadata) if isinstance(image, ChdImage) else (),
    )


def locate_runs(image: BlockImage, first: int, count: int) -> Iterator[Sequence[StoredBlock]]:
    """Yield the places of `count` blocks from `first` on, RUN_BLOCKS at a time. Raises DamagedImageError as
    `locate`."""
    for number in range(first, first + count, RUN_BLOCKS):
        yield image.locate(number, min(RUN_BLOCKS, first + count - number))


@dataclass(slots=True)
class _Sums:
    plain_blocks: int = 0
    plain_bytes: int = 0
    packed_bytes: int = 0
    waste_bytes: int = 0
    shared_blocks: int = 0
    data_offset: int = 0
    start: int = 0
    end: int = 0


def _indexed_sums(image: IndexedImage, measure: bool, check: Callable[[], None] | None) -> _Sums:
    sums = _Sums(data_offset=image.header.data_offset)
    for window in index_windows(image, check):
        if min(window.lengths) <= 0 or window.starts[-1] << image.index_shift > image.source.size_bytes:
            _raise_first_damage(image, window)
        plain = _plain_lengths(image, window)
        sums.plain_blocks += len(plain)
        sums.plain_bytes += sum(plain) << image.index_shift
        sums.packed_bytes += sum(window.lengths) - sum(plain) << image.index_shift
        sums.start = sums.start or window.starts[0] << image.index_shift
        sums.end = window.starts[-1] << image.index_shift
        if measure and image.index_shift:
            sums.waste_bytes += _measure_waste(image, window)
    return sums


def _plain_lengths(image: IndexedImage, window: IndexWindow) -> list[int]:
    """Return the lengths of a window's plain blocks, in steps of the alignment."""
    if image.format is ImageFormat.CSO and image.version > 1:
        block_steps = -(-image.block_size // image.header.alignment)
        return [length for length in window.lengths if length >= block_steps]
    pairs = zip(window.entries, window.lengths, strict=False)
    return [length for entry, length in pairs if entry >= INDEX_PLAIN]


def _raise_first_damage(image: IndexedImage, window: IndexWindow) -> None:
    for _ in locate_runs(image, window.first, len(window.lengths)):
        pass
    raise RuntimeError(f"{image.name}: locate accepts an index that goes back or beyond the file")


def _measure_waste(image: IndexedImage, window: IndexWindow) -> int:
    waste_bytes = 0
    lengths = iter(window.lengths)
    for run in locate_runs(image, window.first, len(window.lengths)):
        for block, steps in zip(run, lengths, strict=False):
            stored_bytes = steps << image.index_shift
            waste_bytes += max(0, stored_bytes - used_bytes(image, block, stored_bytes))
    return waste_bytes


def used_bytes(image: IndexedImage, block: StoredBlock, stored_bytes: int) -> int:
    """Return the number of stored bytes that the block needs; all of them if it does not decode."""
    if block.codec is None:
        return image.block_length(block.number)
    stored = memoryview(read_bytes(image.source, block.offset, block.length))
    if isinstance(block.codec, Lz4Codec):
        end = find_block_end(stored, image.block_size) or find_block_end(stored, image.block_length(block.number))
        return end or stored_bytes
    stream = zlib.decompressobj(RAW)
    try:
        stream.decompress(stored, image.block_size + 1)
    except zlib.error:
        return stored_bytes
    return len(stored) - len(stream.unused_data)


def _dax_sums(image: DaxImage, check: Callable[[], None] | None) -> _Sums:
    sums = _Sums(data_offset=image.data_offset, start=image.source.size_bytes)
    for run in locate_runs(image, 0, image.blocks):
        if check is not None:
            check()
        plain = [block.length for block in run if block.codec is None]
        sums.plain_blocks += len(plain)
        sums.plain_bytes += sum(plain)
        sums.packed_bytes += sum(block.length for block in run) - sum(plain)
        sums.start = min([sums.start, *(block.offset for block in run)])
        sums.end = max([sums.end, *(block.offset + block.length for block in run)])
    return sums


def _chd_sums(image: ChdImage, check: Callable[[], None] | None) -> _Sums:
    """Count hunks by kind; the map replaces the index, and there is no end entry."""
    map_bytes = image.map.bytes_in_file
    sums = _Sums(data_offset=map_bytes, start=map_bytes, end=image.source.size_bytes)
    for number in range(-(-image.blocks // WINDOW_HUNKS)):
        if check is not None:
            check()
        window = image.map.window(number)
        plain, stored_bytes = window.kinds.count(Kind.PLAIN), sum(window.lengths)
        plain_bytes = image.block_size * plain if image.header.is_compressed else stored_bytes
        sums.plain_blocks += plain
        sums.shared_blocks += len(window.origins)
        sums.plain_bytes += plain_bytes
        sums.packed_bytes += stored_bytes - plain_bytes
    return sums

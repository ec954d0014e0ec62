"""ZSO and CSO images: an index followed by blocks (docs/formats.md, section 1)."""

import zlib
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import sub

from discpress.engine.codecs.blocks import Codec
from discpress.engine.codecs.deflate import RAW, DeflateCodec
from discpress.engine.codecs.kernels import lz4_codec
from discpress.engine.codecs.lz4_blocks import Lz4Codec, find_block_end
from discpress.engine.codecs.native import NativeLz4Codec
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.block_image import BlockImage
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.zso_cso.header import (
    ENTRY_SIZE,
    HEADER_SIZE,
    INDEX_PLAIN,
    OFFSET_MASK,
    check_header,
    new_entries,
    parse_header,
)

_DEFLATE = DeflateCodec()
WINDOW_BLOCKS = 64 * 1024
"""Index entries in one window: 256 KiB of the file, 6 MiB of Python numbers."""


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


class IndexedImage(BlockImage):
    """A ZSO (v0/1) or CSO (v0/1/2); the index is read when needed and checked while it is read."""

    def __init__(self, source: ByteSource, *, check_start: bool = True) -> None:
        """Open an image; `check_start` also refuses a first block that lies within the index."""
        super().__init__(source)
        self._codec: Codec | None = None
        self.header = parse_header(read_bytes(source, 0, HEADER_SIZE), self.name)
        check_header(self.header, source.size_bytes, self.name)
        self.format = self.header.format
        self.size = self.header.total_bytes
        self.block_size = self.header.block_size
        self.version = self.header.version
        self.index_shift = self.header.index_shift
        if check_start:
            self._check_first_offset()

    @property
    def _lz4(self) -> Codec:
        """The codec of LZ4 blocks; the kernel is loaded only for these."""
        if self._codec is None:  # a cached_property would lock out the threads that open other images
            self._codec = lz4_codec()
        return self._codec

    def entries(self, first: int, count: int) -> "array[int]":
        """Return `count` raw index entries from `first` on."""
        stored = read_bytes(self.source, HEADER_SIZE + ENTRY_SIZE * first, ENTRY_SIZE * count)
        if len(stored) < ENTRY_SIZE * count:
            raise DamagedImageError(f"{self.name}: the file ends inside its index")
        return new_entries(stored)

    def offset_of(self, entry: int) -> int:
        """Return the byte offset of an entry."""
        return (entry & OFFSET_MASK) << self.index_shift

    def codec_of(self, entry: int, length: int) -> Codec | None:
        """Return the codec of a block with this entry and stored length; None for a plain one."""
        flagged = bool(entry & INDEX_PLAIN)
        if self.format is ImageFormat.ZSO:
            return None if flagged else self._lz4
        if self.version < 2:
            return None if flagged else _DEFLATE
        if length >= self.block_size:
            return None
        return self._lz4 if flagged else _DEFLATE

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate blocks, see `BlockImage.locate`."""
        entries = self.entries(first, count + 1)
        offsets = [self.offset_of(entry) for entry in entries]
        located = []
        for index in range(count):
            number, offset = first + index, offsets[index]
            length = offsets[index + 1] - offset
            problem = self.extent_problem(number, offset, length)
            if problem:
                raise self.damage(number, problem)
            codec = self.codec_of(entries[index], length)
            padding = self.header.alignment - 1
            if codec is not None and number == self.blocks - 1 and padding:
                # ziso.py does not align the end entry: up to 2^shift - 1 bytes of the last block follow it.
                extra = min(padding, self.source.size_bytes - offset - length)
                length, padding = length + extra, padding + extra
            located.append(StoredBlock(number, offset, length, codec, padding))
        return located

    def _decode_whole(self, first: int, count: int, buffer: memoryview) -> int:
        # The last block may be longer than its entries state, see `locate`.
        count = min(count, self.blocks - 1 - first)
        if count < 1 or self.format is not ImageFormat.ZSO or not isinstance(self._lz4, NativeLz4Codec):
            return 0
        entries = self.entries(first, count + 1)
        start, end = self.offset_of(entries[0]), self.offset_of(entries[count])
        most_bytes = count * (self.block_size + self.header.alignment)
        if start < self.header.data_offset or end > self.source.size_bytes or not 0 < end - start <= most_bytes:
            return 0
        stored = read_bytes(self.source, start, end - start)
        return self._lz4.decode_run(stored, entries, self.block_size, self.index_shift, buffer)

    def stored_span(self, offset: int, length: int) -> tuple[int, int]:
        """Return the span of blocks, see `Image.stored_span`."""
        first, end = offset // self.block_size, -(-(offset + length) // self.block_size)
        entries = self.entries(first, end - first + 1)
        return self.offset_of(entries[0]), self.offset_of(entries[-1])

    def extent_problem(self, number: int, offset: int, length: int) -> str:
        """Return the problem of a block's place in the file; empty if there is none."""
        if offset < self.header.data_offset:
            return f"its offset {offset} lies inside the header or index, which end at {self.header.data_offset}"
        if length < 0:
            return f"the index goes back, from {offset} to {offset + length}"
        if offset + length > self.source.size_bytes:
            return f"it ends at byte {offset + length}, but the file ends at {self.source.size_bytes}"
        if length == 0:
            return "its stored length is 0"
        if length > self.block_size + self.header.alignment:
            most = self.block_size + self.header.alignment
            return f"its stored length {length} is more than block size and alignment allow ({most})"
        return ""

    @property
    def index_extent(self) -> tuple[int, int]:
        """Header and index, see `Image.index_extent`."""
        return 0, self.header.data_offset

    def windows(self, check: Callable[[], None] = no_check) -> Iterator[IndexWindow]:
        """Yield the whole index, WINDOW_BLOCKS at a time; `check` is called before each and may raise to stop."""
        for first in range(0, self.blocks, WINDOW_BLOCKS):
            check()
            entries = self.entries(first, min(WINDOW_BLOCKS, self.blocks - first) + 1)
            starts = [entry & OFFSET_MASK for entry in entries]
            yield IndexWindow(first, entries, starts, list(map(sub, islice(starts, 1, None), starts)))

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count blocks, see `Image.sums`."""
        data_offset, shift = self.header.data_offset, self.index_shift
        sums = Sums(index_bytes=data_offset - HEADER_SIZE, data_offset=data_offset)
        for window in self.windows(check):
            if min(window.lengths) <= 0 or window.starts[-1] << shift > self.source.size_bytes:
                self._raise_first_damage(window)
            plain = self._plain_lengths(window)
            sums.plain_blocks += len(plain)
            sums.plain_bytes += sum(plain) << shift
            sums.packed_bytes += sum(window.lengths) - sum(plain) << shift
            sums.start = sums.start or window.starts[0] << shift
            sums.end = window.starts[-1] << shift
        return sums

    def _plain_lengths(self, window: IndexWindow) -> list[int]:
        """Return the lengths of a window's plain blocks, in steps of the alignment."""
        if self.format is ImageFormat.CSO and self.version > 1:
            block_steps = -(-self.block_size // self.header.alignment)
            return [length for length in window.lengths if length >= block_steps]
        pairs = zip(window.entries, window.lengths, strict=False)
        return [length for entry, length in pairs if entry >= INDEX_PLAIN]

    def _raise_first_damage(self, window: IndexWindow) -> None:
        for _ in self.locate_runs(window.first, len(window.lengths)):
            pass
        raise RuntimeError(f"{self.name}: locate accepts an index that goes back or beyond the file")

    def used_bytes(self, block: StoredBlock) -> int:
        """Return the number of stored bytes that a block needs; all of them if it does not decode."""
        if block.codec is None:
            return self.block_length(block.number)
        stored = memoryview(read_bytes(self.source, block.offset, block.length))
        if isinstance(block.codec, Lz4Codec):
            end = find_block_end(stored, self.block_size) or find_block_end(stored, self.block_length(block.number))
            return end or block.length
        stream = zlib.decompressobj(RAW)
        try:
            stream.decompress(stored, self.block_size + 1)
        except zlib.error:
            return block.length
        return len(stored) - len(stream.unused_data)

    @property
    def lost_tail_bytes(self) -> int:
        """Bytes at the disc's end that ziso.py's floor defect never wrote; the index is one block short."""
        missing = self.header.data_offset - self.offset_of(self.entries(0, 1)[0])
        return self.size % self.block_size if 0 < missing <= ENTRY_SIZE else 0

    def describe_lost_tail(self, lost_bytes: int) -> str:
        """Return a description of the floor defect."""
        return (
            f"the index has one entry less than {self.size} bytes need: the last {lost_bytes} bytes of the disc were "
            "never written (a known fault of ziso.py with blocks above 2048)"
        )

    def _check_first_offset(self) -> None:
        offset = self.offset_of(self.entries(0, 1)[0])
        if offset >= self.header.data_offset:
            return
        lost_bytes = self.lost_tail_bytes
        if lost_bytes:
            raise DamagedImageError(
                f"{self.name}: {self.describe_lost_tail(lost_bytes)}",
                hint="convert the original again: the data is missing from this file",
            )
        raise self.damage(0, self.extent_problem(0, offset, 1))

"""ZSO and CSO images: an index followed by blocks (docs/formats.md, section 1)."""

from array import array
from collections.abc import Sequence
from functools import cached_property

from discpress.engine.codecs.blocks import Codec
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.kernels import lz4_codec
from discpress.engine.codecs.native import NativeLz4Codec
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.image import BlockImage, StoredBlock
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


class IndexedImage(BlockImage):
    """A ZSO (v0/1) or CSO (v0/1/2); the index is read when needed and checked while it is read."""

    def __init__(self, source: ByteSource, *, check_start: bool = True) -> None:
        """Open an image; `check_start` also refuses a first block that lies within the index."""
        super().__init__(source)
        self.header = parse_header(read_bytes(source, 0, HEADER_SIZE), self.name)
        check_header(self.header, source.size_bytes, self.name)
        self.format = self.header.format
        self.size = self.header.total_bytes
        self.block_size = self.header.block_size
        self.version = self.header.version
        self.index_shift = self.header.index_shift
        if check_start:
            self._check_first_offset()

    @cached_property
    def _lz4(self) -> Codec:
        """The codec of LZ4 blocks; the kernel is loaded only for these."""
        return lz4_codec()

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
        stored = bytearray(end - start)
        got = self.source.read_into(stored, start)
        return self._lz4.decode_run(memoryview(stored)[:got], entries, self.block_size, self.index_shift, buffer)

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
        lost_bytes = self.lost_tail_bytes
        if lost_bytes:
            raise DamagedImageError(
                f"{self.name}: {self.describe_lost_tail(lost_bytes)}",
                hint="convert the original again: the data is missing from this file",
            )
        offset = self.offset_of(self.entries(0, 1)[0])
        if offset < self.header.data_offset:
            raise self.damage(0, self.extent_problem(0, offset, 1))

"""DAX images of the PSP: 8 KiB zlib streams, some areas plain (docs/formats.md, section 1)."""

import struct
from collections.abc import Callable, Sequence

from discpress.engine.codecs.deflate import ZLIB, DeflateCodec
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.block_image import BlockImage
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource, read_bytes

_HEADER = struct.Struct("<4sIII16x")
_OFFSET = struct.Struct("<I")
_LENGTH = struct.Struct("<H")
_AREA = struct.Struct("<II")
DAX_BLOCK_SIZE = 8192
MAX_VERSION = 1
_ZLIB = DeflateCodec(ZLIB)


class DaxImage(BlockImage):
    """A DAX v0 or v1; offsets and lengths are read when needed."""

    format = ImageFormat.DAX
    block_size = DAX_BLOCK_SIZE

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        head = read_bytes(source, 0, _HEADER.size)
        if len(head) < _HEADER.size:
            raise DamagedImageError(f"{self.name}: the file ends inside its {_HEADER.size}-byte header")
        _, self.size, self.version, areas = _HEADER.unpack(head)
        if self.version > MAX_VERSION:
            raise DamagedImageError(f"{self.name}: expected DAX version 0 or 1, got {self.version}")
        if self.size == 0:
            raise DamagedImageError(f"{self.name}: the header claims an image of 0 bytes")
        self._lengths_offset = _HEADER.size + _OFFSET.size * self.blocks
        self.data_offset = self._lengths_offset + _LENGTH.size * self.blocks
        areas_offset = self.data_offset
        if self.version == 1:
            if areas > self.blocks:
                raise DamagedImageError(
                    f"{self.name}: expected at most {self.blocks} plain areas, one a block, got {areas}"
                )
            self.data_offset += _AREA.size * areas
        if self.data_offset > source.size_bytes:
            raise DamagedImageError(
                f"{self.name}: tables for {self.size} bytes of image do not fit a file of {source.size_bytes} bytes"
            )
        self._is_plain = bytearray(self.blocks) if self.version == 1 and areas else b""
        if self._is_plain:
            self._mark_plain(read_bytes(source, areas_offset, _AREA.size * areas))

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate blocks, see `BlockImage.locate`."""
        offsets = read_bytes(self.source, _HEADER.size + _OFFSET.size * first, _OFFSET.size * count)
        lengths = read_bytes(self.source, self._lengths_offset + _LENGTH.size * first, _LENGTH.size * count)
        if len(offsets) < _OFFSET.size * count or len(lengths) < _LENGTH.size * count:
            raise DamagedImageError(f"{self.name}: the file ends inside its tables")
        pairs = zip(_OFFSET.iter_unpack(offsets), _LENGTH.iter_unpack(lengths), strict=True)
        return [self._block(number, offset, length) for number, ((offset,), (length,)) in enumerate(pairs, first)]

    def _block(self, number: int, offset: int, length: int) -> StoredBlock:
        problem = self.extent_problem(offset, length)
        if problem:
            raise self.damage(number, problem)
        is_plain = bool(self._is_plain) and self._is_plain[number] == 1
        return StoredBlock(number, offset, length, None if is_plain else _ZLIB, 0)

    @property
    def index_extent(self) -> tuple[int, int]:
        """Header and tables, see `Image.index_extent`."""
        return 0, self.data_offset

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count blocks, see `Image.sums`."""
        sums = Sums(
            index_bytes=self.data_offset - _HEADER.size, data_offset=self.data_offset, start=self.source.size_bytes
        )
        for run in self.locate_runs(0, self.blocks):
            check()
            plain = [block.length for block in run if block.codec is None]
            sums.plain_blocks += len(plain)
            sums.plain_bytes += sum(plain)
            sums.packed_bytes += sum(block.length for block in run) - sum(plain)
            sums.start = min([sums.start, *(block.offset for block in run)])
            sums.end = max([sums.end, *(block.offset + block.length for block in run)])
        return sums

    def extent_problem(self, offset: int, length: int) -> str:
        """Return the problem of a block's place in the file; empty if there is none."""
        if offset < self.data_offset:
            return f"its offset {offset} lies inside the tables, which end at {self.data_offset}"
        if length == 0:
            return "its stored length is 0"
        if offset + length > self.source.size_bytes:
            return f"it ends at byte {offset + length}, but the file ends at {self.source.size_bytes}"
        return ""

    def _mark_plain(self, areas: bytes) -> None:
        plain = bytearray(self.blocks)
        marked = 0
        for first, count in _AREA.iter_unpack(areas):
            marked += count
            if first + count > self.blocks:
                raise DamagedImageError(
                    f"{self.name}: a plain area ends at block {first + count}, but the image has {self.blocks} blocks"
                )
            if marked > self.blocks:  # marking overlapping areas could take the square of their number
                raise DamagedImageError(f"{self.name}: its plain areas overlap: {marked} blocks of {self.blocks}")
            plain[first : first + count] = b"\x01" * count
        self._is_plain = plain

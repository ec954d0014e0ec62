"""GCZ images of GameCube and Wii discs: zlib streams or plain blocks, each with an Adler-32 of its stored bytes.

Layout: Dolphin's CompressedBlob.h, little-endian. After the header come a pointer for each block (u64, counted from the
first block, bit 63 set for a plain one), and its Adler-32 (u32).
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct

from discpress.engine.codecs.blocks import BlockError
from discpress.engine.codecs.deflate import ZLIB, DeflateCodec
from discpress.engine.errors import CutShortError, DamagedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.block_image import BlockImage
from discpress.engine.images.image import StoredBlock, Sums, no_check
from discpress.engine.images.nintendo.header import GCZ_HEADER, GCZ_PLAIN, read_packed_disc
from discpress.engine.images.source import ByteSource, read_bytes

_POINTER = Struct("<Q")
_CHECKSUM = Struct("<I")
_ZLIB = DeflateCodec(ZLIB)


@dataclass(slots=True)
class _Checked:
    """Decodes one block after a look at its checksum: a `Decoder`."""

    adler32: int
    is_plain: bool
    name: str = "zlib"

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Return the decoded block. Raises BlockError."""
        found = zlib.adler32(stored)
        if found != self.adler32:
            raise BlockError(f"its Adler-32 is {found:08x}, the file states {self.adler32:08x}")
        if not self.is_plain:
            return _ZLIB.decode(stored, block_size, max_padding)
        if len(stored) != block_size:
            raise BlockError(f"expected a plain block of {block_size} bytes, got {len(stored)}")
        return bytes(stored)


class GczImage(BlockImage):
    """A GCZ; pointers and checksums are read when needed."""

    format = ImageFormat.GCZ

    def __init__(self, source: ByteSource) -> None:
        """Read the header. DamagedImageError, CutShortError."""
        super().__init__(source)
        packed = read_packed_disc(source, self.format)
        if source.size_bytes < packed.needed_bytes:
            raise CutShortError(
                f"{self.name}: {packed.describe_cut(source.size_bytes)}",
                hint="get the file again, or restore it from a backup",
            )
        if not packed.disc_bytes:
            raise DamagedImageError(
                f"{self.name}: damaged header: it describes no disc", hint="restore the file from a backup"
            )
        self.size, self.block_size = packed.disc_bytes, packed.block_size
        self._checksums_offset = GCZ_HEADER.size + _POINTER.size * self.blocks
        self.data_offset = self._checksums_offset + _CHECKSUM.size * self.blocks
        self._end = packed.needed_bytes

    @property
    def codec_names(self) -> tuple[str, ...]:
        """Deflate, see `Image`."""
        return ("zlib",)

    @property
    def index_extent(self) -> tuple[int, int]:
        """Header and tables, see `Image.index_extent`."""
        return 0, self.data_offset

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate blocks, see `Image.locate`."""
        pointers = self._table(_POINTER, GCZ_HEADER.size, first, min(count + 1, self.blocks - first))
        checksums = self._table(_CHECKSUM, self._checksums_offset, first, count)
        starts = [self.data_offset + (pointer & ~GCZ_PLAIN) for pointer in pointers]
        ends = [*starts[1:], self._end] if len(starts) == count else starts[1:]
        blocks = zip(pointers, starts, ends, checksums, strict=False)
        return [self._block(number, *each) for number, each in enumerate(blocks, first)]

    def _table(self, entry: Struct, offset: int, first: int, count: int) -> list[int]:
        data = read_bytes(self.source, offset + entry.size * first, entry.size * count)
        if len(data) < entry.size * count:
            raise DamagedImageError(f"{self.name}: the file ends inside its tables")
        return [value for (value,) in entry.iter_unpack(data)]

    def _block(self, number: int, pointer: int, start: int, end: int, adler32: int) -> StoredBlock:
        if not self.data_offset <= start < end <= self.source.size_bytes:
            raise self.damage(number, f"it would have the bytes {start} to {end} of {self.source.size_bytes}")
        return StoredBlock(number, start, end - start, _Checked(adler32, bool(pointer & GCZ_PLAIN)), 0)

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count blocks, see `Image.sums`."""
        tables = self.data_offset - GCZ_HEADER.size
        sums = Sums(index_bytes=tables, data_offset=self.data_offset, start=self.data_offset, end=self._end)
        for run in self.locate_runs(0, self.blocks):
            check()
            plain = [each.length for each in run if isinstance(each.codec, _Checked) and each.codec.is_plain]
            sums.plain_blocks += len(plain)
            sums.plain_bytes += sum(plain)
            sums.packed_bytes += sum(each.length for each in run) - sum(plain)
        return sums

"""A format in one module, as a new one would be added: magic, size, a table of lengths, and deflated blocks.

Its blocks are those of a CD's hunks, 19,584 bytes, which divide neither 1 MiB nor each other's sectors of 2,048.
"""

import struct
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from discpress.engine.codecs.blocks import LENGTH_MASK, PLAIN_BIT, Codec
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.images.block_image import BlockImage
from discpress.engine.images.doctor.blocks import about_block
from discpress.engine.images.doctor.findings import Finding, FindingLimit, Severity
from discpress.engine.images.image import Image, StoredBlock, Sums, no_check
from discpress.engine.images.layout import BlockWriter, Layout, Output
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.spec import Encoder, FormatSpec
from discpress.engine.targets import Target

NAME = ImageFormat.named("toy")
MAGIC = b"TOYDISC\n"
BLOCK_SIZE = 19_584
HEADER = struct.Struct("<8sQ")
_ENTRY = 4
_CODEC = DeflateCodec()


def table_bytes(size: int) -> int:
    """Return the bytes of the table of lengths of an image."""
    return _ENTRY * -(-size // BLOCK_SIZE)


class ToyImage(BlockImage):
    """An open image; its places are the sums of the lengths before them."""

    format = NAME
    block_size = BLOCK_SIZE

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        _, self.size = HEADER.unpack(read_bytes(source, 0, HEADER.size).ljust(HEADER.size, b"\0"))
        self.data_offset = HEADER.size + table_bytes(self.size)
        if not self.size > 0 or self.data_offset > source.size_bytes:
            raise DamagedImageError(f"{self.name}: a table for {self.size} bytes does not fit the file")
        self.lengths = array("I", read_bytes(source, HEADER.size, table_bytes(self.size)))
        self.offsets = [self.data_offset]
        for length in self.lengths:
            self.offsets.append(self.offsets[-1] + (length & LENGTH_MASK))

    @property
    def index_extent(self) -> tuple[int, int]:
        return 0, self.data_offset

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        plain = [length & LENGTH_MASK for length in self.lengths if length & PLAIN_BIT]
        packed_bytes = self.offsets[-1] - self.data_offset - sum(plain)
        index_bytes = table_bytes(self.size)
        return Sums(
            len(plain),
            sum(plain),
            packed_bytes,
            index_bytes=index_bytes,
            data_offset=self.data_offset,
            start=self.data_offset,
            end=self.offsets[-1],
        )

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        if self.offsets[first + count] > self.source.size_bytes:
            raise self.damage(first, "it lies beyond the file")
        return [
            StoredBlock(
                number,
                self.offsets[number],
                self.lengths[number] & LENGTH_MASK,
                None if self.lengths[number] & PLAIN_BIT else _CODEC,
                0,
            )
            for number in range(first, first + count)
        ]


class ToyWriter:
    """Writes the blocks as they come, and the table at the end."""

    def __init__(self, output: Output, total_bytes: int) -> None:
        self._output = output
        self._total_bytes = total_bytes
        self._lengths = array("I")
        self.position = HEADER.size + table_bytes(total_bytes)

    @property
    def blocks(self) -> int:
        return len(self._lengths)

    def append(self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview) -> None:
        self._output.write_at(self.position, packed)
        self.position += len(packed)
        self._lengths.extend(lengths[:count])

    def revisit(self, source: memoryview) -> None:
        """No block depends on another one."""

    def save_index(self, first: int) -> int:
        self._output.write_at(HEADER.size + _ENTRY * first, self._lengths[first:].tobytes())
        return zlib.crc32(self._lengths)

    def restore(self, source: ByteSource, blocks: int, position: int, crc32: int) -> bool:
        self._lengths = array("I", read_bytes(source, HEADER.size, _ENTRY * blocks))
        self.position = position
        return zlib.crc32(self._lengths) == crc32

    def finish(self, digests: Mapping[str, str]) -> int:
        self._output.write_at(HEADER.size, self._lengths.tobytes())
        self._output.write_at(0, HEADER.pack(MAGIC, self._total_bytes))
        return self.position


@dataclass(frozen=True, slots=True)
class ToyLayout(Layout):
    """The layout of a toy."""

    def writer(self, output: Output) -> BlockWriter:
        return ToyWriter(output, self.total_bytes)

    def open(self, source: ByteSource) -> Image:
        return ToyImage(source)


class ToyEncoder(Encoder):
    """One block size, deflate, and nothing to align."""

    methods = (Method.ZLIB,)
    block_sizes = grid_block_sizes = (BLOCK_SIZE,)
    why_unaligned = "the blocks of a toy are packed tightly"

    def block_size_for(self, target: Target) -> int:
        return BLOCK_SIZE

    def grid_levels(self, methods: Sequence[Method] = ()) -> Sequence[int]:
        return (1, 9)

    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        return _CODEC.max_level

    def codec(self, settings: Settings, *, for_emulators: bool = False) -> Codec:
        return _CODEC

    def layout(self, settings: Settings, total_bytes: int, index_shift: int = 0) -> Layout:
        return ToyLayout(total_bytes, BLOCK_SIZE, 1, HEADER.size + table_bytes(total_bytes), 1, ())


class ToyFormat(FormatSpec):
    """The format, for the registry."""

    def open(self, source: ByteSource) -> Image:
        return ToyImage(source)

    def place_findings(
        self,
        image: Image,
        target: Target | None,
        max_stored_block: int | None,
        limit: FindingLimit,
        check: Callable[[], None],
    ) -> Iterator[Finding]:
        for number in range(image.blocks):
            check()
            try:
                image.locate(number, 1)
            except DamagedImageError:
                yield about_block(image, number, Severity.ERROR, "toy-place", "it lies beyond the file")
                return


TOY = ToyFormat(NAME, "toy", (MAGIC,), (".toy",), encoder=ToyEncoder())

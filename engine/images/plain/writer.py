"""Writes ISO images: the decoded bytes in order, without index and header."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from discpress.engine.codecs.blocks import CHUNK_BYTES, PLAIN_BIT
from discpress.engine.images.image import Image
from discpress.engine.images.layout import BlockWriter, Layout, Output
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.images.source import ByteSource

_NO_DIGESTS: Mapping[str, str] = MappingProxyType({})


class PlainCodec:
    """Leaves blocks as they are; the writer takes them from the source, so that no chunk is copied."""

    name = "plain"
    version = "1"
    max_level = 1

    def pack(
        self,
        chunk: memoryview,
        block_size: int,
        alignment: int,
        level: int,
        out: memoryview,
        lengths: "array[int]",
    ) -> int:
        """Mark all blocks as plain and write nothing to `out`."""
        for number in range(len(chunk) // block_size):
            lengths[number] = block_size | PLAIN_BIT
        return 0

    def decode(self, stored: memoryview, block_size: int, max_padding: int) -> bytes:
        """Return the block."""
        return bytes(stored[:block_size])


class PlainWriter:
    """Writes an ISO: one plain block for each chunk. The position is all that a checkpoint needs."""

    blocks = 0
    """Index entries: there are none."""

    def __init__(self, output: Output, total_bytes: int) -> None:
        self._output = output
        self._total_bytes = total_bytes
        self.position = 0

    def append(self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview) -> None:
        """Write the next blocks, see `BlockWriter.append`, without the padding after the image's end."""
        decoded = source[: self._total_bytes - self.position]
        self._output.write_at(self.position, decoded)
        self.position += len(decoded)

    def revisit(self, source: memoryview) -> None:
        """Do nothing, because no block depends on another one."""

    def save_index(self, first: int) -> int:
        """Do nothing, because there is no index."""
        return 0

    def restore(self, source: ByteSource, blocks: int, position: int, crc32: int) -> bool:
        """Continue after the bytes that an earlier writer wrote."""
        self.position = position
        return True

    def finish(self, digests: Mapping[str, str] = _NO_DIGESTS) -> int:
        """Return the file's length. RuntimeError if bytes are missing."""
        if self.position != self._total_bytes:
            raise RuntimeError(f"expected {self._total_bytes} bytes, got {self.position}")
        return self.position


@dataclass(frozen=True, slots=True)
class _PlainLayout(Layout):
    @property
    def packs(self) -> bool:
        return False

    def file_bytes(self, stored_bytes: int) -> int:
        return self.total_bytes

    def has_border(self, done_bytes: int, blocks: int, position: int) -> bool:
        return blocks == 0 and position == done_bytes

    def has_form_of(self, image: Image) -> bool:
        return True

    def writer(self, output: Output) -> BlockWriter:
        return PlainWriter(output, self.total_bytes)

    def open(self, source: ByteSource) -> Image:
        return PlainImage(source)


def plain_layout(total_bytes: int) -> Layout:
    """Return the layout of an ISO of `total_bytes`."""
    return _PlainLayout(total_bytes, CHUNK_BYTES, 1, 0, 1, ())

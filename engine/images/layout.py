"""The layout of a conversion's output, with one interface for every written format.

Settings, size -> Layout -> writer, sizes, and the written image
"""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from discpress.engine.codecs.blocks import align_up, chunk_bytes_for
from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Readable


class Output(Protocol):
    """The destination of the bytes."""

    def write_at(self, offset: int, data: Readable) -> None:
        """Write all of `data` at byte `offset`."""


class BlockWriter(Protocol):
    """Writes packed blocks in order, and can continue after the blocks of an earlier writer."""

    position: int
    """Offset of the next block."""

    @property
    def blocks(self) -> int:
        """Number of index entries written so far: one for each block; 0 if there is no index."""

    def append(self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview) -> None:
        """Write the next `count` blocks, in the layout of the format's codec; `source` contains them decoded.

        `packed` can be written to: a format that stores equal blocks once removes the others from it.
        """

    def revisit(self, source: memoryview) -> None:
        """Take the next decoded blocks of an earlier writer, in order from the first on; called after `restore`."""

    def save_index(self, first: int) -> int:
        """Write the index entries from `first` on and return a crc32 of all entries so far."""

    def restore(self, source: ByteSource, blocks: int, position: int, crc32: int) -> bool:
        """Continue after the blocks that an earlier writer wrote; return False if its entries are not in `source`."""

    def finish(self, digests: Mapping[str, str]) -> int:
        """Write the end of the file and its header; return its length. `digests` are those of the decoded image."""


@dataclass(frozen=True, slots=True)
class Layout(ABC):
    """The layout of one output."""

    total_bytes: int
    """Size of the decoded image."""
    block_size: int
    """Decoded bytes of a block."""
    alignment: int
    """Every block starts at a multiple of this many bytes."""
    start: int
    """First byte of the first block."""
    end_alignment: int
    """The file's length is a multiple of this many bytes."""
    records: tuple[str, ...]
    """The digests of the decoded image that the file contains: `sha1`."""

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.total_bytes // self.block_size)

    @property
    def chunk_bytes(self) -> int:
        """Bytes that are packed in one call: the multiple of the block that is nearest to 1 MiB."""
        return chunk_bytes_for(self.block_size)

    @property
    def packs(self) -> bool:
        """Whether its blocks are compressed; if not, the writer takes them as they are."""
        return True

    @property
    def is_resumable(self) -> bool:
        """Whether an interrupted conversion can continue after the bytes that it wrote."""
        return True

    @property
    def looks_at_source(self) -> bool:
        """Whether the writer computes checksums of the decoded blocks."""
        return bool(self.records)

    @property
    def worst_bytes(self) -> int:
        """Length of the file if no block shrinks."""
        return self.file_bytes(self.blocks * self.block_size)

    def file_bytes(self, stored_bytes: int) -> int:
        """Return the length of a file whose blocks take `stored_bytes`, alignment included."""
        return align_up(self.start + stored_bytes, self.end_alignment)

    def has_border(self, done_bytes: int, blocks: int, position: int) -> bool:
        """Return whether `blocks` entries and blocks up to byte `position` can be those of the first `done_bytes`."""
        return blocks == -(-done_bytes // self.block_size) and self.start <= position <= self.worst_bytes

    def has_form_of(self, image: Image) -> bool:
        """Return whether an image of the same format has blocks of this size and alignment."""
        return (image.block_size, 1 << image.index_shift) == (self.block_size, self.alignment)

    @abstractmethod
    def writer(self, output: Output) -> BlockWriter:
        """Return a writer of the file."""

    @abstractmethod
    def open(self, source: ByteSource) -> Image:
        """Open the written file as this format, without detecting the format from its first bytes."""


@dataclass(frozen=True, slots=True)
class WholeLayout(Layout):
    """The layout of a file that another program writes from a whole image: it has no writer of blocks."""

    @property
    def is_resumable(self) -> bool:
        """False: the program begins with the first byte each time."""
        return False

    @property
    def difference_hint(self) -> str:
        """The hint if the written file decodes to other bytes than the source has; empty for the usual one."""
        return ""

    def writer(self, output: Output) -> BlockWriter:
        """Raise TypeError: `pack` writes the file."""
        raise TypeError("this format is written by a program, not in blocks")

    @abstractmethod
    def pack(
        self,
        image: Image,
        output: Output,
        take: Callable[[int, memoryview], None],
        on_progress: Callable[[int, int], None],
    ) -> int:
        """Pack a whole image into `output` and return the length of the file.

        `take` gets the number and the decoded bytes of each chunk, in order.
        `on_progress` gets the decoded and the packed bytes that are done, and
        may raise to stop. Raises the errors of reading the image and of writing the output.
        """

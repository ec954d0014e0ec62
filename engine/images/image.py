"""Readers of disc images: random access to the decoded bytes of any format."""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self, cast

from discpress.engine.codecs.blocks import Decoder
from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.seekable import SeekableFile
from discpress.engine.images.source import ByteSource, shown_name
from discpress.engine.system.files import Readable, Writable

RUN_BYTES = 256 * 1024
"""Decoded bytes whose blocks are fetched with one read: 128 blocks of 2 KiB, and little memory per thread."""
RUN_BLOCKS = 1024
"""Blocks located together if each becomes an object: 0.3 MiB of them."""


def no_check() -> None:
    """Default check: never stop."""


class StoredBlock(NamedTuple):
    """The place and codec of one stored block."""

    number: int
    """Index of the block, from 0."""
    offset: int
    """Offset of the first stored byte."""
    length: int
    """Stored bytes, padding included."""
    codec: Decoder | None
    """Its codec; None for a plain block."""
    max_padding: int
    """Maximum number of padding bytes after the packed bytes."""
    crc16: int | None = None
    """The checksum of a CHD's decoded hunk; None if the format has no checksums."""


@dataclass(slots=True)
class Sums:
    """The blocks of an image in numbers; lengths include the padding of the blocks."""

    plain_blocks: int = 0
    plain_bytes: int = 0
    packed_bytes: int = 0
    shared_blocks: int = 0
    """Number of blocks that are not stored because they equal another one."""
    index_bytes: int = 0
    """Bytes of the index, the tables or the map, without the header."""
    data_offset: int = 0
    """First byte after the header and the index."""
    start: int = 0
    """First byte of the first block."""
    end: int = 0
    """First byte after the last block."""


class Image(ABC):
    """A disc image that is open for reading; any number of threads may read it at once."""

    format: ImageFormat
    is_packed = True
    """Whether it has an index and blocks of its own."""
    size: int
    """Decoded bytes."""
    block_size: int
    """Decoded bytes that are read as one unit; a sector for plain images."""
    version = 0
    index_shift = 0

    def __init__(self, source: ByteSource) -> None:
        self.source = source

    @property
    def name(self) -> str:
        """The file's name for messages."""
        return shown_name(self.source)

    @property
    def recorded(self) -> Mapping[str, str]:
        """The digests of the decoded image that the file contains, by name, as lower-case hex: `sha1` in a CHD."""
        return {}

    @property
    def recorded_problem(self) -> str:
        """The problem of those digests that shows without decoding; empty if there is none."""
        return ""

    @property
    def stored_form(self) -> "Image":
        """The image that the file's blocks decode to: this one, unless they have more in them than the disc.

        The blocks of a CHD of a CD also contain padding and subcode. The recorded digests of such an image are those of
        its stored form.
        """
        return self

    def disc_bytes(self, stored: memoryview, offset: int) -> Readable:
        """Return what bytes of `stored_form` contribute to this image; they begin at a block and end with one."""
        return stored

    @property
    def codec_names(self) -> tuple[str, ...]:
        """Names of the codecs that its header lists."""
        return ()

    @property
    def metadata_names(self) -> tuple[str, ...]:
        """Tags of its metadata."""
        return ()

    @property
    def index_extent(self) -> tuple[int, int]:
        """Offset and length of the stored bytes that a loader keeps in memory to find blocks."""
        return 0, 0

    def check_index(self) -> None:  # noqa: B027 - only a CHD has a checksum of its map
        """Compare the index with its checksum, also the part that no block needed. Raises DamagedImageError."""

    def check_extent(self) -> None:  # noqa: B027 - only an image with blocks can lack some
        """Raise DamagedImageError if the last block is not inside the file, as in half a download."""

    def keep_blocks(self) -> None:  # noqa: B027 - only an image with blocks decodes them
        """Keep the blocks of small reads for the next ones, as for a scan, which reads pieces of the same few."""

    def load_index(self) -> None:  # noqa: B027 - most read it when needed
        """Decode the index as a loader does once when it opens the file, if it is kept decoded."""

    def stored_span(self, offset: int, length: int) -> tuple[int, int]:
        """Return first and end of the stored bytes that decoded bytes are in, to fetch them in advance.

        (0, 0) if that is unknown. A hint: an index that is damaged makes it wrong. Raises DamagedImageError.
        """
        return 0, 0

    @abstractmethod
    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count blocks and bytes, see `statistics.read_facts`."""

    @property
    def path(self) -> Path:
        """The path of its file; in an archive, the path below the archive."""
        return self.source.path

    @property
    def file_bytes(self) -> int:
        """Stored size: of its file, or of its share of an archive."""
        return self.source.held_bytes

    @property
    def stored_bytes(self) -> int:
        """Bytes of the file as a loader gets it: unpacked, if it is in an archive."""
        return self.source.size_bytes

    @property
    def is_sequential(self) -> bool:
        """Whether it is compressed in an archive: best read in order, and only once."""
        return self.source.is_sequential

    @property
    def blocks(self) -> int:
        """Number of blocks; of sectors for a plain image."""
        return -(-self.size // self.block_size)

    @abstractmethod
    def read_into(self, buffer: Writable, offset: int) -> int:
        """Fill `buffer` with decoded bytes from `offset` on and return their number: fewer only at the end.

        Raises DamagedImageError with the block that does not decode, StorageError if the disk fails.
        """

    def read_all(self, buffer: Writable, offset: int) -> None:
        """Fill all of `buffer` as `read_into` does. Raises DamagedImageError also if the file ends too early."""
        count = self.read_into(buffer, offset)
        if count != len(buffer):
            raise DamagedImageError(
                f"{self.name}: the file ends at byte {offset + count} of {self.size}",
                hint="try again when no program writes to it: it became shorter while it was read",
            )

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the `length` decoded bytes from `offset` on, fewer only at the image's end."""
        if offset < 0 or length < 0:
            raise ValueError(f"offset {offset} and length {length} must not be negative")
        buffer = bytearray(max(0, min(length, self.size - offset)))
        return bytes(buffer[: self.read_into(buffer, offset)])

    def open_file(self) -> BinaryIO:
        """Return the decoded image as a seekable, buffered file object; closing it leaves the image open."""
        raw = SeekableFile(self.read_into, self.size)
        return cast(BinaryIO, io.BufferedReader(raw, max(self.block_size, io.DEFAULT_BUFFER_SIZE)))

    @abstractmethod
    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Return the places of blocks `first` to `first + count - 1`, checked against the file's size."""

    @abstractmethod
    def decode_block(self, block: StoredBlock) -> bytes:
        """Return the decoded bytes of one block: `block_size`, or fewer for the last."""

    def locate_runs(self, first: int, count: int) -> Iterator[Sequence[StoredBlock]]:
        """Yield the places of `count` blocks from `first` on, RUN_BLOCKS at a time. DamagedImageError as `locate`."""
        for number in range(first, first + count, RUN_BLOCKS):
            yield self.locate(number, min(RUN_BLOCKS, first + count - number))

    def block_length(self, number: int) -> int:
        """Return the number of decoded bytes in block `number`."""
        return min(self.block_size, self.size - number * self.block_size)

    def damage(self, number: int, what: str) -> DamagedImageError:
        """Return the error that names a block and the sectors in it."""
        return DamagedImageError(
            f"{self.name}: block {number} ({self.sectors_of(number)}): {what}",
            hint="restore the file from a backup or convert it again from its source",
        )

    def first_sector_of(self, number: int) -> int:
        """Return the number of the first sector in block `number`."""
        return number * self.block_size // SECTOR_SIZE

    def sectors_of(self, number: int) -> str:
        """Return the sectors in block `number`, as words."""
        first = self.first_sector_of(number)
        last = (number * self.block_size + self.block_length(number) - 1) // SECTOR_SIZE
        return f"sector {first}" if first == last else f"sectors {first}-{last}"

    def close(self) -> None:
        """Close the file."""
        self.source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class UnindexedImage(Image):
    """An image whose blocks are at multiples of their size, in its decoded bytes: they need no index."""

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate blocks by their offsets in this image, see `Image.locate`."""
        numbers = range(first, first + count)
        return [StoredBlock(each, each * self.block_size, self.block_length(each), None, 0) for each in numbers]

    def decode_block(self, block: StoredBlock) -> bytes:
        """Read a block, see `Image.decode_block`."""
        return self.read_at(block.offset, block.length)

    def sums(self, check: Callable[[], None] = no_check) -> Sums:
        """Count blocks, all of them plain, see `Image.sums`."""
        return Sums(self.blocks, self.size, end=self.size)

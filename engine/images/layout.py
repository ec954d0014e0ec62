"""The layout of a conversion's output, with one interface for every packed format.

Settings, size -> Layout -> writer, sizes, and the written image
"""

from abc import ABC, abstractmethod
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from discpress.engine.codecs.blocks import align_up
from discpress.engine.errors import SettingError
from discpress.engine.formats import DEFAULT_BLOCK_SIZE, MAX_DISC_BYTES, SECTOR_SIZE, ImageFormat, Settings
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.writer import ChdShape, ChdWriter
from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource
from discpress.engine.images.zso_cso.header import Header, check_reach
from discpress.engine.images.zso_cso.image import IndexedImage
from discpress.engine.images.zso_cso.writer import Output, PackedWriter
from discpress.engine.units import format_size

_VERSION = 1  # of written ZSO and CSO files


class BlockWriter(Protocol):
    """Writes packed blocks in order, and can continue after the blocks of an earlier writer."""

    position: int
    """Offset of the next block."""

    @property
    def blocks(self) -> int:
        """Number of blocks written so far."""

    def append(self, packed: memoryview, lengths: "array[int]", count: int, source: memoryview) -> None:
        """Write the next `count` blocks, in the layout of the format's codec; `source` contains them decoded."""

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
    """The layout of one packed output."""

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

    @abstractmethod
    def writer(self, output: Output) -> BlockWriter:
        """Return a writer of the file."""

    @abstractmethod
    def open(self, source: ByteSource) -> Image:
        """Open the written file as this format, without detecting the format from its first bytes."""


@dataclass(frozen=True, slots=True)
class _IndexedLayout(Layout):
    header: Header
    """Header of the ZSO or CSO."""

    def writer(self, output: Output) -> BlockWriter:
        return PackedWriter(output, self.header)

    def open(self, source: ByteSource) -> Image:
        return IndexedImage(source)


@dataclass(frozen=True, slots=True)
class _ChdLayout(Layout):
    shape: ChdShape
    """Shape of the CHD."""

    def writer(self, output: Output) -> BlockWriter:
        return ChdWriter(output, self.shape)

    def open(self, source: ByteSource) -> Image:
        return ChdImage(source)


def check_size(name: str, total_bytes: int, image_format: ImageFormat, block_size: int) -> None:
    """Raise SettingError unless a packed format can hold an image of so many bytes in blocks of this size."""
    if image_format is not ImageFormat.CHD:
        check_reach(name, total_bytes, block_size)
    elif total_bytes > MAX_DISC_BYTES:
        check_reach(name, total_bytes, DEFAULT_BLOCK_SIZE)  # no hint at another format if no index reaches
        size, most = format_size(total_bytes), format_size(MAX_DISC_BYTES)
        raise SettingError(f"{name}: {size} is too large for a CHD: discpress reads up to {most}", hint="use -f zso")


def layout_of(settings: Settings, total_bytes: int, index_shift: int) -> Layout:
    """Return the layout of an image of `total_bytes` with settings for a packed format.

    `index_shift` is that of a ZSO or CSO, whose offsets count steps of 1 << index_shift bytes; 0 for a CHD.
    """
    if settings.format is ImageFormat.CHD:
        shape = ChdShape(total_bytes, settings.block_size, settings.methods)
        return _ChdLayout(total_bytes, settings.block_size, 1, shape.data_offset, 1, ("sha1",), shape)
    header = Header(settings.format, total_bytes, settings.block_size, _VERSION, index_shift)
    start = align_up(header.data_offset, header.alignment)
    return _IndexedLayout(total_bytes, settings.block_size, header.alignment, start, SECTOR_SIZE, (), header)

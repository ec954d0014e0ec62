"""The layout of a written ZSO or CSO."""

from dataclasses import dataclass

from discpress.engine.codecs.blocks import align_up
from discpress.engine.formats import SECTOR_SIZE, Settings
from discpress.engine.images.image import Image
from discpress.engine.images.layout import BlockWriter, Layout, Output
from discpress.engine.images.source import ByteSource
from discpress.engine.images.zso_cso.header import Header
from discpress.engine.images.zso_cso.image import IndexedImage
from discpress.engine.images.zso_cso.writer import PackedWriter

_VERSION = 1


@dataclass(frozen=True, slots=True)
class _IndexedLayout(Layout):
    header: Header
    """Header of the file."""

    def writer(self, output: Output) -> BlockWriter:
        return PackedWriter(output, self.header)

    def open(self, source: ByteSource) -> Image:
        return IndexedImage(source)


def indexed_layout(settings: Settings, total_bytes: int, index_shift: int) -> Layout:
    """Return the layout of an image of `total_bytes`; offsets in the index count steps of 1 << index_shift bytes."""
    header = Header(settings.format, total_bytes, settings.block_size, _VERSION, index_shift)
    start = align_up(header.data_offset, header.alignment)
    return _IndexedLayout(total_bytes, settings.block_size, header.alignment, start, SECTOR_SIZE, (), header)

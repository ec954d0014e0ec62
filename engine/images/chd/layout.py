"""The layout of a written CHD."""

from dataclasses import dataclass

from discpress.engine.formats import Settings
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.writer import ChdShape, ChdWriter
from discpress.engine.images.image import Image
from discpress.engine.images.layout import BlockWriter, Layout, Output
from discpress.engine.images.source import ByteSource


@dataclass(frozen=True, slots=True)
class ChdLayout(Layout):
    """The layout of a CHD."""

    shape: ChdShape
    """Shape of the CHD."""

    def writer(self, output: Output) -> BlockWriter:
        """Return a writer, see `Layout.writer`."""
        return ChdWriter(output, self.shape)

    def open(self, source: ByteSource) -> Image:
        """Open the file, see `Layout.open`."""
        return ChdImage(source)


def chd_layout(settings: Settings, total_bytes: int) -> Layout:
    """Return the layout of an image of `total_bytes`; the file records its SHA-1."""
    shape = ChdShape(total_bytes, settings.block_size, settings.methods)
    return ChdLayout(total_bytes, settings.block_size, 1, shape.data_offset, 1, ("sha1",), shape)

"""The layout of a written CHD of a CD."""

from collections.abc import Sequence
from dataclasses import dataclass

from discpress.engine.formats import CD_FRAME_BYTES, Settings
from discpress.engine.images.chd.cd.image import open_chd
from discpress.engine.images.chd.image import ChdImage
from discpress.engine.images.chd.layout import ChdLayout
from discpress.engine.images.chd.metadata import NewEntry
from discpress.engine.images.chd.writer import ChdShape
from discpress.engine.images.image import Image
from discpress.engine.images.source import ByteSource


@dataclass(frozen=True, slots=True)
class _CdLayout(ChdLayout):
    def open(self, source: ByteSource) -> Image:
        return open_chd(source) if self.shape.metadata else ChdImage(source)


def cd_layout(settings: Settings, total_bytes: int, metadata: Sequence[NewEntry] = ()) -> ChdLayout:
    """Return the layout of frames of `total_bytes`, with their track table and more in the metadata.

    Without metadata, the frames are the image.
    """
    shape = ChdShape(total_bytes, settings.block_size, settings.methods, CD_FRAME_BYTES, tuple(metadata))
    return _CdLayout(total_bytes, settings.block_size, 1, shape.data_offset, 1, ("sha1",), shape)

"""Plain images: an ISO, whose file contains the sectors of the disc in order."""

from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.image import UnindexedImage
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Writable


class PlainImage(UnindexedImage):
    """An image whose file contains the sectors of the disc in order."""

    format = ImageFormat.ISO
    block_size = SECTOR_SIZE
    is_packed = False

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        self.size = source.size_bytes

    def read_into(self, buffer: Writable, offset: int) -> int:
        """Read decoded bytes, see `Image.read_into`."""
        return self.source.read_into(buffer, offset)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return decoded bytes, see `Image.read_at`: those of the source, without a copy."""
        return super().read_at(offset, length) if offset < 0 or length < 0 else self.source.read_at(offset, length)

    def stored_span(self, offset: int, length: int) -> tuple[int, int]:
        """Return the same bytes, see `Image.stored_span`."""
        return offset, offset + length

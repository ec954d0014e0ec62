"""Plain images: an ISO, whose file contains the sectors of the disc in order."""

from collections.abc import Callable, Sequence

from discpress.engine.formats import SECTOR_SIZE, ImageFormat
from discpress.engine.images.image import Image, StoredBlock, Sums, no_check
from discpress.engine.images.source import ByteSource
from discpress.engine.system.files import Writable


class PlainImage(Image):
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

    def locate(self, first: int, count: int) -> Sequence[StoredBlock]:
        """Locate sectors, see `Image.locate`: their places need no index."""
        numbers = range(first, first + count)
        return [StoredBlock(each, each * SECTOR_SIZE, self.block_length(each), None, 0) for each in numbers]

    def decode_block(self, block: StoredBlock) -> bytes:
        """Return a sector."""
        return self.read_at(block.offset, block.length)

    def sums(self, *, measure: bool = False, check: Callable[[], None] = no_check) -> Sums:
        """Count sectors, see `Image.sums`."""
        return Sums(self.blocks, self.size, end=self.size)

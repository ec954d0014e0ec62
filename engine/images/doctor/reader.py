"""The receiver of the bytes that a deep check decodes."""

from discpress.engine.images.image import Image


class DeepReader:
    """Receives everything that a deep check decodes; this one ignores it."""

    def begin(self, image: Image) -> None:
        """Called before the first block is decoded."""

    def take(self, data: memoryview) -> None:
        """Called with the decoded bytes, in order, without those of blocks that do not decode."""

    def end(self, image: Image) -> None:
        """Called after the last block, while the image is still open."""

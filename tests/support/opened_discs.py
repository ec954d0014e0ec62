"""Opens discs in files of their own."""

from pathlib import Path

from discpress.engine.images.cd.sheet_image import SheetImage
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image


def opened(path: Path) -> SheetImage:
    """Open the disc of a sheet, or of a raw dump."""
    image = open_image(path)
    assert isinstance(image, SheetImage)
    return image


def whole(image: Image) -> bytes:
    """Return all decoded bytes."""
    return image.read_at(0, image.size)

"""The format DAX, in the registry."""

from typing import TYPE_CHECKING

from discpress.engine.formats import ImageFormat
from discpress.engine.images.source import ByteSource
from discpress.engine.images.spec import TableSpec

if TYPE_CHECKING:
    from discpress.engine.images.image import Image


class _Dax(TableSpec):
    def open(self, source: ByteSource) -> "Image":
        from discpress.engine.images.dax.image import DaxImage

        return DaxImage(source)


DAX = _Dax(ImageFormat.DAX, "DAX", (b"DAX\x00",), (".dax",))

"""The format DAX, in the registry."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from discpress.engine.formats import ImageFormat
from discpress.engine.images.source import ByteSource
from discpress.engine.images.spec import FormatSpec
from discpress.engine.targets import Target

if TYPE_CHECKING:
    from discpress.engine.images.doctor.findings import Finding, FindingLimit
    from discpress.engine.images.image import Image


class _Dax(FormatSpec):
    def open(self, source: ByteSource) -> "Image":
        from discpress.engine.images.dax.image import DaxImage

        return DaxImage(source)

    def place_findings(
        self,
        image: "Image",
        target: Target | None,
        max_stored_block: int | None,
        limit: "FindingLimit",
        check: Callable[[], None],
    ) -> Iterator["Finding"]:
        from discpress.engine.images.doctor.blocks import table_findings

        return table_findings(image, limit, check)


DAX = _Dax(ImageFormat.DAX, "DAX", (b"DAX\x00",), (".dax",))

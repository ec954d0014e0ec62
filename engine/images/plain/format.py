"""The format ISO, in the registry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from discpress.engine.formats import DEFAULT_LEVEL, ImageFormat, Method, Settings
from discpress.engine.images.source import ByteSource
from discpress.engine.images.spec import Encoder, FormatSpec

if TYPE_CHECKING:
    from discpress.engine.codecs.blocks import Codec
    from discpress.engine.images.image import Image
    from discpress.engine.images.layout import Layout


class _IsoEncoder(Encoder):
    packs = False

    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        return DEFAULT_LEVEL  # it means nothing

    def codec(self, settings: Settings, *, for_emulators: bool = False) -> "Codec":
        from discpress.engine.images.plain.writer import PlainCodec

        return PlainCodec()

    def layout(self, settings: Settings, total_bytes: int, index_shift: int = 0) -> "Layout":
        from discpress.engine.images.plain.writer import plain_layout

        return plain_layout(total_bytes)

    def recipe(self, settings: Settings, index_shift: int, codec: "Codec", chunk_bytes: int) -> str:
        """Nothing changes the bytes of an ISO."""
        return str(settings.format)


class _Iso(FormatSpec):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return True

    def open(self, source: ByteSource) -> "Image":
        from discpress.engine.images.plain.image import PlainImage

        return PlainImage(source)


ISO = _Iso(
    ImageFormat.ISO,
    "ISO",
    suffixes=(".iso", ".img"),
    is_packed=False,
    promises=False,
    encoder=_IsoEncoder(),
)

"""The formats ZSO and CSO, in the registry."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from discpress.engine.errors import DamagedImageError, way_to_install
from discpress.engine.formats import METHOD_LEVELS, SECTOR_SIZE, ImageFormat, Method, Settings
from discpress.engine.images.known_disc import PVD_SECTOR
from discpress.engine.images.nintendo.format import is_gamecube_ciso
from discpress.engine.images.source import ByteSource
from discpress.engine.images.spec import Encoder, FormatSpec
from discpress.engine.images.zso_cso.header import check_reach, smallest_shift
from discpress.engine.targets import Target

if TYPE_CHECKING:
    from discpress.engine.codecs.blocks import Codec
    from discpress.engine.images.doctor.findings import Finding, FindingLimit
    from discpress.engine.images.image import Image
    from discpress.engine.images.layout import Layout
    from discpress.engine.images.zso_cso.image import IndexedImage


class _IndexedEncoder(Encoder):
    def layout(self, settings: Settings, total_bytes: int, index_shift: int = 0) -> "Layout":
        from discpress.engine.images.zso_cso.layout import indexed_layout

        return indexed_layout(settings, total_bytes, index_shift)

    def check_size(self, name: str, total_bytes: int, block_size: int) -> None:
        check_reach(name, total_bytes, block_size)

    def smallest_shift(self, total_bytes: int, block_size: int) -> int:
        return smallest_shift(total_bytes, block_size)


class _ZsoEncoder(_IndexedEncoder):
    methods = (Method.LZ4,)

    def grid_levels(self, methods: Sequence[Method] = ()) -> Sequence[int]:
        return (1, 4, 9, 10, 12)

    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        return METHOD_LEVELS[Method.LZ4]

    def codec(self, settings: Settings, *, for_emulators: bool = False) -> "Codec":
        from discpress.engine.codecs.kernels import lz4_codec

        return lz4_codec(settings.level)


class _CsoEncoder(_IndexedEncoder):
    """zlib for what a PSP may load, libdeflate with more levels for what only emulators load."""

    methods = (Method.ZLIB,)

    def grid_levels(self, methods: Sequence[Method] = ()) -> Sequence[int]:
        return (1, 6, 9)

    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        return METHOD_LEVELS[Method.ZLIB]

    def grid_levels_for(self, target: Target, methods: Sequence[Method] = ()) -> Sequence[int]:
        highest = self.highest_level_for(target)
        more = (self.highest_level() + 1, highest) if highest > self.highest_level() else ()
        return (*self.grid_levels(), *more)

    def highest_level_for(self, target: Target, methods: Sequence[Method] = ()) -> int:
        from discpress.engine.codecs import libdeflate

        takes_more = target.is_emulator and libdeflate.VERSION
        return libdeflate.LibdeflateCodec.max_level if takes_more else self.highest_level()

    def why_lowered(self, target: Target) -> str:
        from discpress.engine.codecs import libdeflate

        if not target.is_emulator:
            return "levels 10 to 12 are for emulators only"
        return "" if libdeflate.VERSION else f"levels 10 to 12 need libdeflate: {way_to_install('discpress[cso]')}"

    def level_name(self, level: int) -> str:
        return "libdeflate, for emulators only" if level > self.highest_level() else ""

    def codec(self, settings: Settings, *, for_emulators: bool = False) -> "Codec":
        from discpress.engine.codecs import libdeflate
        from discpress.engine.codecs.deflate import DeflateCodec

        return libdeflate.LibdeflateCodec() if for_emulators and libdeflate.VERSION else DeflateCodec()


class _Indexed(FormatSpec):
    """A header of 24 bytes, an index and blocks."""

    def open(self, source: ByteSource) -> "Image":
        from discpress.engine.images.zso_cso.image import IndexedImage

        return IndexedImage(source)

    def open_unchecked(self, source: ByteSource) -> "Image":
        from discpress.engine.images.zso_cso.image import IndexedImage

        return IndexedImage(source, check_start=False)

    def is_really(self, source: ByteSource) -> bool:
        try:
            image = cast("IndexedImage", self.open(source))
        except DamagedImageError:
            return False
        last = image.blocks - 1
        numbers = {0, min(PVD_SECTOR * SECTOR_SIZE // image.block_size, last), last}
        outcomes = {_decodes(image, number) for number in numbers}
        return False not in outcomes or True in outcomes

    def header_findings(self, source: ByteSource) -> Iterator["Finding"]:
        from discpress.engine.images.doctor.headers import header_findings

        return header_findings(source)

    def fatal_findings(self, image: "Image") -> Iterator["Finding"]:
        from discpress.engine.images.doctor.blocks import lost_tail

        return lost_tail(cast("IndexedImage", image))

    def place_findings(
        self,
        image: "Image",
        target: Target | None,
        max_stored_block: int | None,
        limit: "FindingLimit",
        check: Callable[[], None],
    ) -> Iterator["Finding"]:
        from discpress.engine.images.doctor.blocks import index_findings
        from discpress.engine.images.doctor.last_block import end_findings

        indexed = cast("IndexedImage", image)
        yield from index_findings(indexed, max_stored_block, limit, check)
        yield from end_findings(indexed, target)


class _Cso(_Indexed):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return head.startswith(self.magics) and not is_gamecube_ciso(head)


def _decodes(image: "IndexedImage", number: int) -> bool | None:
    """Return whether a packed block decodes; None for a plain one, which any format decodes."""
    try:
        (block,) = image.locate(number, 1)
        if block.codec is None:
            return None
        image.decode_block(block)
    except DamagedImageError:
        return False
    return True


ZSO = _Indexed(ImageFormat.ZSO, "ZSO", (b"ZISO",), (".zso", ".ziso"), encoder=_ZsoEncoder())
CSO = _Cso(ImageFormat.CSO, "CSO", (b"CISO",), (".cso", ".ciso"), encoder=_CsoEncoder())

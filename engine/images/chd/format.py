"""The format CHD, in the registry: version 5 of DVDs, hard disks, CDs and GD-ROMs."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, cast

from discpress.engine.errors import SettingError
from discpress.engine.formats import (
    DEFAULT_BLOCK_SIZE,
    HUNK_METHODS,
    HUNK_SIZE,
    MAX_DISC_BYTES,
    ImageFormat,
    Method,
    Settings,
    as_disc_methods,
    highest_level_of,
)
from discpress.engine.images.chd.header import MAGIC, MAX_HUNKS, least_hunk_size
from discpress.engine.images.source import ByteSource
from discpress.engine.images.spec import Encoder, FormatSpec
from discpress.engine.images.zso_cso.header import check_reach
from discpress.engine.targets import Target
from discpress.engine.units import KIB, MIB, format_size

if TYPE_CHECKING:
    from discpress.engine.codecs.blocks import Codec
    from discpress.engine.images.chd.image import ChdImage
    from discpress.engine.images.doctor.findings import Finding, FindingLimit
    from discpress.engine.images.image import Image
    from discpress.engine.images.layout import Layout

GRID_LEVELS = {Method.ZSTD: (3, 9, 19), Method.LZMA: (1, 6), Method.ZLIB: (1, 6, 9)}
"""By the first of the methods."""


class _ChdEncoder(Encoder):
    methods = HUNK_METHODS
    grid_block_sizes = tuple(size * KIB for size in (2, 4, 16, 64, 256, 1024))
    why_unaligned = "the hunks of a CHD have none"
    unsampled = "equal hunks"
    threads_bytes = 64 * MIB
    """Larger, because Zstandard and LZMA need twenty times a hunk; otherwise one thread only could pack large hunks."""

    def block_size_for(self, target: Target) -> int:
        # Those of a CD player are for the other encoder; its check of an image without tracks comes later.
        return target.hunk_size if self.is_block_size(target.hunk_size) else HUNK_SIZE

    def methods_for(self, target: Target, wanted: Sequence[Method] = ()) -> tuple[Method, ...]:
        return as_disc_methods(wanted) or as_disc_methods((target.default_method,))

    def grid_levels(self, methods: Sequence[Method] = ()) -> Sequence[int]:
        return GRID_LEVELS[methods[0]]

    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        return highest_level_of(methods)

    def codec(self, settings: Settings, *, for_emulators: bool = False) -> "Codec":
        from discpress.engine.codecs.hunks import HunkCodec

        return HunkCodec(settings.methods)

    def layout(self, settings: Settings, total_bytes: int, index_shift: int = 0) -> "Layout":
        from discpress.engine.images.chd.layout import chd_layout

        return chd_layout(settings, total_bytes)

    def check_size(self, name: str, total_bytes: int, block_size: int) -> None:
        if total_bytes > MAX_DISC_BYTES:
            check_reach(name, total_bytes, DEFAULT_BLOCK_SIZE)  # no hint at another format if no index reaches
            size, most = format_size(total_bytes), format_size(MAX_DISC_BYTES)
            message = f"{name}: {size} is too large for a CHD: discpress reads up to {most}"
            raise SettingError(message, hint="use -f zso")

    def check_blocks(self, name: str, total_bytes: int, block_size: int) -> None:
        least = least_hunk_size(total_bytes)
        if block_size < least:
            raise SettingError(
                f"{name}: {format_size(total_bytes)} in hunks of {block_size} exceeds the limit of {MAX_HUNKS} hunks",
                hint=f"use -b {least} or more",
            )

    def working_bytes(self, settings: Settings) -> int:
        from discpress.engine.codecs.hunks import working_bytes

        return working_bytes(settings.methods, settings.block_size, settings.level)


class _Chd(FormatSpec):
    def open(self, source: ByteSource) -> "Image":
        from discpress.engine.images.chd.cd.image import open_chd

        return open_chd(source)

    def place_findings(
        self,
        image: "Image",
        target: Target | None,
        max_stored_block: int | None,
        limit: "FindingLimit",
        check: Callable[[], None],
    ) -> Iterator["Finding"]:
        from discpress.engine.images.doctor.chd import map_findings

        return map_findings(cast("ChdImage", image.stored_form), limit, check)


CHD = _Chd(ImageFormat.CHD, "CHD", (MAGIC,), (".chd",), shares_blocks=True, encoder=_ChdEncoder())

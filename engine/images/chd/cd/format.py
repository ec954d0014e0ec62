"""The writing side of CHD files of CDs, for the registry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from discpress.engine.errors import SettingError
from discpress.engine.formats import (
    CD_FRAME_BYTES,
    CD_HUNK_SIZE,
    CD_METHODS,
    Method,
    Settings,
    as_cd_methods,
    highest_level_of,
)
from discpress.engine.images.spec import Encoder
from discpress.engine.targets import Target
from discpress.engine.units import MIB

if TYPE_CHECKING:
    from discpress.engine.codecs.blocks import Codec
    from discpress.engine.images.chd.metadata import NewEntry
    from discpress.engine.images.layout import Layout

DEFAULT_METHODS = (Method.CDLZ, Method.CDZL, Method.CDFL)
"""Those of `chdman createcd`, which every loader of such files reads."""
_GRID_LEVELS = (1, 6, 9)
_MAX_FRAMES = 1_000_000
"""See `frames.MAX_FRAMES`."""


class _CdEncoder(Encoder):
    methods = CD_METHODS
    block_sizes = (CD_HUNK_SIZE,)
    grid_block_sizes = (CD_HUNK_SIZE,)
    why_unaligned = "the hunks of a CHD have none"
    unsampled = "equal hunks"
    threads_bytes = 52 * MIB
    """Eleven threads: LZMA is slow enough to use them, and 96 MiB are for the whole process."""

    def block_size_for(self, target: Target) -> int:
        return CD_HUNK_SIZE

    def methods_for(self, target: Target, wanted: Sequence[Method] = ()) -> tuple[Method, ...]:
        return as_cd_methods(wanted) or DEFAULT_METHODS

    def grid_levels(self, methods: Sequence[Method] = ()) -> Sequence[int]:
        return _GRID_LEVELS

    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        return highest_level_of(methods)

    def codec(self, settings: Settings, *, for_emulators: bool = False) -> "Codec":
        from discpress.engine.codecs.cd.hunk_codec import CdHunkCodec

        return CdHunkCodec(settings.methods)

    def layout(
        self, settings: Settings, total_bytes: int, index_shift: int = 0, metadata: "Sequence[NewEntry]" = ()
    ) -> "Layout":
        from discpress.engine.images.chd.cd.layout import cd_layout

        return cd_layout(settings, total_bytes, metadata)

    def check_size(self, name: str, total_bytes: int, block_size: int) -> None:
        if total_bytes > _MAX_FRAMES * CD_FRAME_BYTES:
            raise SettingError(
                f"{name}: its sectors are too many for a CHD of a CD: discpress reads up to {_MAX_FRAMES}",
                hint="keep the image as it is: no CD or GD-ROM is that long",
            )

    def working_bytes(self, settings: Settings) -> int:
        from discpress.engine.codecs.cd.hunk_codec import cd_working_bytes

        return cd_working_bytes(settings.methods, settings.block_size, settings.level)


CD_ENCODER = _CdEncoder()
"""Writes CHD files with the tracks of a CD; `CHD.encoder` writes those of other discs."""

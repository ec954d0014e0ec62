"""The packed forms of GameCube and Wii discs, in the registry: RVZ, WIA, GCZ, WBFS, CISO and TGC."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from discpress.engine.errors import SettingError, UsageError
from discpress.engine.formats import DEFAULT_LEVEL, ImageFormat, Method, Settings, is_block_size
from discpress.engine.images.nintendo_loss import full_bytes
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES, Encoder, FormatSpec, TableSpec
from discpress.engine.systems import System
from discpress.engine.targets import ARCHIVE, Target
from discpress.engine.units import KIB, MIB, format_size

if TYPE_CHECKING:
    from discpress.engine.codecs.blocks import Codec
    from discpress.engine.images.image import Image
    from discpress.engine.images.layout import Layout
    from discpress.engine.images.nintendo.image import NintendoImage

_UNREAD_REST = 128
"""Bytes of the disc that are in the header of an RVZ or WIA: no chunk may have so few."""
_CISO_MAGIC = b"CISO"
_CISO_HEADER_SIZES = {0, 0x18}
_CISO_MAP = slice(8, SNIFF_BYTES)


class NintendoEncoder(Encoder):
    """Writes a format by nod-rs, which packs a whole disc."""

    why_unaligned = "nod-rs places the blocks"
    why_whole = "nod-rs packs whole discs only"
    systems = frozenset({System.GAMECUBE, System.WII})
    image_format: ClassVar[ImageFormat]
    label: ClassVar[str]
    method: ClassVar[str] = ""
    """The codec, as nod-rs names it; empty if there is none."""
    levels: ClassVar[tuple[int, ...]] = ()
    """Its levels; none if there is no codec."""
    level: ClassVar[int] = DEFAULT_LEVEL
    """The default level."""

    @property
    def has_levels(self) -> bool:
        """Whether the format has a codec."""
        return bool(self.levels)

    def block_size_for(self, target: Target) -> int:
        """Return the only size, or the smallest."""
        return self.block_sizes[0]

    def level_for(self, target: Target) -> int:
        """Return the default level."""
        return self.level

    def grid_levels(self, methods: Sequence[Method] = ()) -> Sequence[int]:
        """Return some levels; none if the format has none."""
        return self.levels

    def highest_level(self, methods: Sequence[Method] = ()) -> int:
        """Return the highest level; one that means nothing if the format has none."""
        return max(self.levels, default=DEFAULT_LEVEL)

    def codec(self, settings: Settings, *, for_emulators: bool = False) -> "Codec":
        """Raise UsageError: there is no codec for parts of a disc."""
        raise UsageError(f"{self.label}: {self.why_whole}")

    def layout(self, settings: Settings, total_bytes: int, index_shift: int = 0) -> "Layout":
        """Return the layout, see `Encoder`."""
        from discpress.engine.images.nintendo.writer import NintendoLayout

        compression = f"{self.method}:{settings.level}" if self.method else None
        return NintendoLayout(total_bytes, settings.block_size, 1, 0, 1, (), self.image_format, self.label, compression)

    def check_image(self, image: "Image") -> str:
        """Check an image, see `Encoder`."""
        from discpress.engine.images.nintendo.writer import check_packable

        check_packable(image, self.label)
        if not (unpacked_bytes := self.unpacked_bytes(image)):
            return ""
        return f"it is unpacked next to the result first, which takes {format_size(unpacked_bytes)} there meanwhile"

    def unpacked_bytes(self, image: "Image") -> int:
        """Return the size of an image that nod-rs cannot read, which is unpacked first; 0 for all others."""
        from discpress.engine.images.nintendo.writer import is_readable

        return 0 if is_readable(image) else image.size


class _ChunkEncoder(NintendoEncoder):
    unsampled = "equal groups"

    def check_size(self, name: str, total_bytes: int, block_size: int) -> None:
        """Refuse a disc that nod-rs would write and not read (findings/nod-rvz-tail.sh)."""
        rest = total_bytes % block_size
        if 0 < rest <= _UNREAD_REST:
            raise SettingError(
                f"{name}: nod-rs cannot read back a {self.label} with {rest} bytes in its last chunk",
                hint="use -f wbfs or -f gcz; no full dump has such a size",
            )


class _RvzEncoder(_ChunkEncoder):
    image_format, label = ImageFormat.RVZ, "RVZ"
    block_sizes = grid_block_sizes = tuple(size * KIB for size in (32, 64, 128, 256, 512, 1024))
    method, levels, level = "Zstandard", (1, 5, 9, 19), 5

    def block_size_for(self, target: Target) -> int:
        return 128 * KIB  # as Dolphin advises

    def level_for(self, target: Target) -> int:
        return self.highest_level() if target.name == ARCHIVE else self.level


class _GczEncoder(NintendoEncoder):
    image_format, label = ImageFormat.GCZ, "GCZ"
    why_fixed = "nod-rs writes a GCZ with blocks of 32 KiB"
    block_sizes = grid_block_sizes = (32 * KIB,)
    method, levels = "Deflate", (1, 6, 9)


class _WiaEncoder(_ChunkEncoder):
    image_format, label = ImageFormat.WIA, "WIA"
    why_fixed = "a WIA has chunks of 2 MiB, the group of sectors whose hashes belong together"
    block_sizes = grid_block_sizes = (2 * MIB,)
    method, levels, level = "Lzma", (1, 6, 9), 6


class _BlockMapEncoder(NintendoEncoder):
    def size_notice(self, total_bytes: int, system: System) -> str:
        """Return the notice about a disc that is no full dump: the format has no field for its size."""
        full = full_bytes(system, total_bytes) if system in self.systems else total_bytes
        if total_bytes == full:
            return ""
        return (
            f"a {self.label} has no field for the size of its disc, {total_bytes} bytes: nod-rs and discpress find it "
            f"in a mark, other programs assume {full} bytes"
        )


class _WbfsEncoder(_BlockMapEncoder):
    image_format, label = ImageFormat.WBFS, "WBFS"
    why_fixed = "a WBFS has blocks of 2 MiB, which all loaders expect"
    block_sizes = grid_block_sizes = (2 * MIB,)


class _CisoEncoder(_BlockMapEncoder):
    image_format, label = ImageFormat.GAMECUBE_CISO, "CISO"
    why_fixed = "Nintendont loads a CISO with blocks of 2 MiB only"
    block_sizes = grid_block_sizes = (2 * MIB,)


class NintendoSpec(FormatSpec):
    """A format that nod-rs decodes."""

    def open(self, source: ByteSource) -> "Image":
        """Open an image, see `FormatSpec`; MissingPackageError without nod-rs."""
        from discpress.engine.images.nintendo.image import NintendoImage

        return NintendoImage(source, self.name, self.label)


class _Gcz(TableSpec):
    def open(self, source: ByteSource) -> "Image":
        from discpress.engine.images.nintendo.gcz import GczImage

        return GczImage(source)


class _GameCubeCiso(NintendoSpec):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return is_gamecube_ciso(head)

    def is_really(self, source: ByteSource) -> bool:
        return set(read_bytes(source, 0, SNIFF_BYTES)[_CISO_MAP]) <= {0, 1}


def is_gamecube_ciso(head: bytes) -> bool:
    """Return whether a file is a GameCube's CISO: the PSP's header_size is its block size, followed by a map of 0 and
    1."""
    if not head.startswith(_CISO_MAGIC) or int.from_bytes(head[4:8], "little") in _CISO_HEADER_SIZES:
        return False
    looks_psp = is_block_size(int.from_bytes(head[16:20], "little")) and head[20:21] <= b"\x02"
    return not looks_psp or (len(head) > 8 and set(head[8:]) <= {0, 1})


GAMECUBE_CISO = _GameCubeCiso(
    ImageFormat.GAMECUBE_CISO, "GameCube/Wii CISO", (_CISO_MAGIC,), (".ciso",), encoder=_CisoEncoder()
)
WBFS = NintendoSpec(ImageFormat.WBFS, "Wii WBFS", (b"WBFS",), (".wbfs",), encoder=_WbfsEncoder())
WIA = NintendoSpec(ImageFormat.WIA, "Wii WIA", (b"WIA\x01",), (".wia",), encoder=_WiaEncoder())
RVZ = NintendoSpec(ImageFormat.RVZ, "GameCube/Wii RVZ", (b"RVZ\x01",), (".rvz",), encoder=_RvzEncoder())
GCZ = _Gcz(ImageFormat.GCZ, "GameCube GCZ", (b"\x01\xc0\x0b\xb1",), (".gcz",), encoder=_GczEncoder())
TGC = NintendoSpec(ImageFormat.TGC, "GameCube TGC", (b"\xae\x0f\x38\xa2",), (".tgc",), promises=False)
_NAMES = frozenset(each.name for each in (GAMECUBE_CISO, WBFS, WIA, RVZ, GCZ, TGC))


def as_nintendo(image: "Image") -> "NintendoImage | None":
    """Return an image of one of these formats as what it is; None for others, for which nothing is loaded."""
    if image.format not in _NAMES:
        return None
    from discpress.engine.images.nintendo.image import NintendoImage

    return image if isinstance(image, NintendoImage) else None

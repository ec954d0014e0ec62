"""The packed forms of GameCube and Wii discs, in the registry: RVZ, WIA, GCZ, WBFS, CISO and TGC."""

from typing import TYPE_CHECKING

from discpress.engine.formats import ImageFormat, is_block_size
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES, FormatSpec

if TYPE_CHECKING:
    from discpress.engine.images.image import Image
    from discpress.engine.images.nintendo.image import NintendoImage

_CISO_MAGIC = b"CISO"
_CISO_HEADER_SIZES = {0, 0x18}
_CISO_MAP = slice(8, SNIFF_BYTES)


class NintendoSpec(FormatSpec):
    """A format that nod-rs decodes."""

    def open(self, source: ByteSource) -> "Image":
        """Open an image, see `FormatSpec`; MissingPackageError without nod-rs."""
        from discpress.engine.images.nintendo.image import NintendoImage

        return NintendoImage(source, self.name, self.label)


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


GAMECUBE_CISO = _GameCubeCiso(ImageFormat.GAMECUBE_CISO, "GameCube/Wii CISO", (_CISO_MAGIC,))
WBFS = NintendoSpec(ImageFormat.WBFS, "Wii WBFS", (b"WBFS",), (".wbfs",))
WIA = NintendoSpec(ImageFormat.WIA, "Wii WIA", (b"WIA\x01",), (".wia",))
RVZ = NintendoSpec(ImageFormat.RVZ, "GameCube/Wii RVZ", (b"RVZ\x01",), (".rvz",))
GCZ = NintendoSpec(ImageFormat.GCZ, "GameCube GCZ", (b"\x01\xc0\x0b\xb1",), (".gcz",))
TGC = NintendoSpec(ImageFormat.TGC, "GameCube TGC", (b"\xae\x0f\x38\xa2",), (".tgc",), promises=False)
_NAMES = frozenset(each.name for each in (GAMECUBE_CISO, WBFS, WIA, RVZ, GCZ, TGC))


def as_nintendo(image: "Image") -> "NintendoImage | None":
    """Return an image of one of these formats as what it is; None for others, for which nothing is loaded."""
    if image.format not in _NAMES:
        return None
    from discpress.engine.images.nintendo.image import NintendoImage

    return image if isinstance(image, NintendoImage) else None

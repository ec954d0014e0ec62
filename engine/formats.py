"""The image formats by name, and the settings a conversion is made with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

SECTOR_SIZE = 2048
"""Bytes of one sector of a data disc, and the smallest block any loader takes."""

MAX_BLOCK_SIZE = 1024 * 1024
"""Largest block accepted or written: maxcso and the emulators stop well before it."""

MAX_DISC_BYTES = 64 * 1024**3
"""No disc that can be read here is larger: what claims more is damaged, or a bomb."""

DEFAULT_BLOCK_SIZE = SECTOR_SIZE
"""What every loader of docs/formats.md, section 2 reads; OPL reads nothing else."""

DEFAULT_LEVEL = 9
"""LZ4 HC 9: 2.6 % smaller than the fast level; 12 gains 0.06 % more at 2.7 times the time."""

MAX_LEVEL = 12
"""liblz4 clamps anything higher."""

HIGHEST_LEVEL = 19
"""The highest of any codec, which is Zstandard's: 20 to 22 differ from it only beyond 1 MiB, which no hunk is."""

HUNK_SIZE = 4096
"""What chdman makes of a DVD, and PCSX2 reads."""


PART_SUFFIX = ".discpress-part"
"""Ends the name of an output that is not finished."""

WINDOW_SUFFIX = ".discpress-window"
"""Ends the name that the part of a benchmark is called after."""


class ImageFormat(StrEnum):
    """What a file is by its content; the first five are read, and written but for DAX."""

    ISO = "iso"
    ZSO = "zso"
    CSO = "cso"
    DAX = "dax"
    CHD = "chd"
    JSO = "jso"
    GAMECUBE_CISO = "gamecube-ciso"
    WBFS = "wbfs"
    WIA = "wia"
    RVZ = "rvz"
    GCZ = "gcz"
    PBP = "pbp"
    ZIP = "zip"
    SEVEN_ZIP = "7z"
    RAW_CD = "raw-cd"
    CUE = "cue"
    PART = "part"


class Method(StrEnum):
    """A block codec, under the name that `--method` takes."""

    LZ4 = "lz4"
    ZLIB = "zlib"
    ZSTD = "zstd"
    LZMA = "lzma"


HUNK_METHODS = (Method.ZSTD, Method.LZMA, Method.ZLIB)
"""What the hunks of a CHD may be packed by, in the order in which a file's header lists them."""


def in_order(methods: Iterable[Method]) -> tuple[Method, ...]:
    """Return methods in the one order in which they are kept and compared, each once; LZ4 stands alone."""
    chosen = set(methods)
    return tuple(each for each in (Method.LZ4, *HUNK_METHODS) if each in chosen)


@dataclass(frozen=True, slots=True)
class Settings:
    """How one image is to be written."""

    format: ImageFormat
    """The container: zso, cso, chd or iso."""
    block_size: int = DEFAULT_BLOCK_SIZE
    """Bytes of the source packed as one unit; ignored for iso."""
    level: int = DEFAULT_LEVEL
    """Effort: 1 is fast, 3 to 12 are LZ4 HC, 1 to 9 deflate and LZMA, 1 to 19 Zstandard; ignored for iso."""
    alignment: int | None = None
    """Bytes every block starts at a multiple of; None is the smallest that the size needs."""
    target: str = "any"
    """Name of the target the settings were checked against."""
    methods: tuple[Method, ...] = ()
    """What the hunks of a CHD may be packed by, of which the smallest is taken; empty for the other formats."""

    @property
    def form(self) -> str:
        """The format as people read it, a CHD with its methods: `ZSO`, `CHD zstd`."""
        return form_name(self.format, self.methods)


def form_name(image_format: ImageFormat, methods: Sequence[Method]) -> str:
    """Return a format as people read it, with the methods where there is a choice."""
    return " ".join((image_format.upper(), "+".join(methods))).strip()


def is_block_size(block_size: int) -> bool:
    """Return whether it is a power of two from 2048 to 1048576."""
    return SECTOR_SIZE <= block_size <= MAX_BLOCK_SIZE and block_size & (block_size - 1) == 0

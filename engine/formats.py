"""The image formats by name, and the settings a conversion is made with."""

from dataclasses import dataclass
from enum import StrEnum

SECTOR_SIZE = 2048
"""Bytes of one sector of a data disc, and the smallest block any loader takes."""

MAX_BLOCK_SIZE = 1024 * 1024
"""Largest block accepted or written: maxcso and the emulators stop well before it."""

MAX_DISC_BYTES = 64 * 1024**3
"""No disc of any console is larger, nor half as large: what claims more is damaged, or a bomb."""

DEFAULT_BLOCK_SIZE = SECTOR_SIZE
"""What every loader of FORMATS section 2 reads; OPL reads nothing else."""

DEFAULT_LEVEL = 9
"""LZ4 HC 9: 2.6 % smaller than the fast level; 12 gains 0.06 % more at 2.7 times the time."""

MAX_LEVEL = 12
"""liblz4 clamps anything higher."""


PART_SUFFIX = ".discpress-part"
"""Ends the name of an output that is not finished."""


class ImageFormat(StrEnum):
    """What a file is by its content; the first four are read, the first three are written."""

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


@dataclass(frozen=True, slots=True)
class Settings:
    """How one image is to be written."""

    format: ImageFormat
    """The container: zso, cso or iso."""
    block_size: int = DEFAULT_BLOCK_SIZE
    """Bytes of the source packed as one unit; ignored for iso."""
    level: int = DEFAULT_LEVEL
    """Effort: 1 is fast, 3 to 12 are LZ4 HC, 1 to 9 deflate; ignored for iso."""
    alignment: int | None = None
    """Bytes every block starts at a multiple of; None is the smallest that the size needs."""
    target: str = "any"
    """Name of the target the settings were checked against."""


def is_block_size(block_size: int) -> bool:
    """Return whether it is a power of two from 2048 to 1048576."""
    return SECTOR_SIZE <= block_size <= MAX_BLOCK_SIZE and block_size & (block_size - 1) == 0

"""The image formats by name, and the settings of a conversion."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

SECTOR_SIZE = 2048
"""Bytes of one sector of a data disc, and the smallest block that any loader reads."""

MAX_BLOCK_SIZE = 1024 * 1024
"""Largest block accepted or written; maxcso and the emulators have lower limits."""

MAX_DISC_BYTES = 64 * 1024**3
"""No supported disc is larger; an image that claims more is damaged, or a decompression bomb."""

DEFAULT_BLOCK_SIZE = SECTOR_SIZE
"""Every loader of docs/formats.md, section 2 reads it; OPL reads no other size."""

DEFAULT_LEVEL = 9
"""LZ4 HC 9: 2.6 % smaller than the fast level; 12 gains 0.06 % more at 2.7 times the time."""

MAX_LEVEL = 12
"""liblz4 cuts higher levels to this one."""

HIGHEST_LEVEL = 19
"""The highest of all codecs, from Zstandard: levels 20 to 22 differ only above 1 MiB, and no hunk is that long."""

HUNK_SIZE = 4096
"""chdman's hunk size for a DVD, which PCSX2 reads."""


DISC_SUFFIXES = frozenset({
    ".iso", ".img", ".bin", ".mdf", ".raw", ".cdr", ".xiso", ".cue", ".ccd", ".gdi", ".sub",
    ".zso", ".ziso", ".cso", ".ciso", ".dax", ".jso", ".chd", ".pbp", ".wbfs", ".wia", ".rvz", ".gcz", ".gcm", ".tgc",
    ".wux", ".ecm", ".isz", ".uif", ".daa", ".gbi", ".nrg", ".cdi", ".mds", ".mdx", ".b5t", ".b6t", ".dmg",
    ".aaru", ".dicf",
})  # fmt: skip
"""Suffixes of disc images, of the sheets that name their files, and of discs in packed forms, lower case."""

PACKED_SUFFIXES = frozenset({
    ".gz", ".gzip", ".bz2", ".xz", ".zst", ".zstd", ".lz4", ".lz", ".lzo", ".lzma", ".z",
    ".zip", ".7z", ".rar", ".ace", ".arj", ".lzh", ".lha", ".cab", ".tar",
})  # fmt: skip
"""Suffixes of archives and of single packed files, lower case."""


def image_stem(name: str) -> str:
    """Return a file name without its suffix, if that is one of an image or an archive: `Game v1.02` stays as it is."""
    stem, dot, suffix = name.rpartition(".")
    return stem if stem and f"{dot}{suffix}".lower() in DISC_SUFFIXES | PACKED_SUFFIXES else name


PART_SUFFIX = ".discpress-part"
"""Suffix of an unfinished output."""

WINDOW_SUFFIX = ".discpress-window"
"""Ends the name that the part of a benchmark is called after."""


_ADDED: dict[object, "ImageFormat"] = {}


class ImageFormat(StrEnum):
    """The name of a file's format. `engine.images.registry` has the format itself, with all that is known about it."""

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
    GDI = "gdi"
    CCD = "ccd"
    PART = "part"
    GZIP = "gz"
    BZIP2 = "bz2"
    XZ = "xz"
    ZSTANDARD = "zst"
    LZ4_FRAME = "lz4"
    LZIP = "lz"
    LZOP = "lzo"
    LZMA_ALONE = "lzma"
    COMPRESS = "z"
    RAR = "rar"
    ACE = "ace"
    ARJ = "arj"
    LZH = "lzh"
    CAB = "cab"
    TAR = "tar"
    ECM = "ecm"
    ISZ = "isz"
    UIF = "uif"
    DAA = "daa"
    NRG = "nrg"
    CDI = "cdi"
    MDS = "mds"
    MDX = "mdx"
    BLINDWRITE = "blindwrite"
    DMG = "dmg"
    AARU = "aaru"
    WUX = "wux"
    TGC = "tgc"

    @classmethod
    def named(cls, name: str) -> "ImageFormat":
        """Return the format with a name; a name without a constant here is known from this call on."""
        try:
            return cls(name)
        except ValueError:
            added = str.__new__(cls, name)
            added._name_, added._value_ = name.upper().replace("-", "_"), name
            return _ADDED.setdefault(name, added)

    @classmethod
    def _missing_(cls, value: object) -> "ImageFormat | None":
        return _ADDED.get(value)

    @property
    def label(self) -> str:
        """Its name in capital letters, for people."""
        return self.removeprefix("gamecube-").upper()


PLAIN_FORMAT = ImageFormat.ISO
"""The format without blocks, which every program reads."""
TRACKS_FORMAT = ImageFormat.CHD
"""The packed format that contains the tracks of CDs."""
CD_SHEET = ImageFormat.CUE
"""The sheet that describes the files of a CD."""
GD_SHEET = ImageFormat.GDI
"""The sheet that describes the files of a GD-ROM."""
SHEETS = (CD_SHEET, GD_SHEET)
"""The formats of results in several files: a sheet, and the tracks of a CD next to it."""


FORMAT_ALIASES: Mapping[str, ImageFormat] = {"ciso": ImageFormat.GAMECUBE_CISO}
"""Names of formats by their suffix, for commands. A CISO of the PSP is called CSO."""


class Method(StrEnum):
    """A block codec, under the name that `--method` takes."""

    LZ4 = "lz4"
    ZLIB = "zlib"
    ZSTD = "zstd"
    LZMA = "lzma"
    CDLZ = "cdlz"
    CDZL = "cdzl"
    CDZS = "cdzs"
    CDFL = "cdfl"


HUNK_METHODS = (Method.ZSTD, Method.LZMA, Method.ZLIB)
"""The methods for the hunks of a CHD, in the order of the list in a file's header."""


CD_METHODS = (Method.CDLZ, Method.CDZL, Method.CDZS, Method.CDFL)
"""The methods for the hunks of a CHD of a CD, whose sectors and subcode are packed apart: LZMA, deflate, Zstandard, and
FLAC for sound; in the order of the list in a file's header."""
METHOD_LEVELS = {
    Method.LZ4: 12,
    Method.ZLIB: 9,
    Method.ZSTD: 19,
    Method.LZMA: 9,
    Method.CDLZ: 9,
    Method.CDZL: 9,
    Method.CDZS: 19,
}
"""The highest levels of the methods; FLAC has none.

Zstandard's levels 20 to 22 differ from 19 only above 1 MiB, and no hunk is that long."""
SYNC = b"\x00" + b"\xff" * 10 + b"\x00"
"""The first bytes of a raw data sector of a CD."""
RAW_SECTOR_SIZE = 2352
"""Bytes of a raw sector: sync 12, header 4, then by mode: data 2048, EDC and ECC; or subheader 8, data 2048, ..."""
MAX_TRACKS = 99
"""Most tracks of a CD; each may have its own file."""
CD_FRAME_BYTES = 2448
"""Bytes of a frame of a CD in a CHD: a sector of 2,352, and its subcode of 96."""
CD_HUNK_SIZE = 8 * CD_FRAME_BYTES
"""chdman's hunk size for a CD."""
_CD_FORMS = {Method.LZMA: Method.CDLZ, Method.ZLIB: Method.CDZL, Method.ZSTD: Method.CDZS}


def in_order(methods: Iterable[Method]) -> tuple[Method, ...]:
    """Return methods in the fixed order in which they are stored and compared, each once; LZ4 is always alone."""
    chosen = set(methods)
    return tuple(each for each in (Method.LZ4, *HUNK_METHODS, *CD_METHODS) if each in chosen)


def highest_level_of(methods: Iterable[Method]) -> int:
    """Return the highest level that changes the result with any of these methods."""
    return max((METHOD_LEVELS[method] for method in methods if method in METHOD_LEVELS), default=1)


def as_cd_methods(methods: Iterable[Method]) -> tuple[Method, ...]:
    """Return the methods of a CD that stand for methods of any disc, with that for sound: LZMA means cdlz and cdfl."""
    given = set(methods)
    sound = {Method.CDFL} if given & _CD_FORMS.keys() else set()
    return in_order({_CD_FORMS.get(each, each) for each in given} & {*CD_METHODS} | sound)


def as_disc_methods(methods: Iterable[Method]) -> tuple[Method, ...]:
    """Return the methods of discs without tracks that stand for those of a CD: cdlz means LZMA."""
    other = {cd: method for method, cd in _CD_FORMS.items()}
    return in_order(each for each in (other.get(each, each) for each in methods) if each not in CD_METHODS)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings for writing one image."""

    format: ImageFormat
    """The container: one that discpress writes."""
    block_size: int = DEFAULT_BLOCK_SIZE
    """Bytes of the source packed as one unit; ignored without packing."""
    level: int = DEFAULT_LEVEL
    """Effort: 1 is fast, 3 to 12 are LZ4 HC, 1 to 9 deflate and LZMA, 1 to 19 Zstandard; ignored for iso."""
    alignment: int | None = None
    """Every block starts at a multiple of so many bytes; None means the smallest alignment that the size needs."""
    target: str = "any"
    """Name of the target the settings were checked against."""
    methods: tuple[Method, ...] = ()
    """The methods for the hunks of a CHD, of which the smallest result is stored; empty for the other formats.

    Those of a CD have others than those of other discs."""

    @property
    def is_plain(self) -> bool:
        """Whether the result is an ISO or the tracks of a CD, which have neither blocks nor levels."""
        return self.format in {PLAIN_FORMAT, *SHEETS}

    @property
    def is_cd(self) -> bool:
        """Whether the result is a CHD with the tracks of a CD."""
        return is_cd_form(self.format, self.methods)

    @property
    def form(self) -> str:
        """The format for people, a CHD with its methods: `ZSO`, `CHD zstd`."""
        return form_name(self.format, self.methods)


def is_cd_form(image_format: ImageFormat, methods: Iterable[Method]) -> bool:
    """Return whether a format with these methods is a CHD with the tracks of a CD."""
    return image_format is TRACKS_FORMAT and not set(CD_METHODS).isdisjoint(methods)


def form_name(image_format: ImageFormat, methods: Sequence[Method]) -> str:
    """Return the name of a format for people, with the methods if there is a choice."""
    return " ".join((image_format.label, "+".join(methods))).strip()


def is_block_size(block_size: int) -> bool:
    """Return whether a block size is a power of two from 2048 to 1048576."""
    return SECTOR_SIZE <= block_size <= MAX_BLOCK_SIZE and block_size & (block_size - 1) == 0

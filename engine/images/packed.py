"""Formats of other programs that contain a disc image, or a disc in pieces: recognised and named, not read.

Magics: RFC 1952 (gzip), RFC 8878 (Zstandard), the `file` program's database, and the sources of dmg2img, cdirip and
uif2iso for the images of burning programs.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import PurePath

from discpress.engine.formats import DISC_SUFFIXES, ImageFormat
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.spec import FormatSpec
from discpress.engine.units import KIB, MIB

_UNPACK = "unpack it and convert the image inside"


class Content(Enum):
    """The content of a file of another program, as far as the format decides that."""

    IMAGE = auto()
    """A disc."""
    FILE = auto()
    """Any one file, compressed."""
    FILES = auto()
    """Any files: an archive."""


@dataclass(frozen=True)
class PackedSpec(FormatSpec):
    """A format that is named, with advice."""

    content: Content = Content.IMAGE
    magic_offset: int = 0
    """The place of the magics."""
    tail_magics: tuple[tuple[int, bytes], ...] = ()
    """Bytes near the end of its files, each with its distance from the end."""

    @property
    def first_bytes(self) -> frozenset[int] | None:
        """The first bytes of its files, see `FormatSpec`; none for a format that only its end tells."""
        return None if self.magic_offset else frozenset(magic[0] for magic in self.magics)

    def detect(self, head: bytes, file_bytes: int) -> bool:
        """Return whether a file is of this format, see `FormatSpec`; never for one that only its end tells."""
        return head.startswith(self.magics, self.magic_offset)


def _file(
    name: ImageFormat, label: str, suffixes: tuple[str, ...], *magics: bytes, advice: str = _UNPACK
) -> PackedSpec:
    return PackedSpec(name, label, magics, suffixes, advice, promises=False, content=Content.FILE)


def _archive(name: ImageFormat, label: str, suffixes: tuple[str, ...], *magics: bytes, offset: int = 0) -> PackedSpec:
    return PackedSpec(
        name, f"{label} archive", magics, suffixes, _UNPACK, promises=False, content=Content.FILES, magic_offset=offset
    )


def _image(
    name: ImageFormat,
    label: str,
    suffixes: tuple[str, ...],
    advice: str,
    *magics: bytes,
    tail: tuple[tuple[int, bytes], ...] = (),
) -> PackedSpec:
    return PackedSpec(name, label, magics, suffixes, advice, promises=False, tail_magics=tail)


_BZIP2 = tuple(b"BZh%d1AY&SY" % level for level in range(1, 10))
_ZSTANDARD = (b"\x28\xb5\x2f\xfd", *(bytes([low]) + b"\x2a\x4d\x18" for low in range(0x50, 0x60)))  # or skippable
# Properties 5d, then a dictionary of 64 KiB to 256 MiB, as LZMA Utils and 7-Zip choose it.
_LZMA = tuple(b"\x5d" + (1 << bits).to_bytes(4, "little") for bits in range(16, 29))
_RAR = (b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00", b"RE~^")
_ARJ = tuple(b"\x60\xea" + bytes([low, 0]) for low in range(0x1E, 0x100))  # the size of the first header follows
_LZH = tuple(b"-l%b-" % each for each in b"h0 h1 h2 h3 h4 h5 h6 h7 hd hx zs z4 z5".split())
_CDI = tuple((8, bytes([version, 0, 0, 0x80])) for version in (4, 5, 6))

_SPECS = (
    _file(ImageFormat.GZIP, "gzip", (".gz", ".gzip"), b"\x1f\x8b\x08", advice=f"{_UNPACK}; PCSX2 also loads a .iso.gz"),
    _file(ImageFormat.BZIP2, "bzip2", (".bz2",), *_BZIP2),
    _file(ImageFormat.XZ, "xz", (".xz",), b"\xfd7zXZ\x00"),
    _file(ImageFormat.ZSTANDARD, "Zstandard", (".zst", ".zstd"), *_ZSTANDARD),
    _file(ImageFormat.LZ4_FRAME, "LZ4 frame", (".lz4",), b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"),
    _file(ImageFormat.LZIP, "lzip", (".lz",), b"LZIP\x01", b"LZIP\x00"),
    _file(ImageFormat.LZOP, "lzop", (".lzo",), b"\x89LZO\x00\r\n\x1a\n"),
    _file(ImageFormat.LZMA_ALONE, "LZMA", (".lzma",), *_LZMA),
    _file(ImageFormat.COMPRESS, "compress (.Z)", (".z",), b"\x1f\x9d\x90"),
    _archive(ImageFormat.RAR, "RAR", (".rar",), *_RAR),
    _archive(ImageFormat.ACE, "ACE", (".ace",), b"**ACE**", offset=7),
    _archive(ImageFormat.ARJ, "ARJ", (".arj",), *_ARJ),
    _archive(ImageFormat.LZH, "LZH", (".lzh", ".lha"), *_LZH, offset=2),
    _archive(ImageFormat.CAB, "CAB", (".cab",), b"MSCF\0\0\0\0"),
    _archive(ImageFormat.TAR, "tar", (".tar",), b"ustar", offset=257),
    _image(ImageFormat.ECM, "ECM", (".ecm",), "run unecm on it to get the raw file that its CUE sheet names", b"ECM\0"),
    _image(ImageFormat.ISZ, "UltraISO ISZ", (".isz",), "open it in UltraISO and save it as ISO", b"IsZ!"),
    _image(ImageFormat.UIF, "MagicISO UIF", (".uif",), "run uif2iso on it to get an ISO", tail=((64, b"bbis"),)),
    _image(
        ImageFormat.DAA, "PowerISO DAA", (".daa", ".gbi"), "open it in PowerISO and save it as ISO", b"DAA\0", b"GBI\0"
    ),
    _image(
        ImageFormat.NRG,
        "Nero NRG",
        (".nrg",),
        "run iat on it to get an ISO, if it is a data disc",
        tail=((12, b"NER5"), (8, b"NERO")),
    ),
    _image(
        ImageFormat.CDI,
        "DiscJuggler CDI",
        (".cdi",),
        "run cdirip on it to get the tracks; Flycast loads it for Dreamcast",
        tail=_CDI,
    ),
    _image(
        ImageFormat.MDX,
        "DAEMON Tools MDX",
        (".mdx",),
        "open it in DAEMON Tools and save it as ISO",
        b"MEDIA DESCRIPTOR\x02",
    ),
    _image(
        ImageFormat.BLINDWRITE,
        "BlindWrite sheet",
        (".b5t", ".b6t"),
        "keep it next to its image; run b5i2iso on that for an ISO",
        b"BWT5 STREAM SIGN",
    ),
    _image(
        ImageFormat.DMG, "Apple disk image", (".dmg",), "run dmg2img on it to get a plain image", tail=((512, b"koly"),)
    ),
    _image(
        ImageFormat.AARU,
        "Aaru image",
        (".aaru", ".dicf"),
        "run aaru image convert on it to get an ISO",
        b"AARUFRMT",
        b"DICMFRMT",
    ),
    _image(ImageFormat.WUX, "Wii U WUX", (".wux",), "Cemu loads it", b"WUX0\x2e\xd0\x99\x10"),
)
PACKED = {spec.name: spec for spec in _SPECS}
"""The formats by name, in the order of detection."""

SMALLEST_ARCHIVE_BYTES = 64 * KIB
"""An archive below this size contains no disc, unless its name says so."""
_SMALLEST_FILE_BYTES = 16 * MIB
"""A packed file or a cabinet below this size contains no disc, unless its name says so."""
_LATER_VOLUME = re.compile(r"\.part0*(?:[2-9]|[1-9]\d+)\.rar|\.[r-z]\d\d|\.c\d\d|\.a\d\d", re.IGNORECASE)
_GAME_ARCHIVES = {ImageFormat.RAR, ImageFormat.ACE}


def sniff_tail(source: ByteSource) -> ImageFormat | None:
    """Return the format of a file by its last bytes; None if it is none of these. StorageError."""
    tail = read_bytes(source, max(0, source.size_bytes - 512), 512)
    for name, each in PACKED.items():
        if any(tail[-distance:].startswith(magic) for distance, magic in each.tail_magics if len(tail) >= distance):
            return name
    return None


def promised_tail(path: PurePath) -> ImageFormat | None:
    """Return the format that a suffix names, of those whose files begin with any bytes; None for other suffixes."""
    suffix = path.suffix.lower()
    return next((name for name, each in PACKED.items() if each.tail_magics and suffix in each.suffixes), None)


def may_hold_disc(path: PurePath, file_bytes: int, found: ImageFormat) -> bool:
    """Return whether a file of such a format may contain a disc, by its name and size.

    An archive of several files does not count from its second file on.
    """
    its, name = PACKED[found], path.name
    if its.content is Content.IMAGE:
        return True
    if its.content is Content.FILES and _LATER_VOLUME.search(name[-12:]):
        return False
    inner = path.with_suffix("").suffix.lower() if path.suffix.lower() in its.suffixes else ""
    least = SMALLEST_ARCHIVE_BYTES if found in _GAME_ARCHIVES else _SMALLEST_FILE_BYTES
    return inner in DISC_SUFFIXES or path.suffix.lower() in DISC_SUFFIXES or file_bytes >= least

"""The header of a CHD version 5, and the check whether discpress can read the file (docs/formats.md, section 3)."""

import struct
from typing import NamedTuple

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import MAX_BLOCK_SIZE, MAX_DISC_BYTES, SECTOR_SIZE
from discpress.engine.images.source import ByteSource, read_bytes, shown_name

HEADER = struct.Struct(">8sII4s4s4s4sQQQII20s20s20s")
"""magic, length, version, four codecs, logicalbytes, mapoffset, metaoffset, hunkbytes, unitbytes, rawsha1, sha1,
parentsha1."""
HEADER_SIZE = HEADER.size
MAGIC = b"MComprHD"
VERSION = 5
NO_CODEC = bytes(4)
SHA1_SIZE = 20
NO_SHA1 = bytes(SHA1_SIZE)
MIN_HUNK_SIZE = 512
"""Bytes of a hard disk's sector; no disc has smaller hunks."""
MAX_HUNKS = 1 << 23
"""Twice those of a two-layer DVD in hunks of 2 KiB; a limit, because a map of a few bytes can claim millions."""

CD_CODECS = ("cdlz", "cdzl", "cdzs", "cdfl")
"""The codecs whose hunks are frames of a CD."""

_PREFIX = struct.Struct(">8sII")
_OLD_VERSIONS = range(1, VERSION)
_CODEC_NAMES = {name.encode("ascii"): name for name in ("zlib", "zstd", "lzma", "huff", "flac", *CD_CODECS)}


def least_hunk_size(total_bytes: int) -> int:
    """Return the smallest hunk of at least a sector that gives an image of `total_bytes` at most MAX_HUNKS hunks."""
    return max(SECTOR_SIZE, 1 << (-(-total_bytes // MAX_HUNKS) - 1).bit_length())


class ChdHeader(NamedTuple):
    """The header of a file; `read_header` has checked it."""

    codecs: tuple[bytes, ...]
    """Four tags of codecs; NO_CODEC in an empty place."""
    total_bytes: int
    """Size of the decoded image."""
    map_offset: int
    """First byte of the map."""
    meta_offset: int
    """First byte of the first metadata entry; 0 for none."""
    hunk_size: int
    """Decoded bytes of a hunk."""
    unit_size: int
    """Bytes of a unit, of which hunks consist: 2048 for a DVD, 2448 for a CD, 512 for a hard disk."""
    raw_sha1: bytes
    """SHA-1 of the decoded image; NO_SHA1 if not recorded."""
    sha1: bytes
    """SHA-1 of raw_sha1 and the counted metadata."""
    parent_sha1: bytes = NO_SHA1
    """SHA-1 of the parent, if the CHD contains only the differences to it."""

    @property
    def hunks(self) -> int:
        """Number of hunks."""
        return -(-self.total_bytes // self.hunk_size)

    @property
    def is_compressed(self) -> bool:
        """Whether the map is compressed, as in every file with a codec."""
        return any(codec != NO_CODEC for codec in self.codecs)

    @property
    def codec_names(self) -> tuple[str, ...]:
        """The names of the codecs that its hunks may use."""
        return tuple(codec_name(codec) for codec in self.codecs if codec != NO_CODEC)

    def encode(self) -> bytes:
        """Return the bytes of the header."""
        return HEADER.pack(
            MAGIC,
            HEADER_SIZE,
            VERSION,
            *self.codecs,
            self.total_bytes,
            self.map_offset,
            self.meta_offset,
            self.hunk_size,
            self.unit_size,
            self.raw_sha1,
            self.sha1,
            self.parent_sha1,
        )


def codec_name(tag: bytes) -> str:
    """Return a codec's tag as text; any bytes are allowed."""
    return _CODEC_NAMES.get(tag) or tag.decode("ascii", "backslashreplace")


def read_header(source: ByteSource) -> ChdHeader:
    """Return the header of a CHD.

    Nothing is allocated before its fields are checked. UnsupportedImageError for an older version, a child of a parent
    or an unknown codec; DamagedImageError for impossible fields.
    """
    name = shown_name(source)
    head = read_bytes(source, 0, HEADER_SIZE)
    if len(head) < _PREFIX.size:
        raise DamagedImageError(f"{name}: the file ends inside its {HEADER_SIZE}-byte header")
    _, length, version = _PREFIX.unpack_from(head)
    if version in _OLD_VERSIONS:
        hint = "`chdman copy -i OLD -o NEW` converts it to version 5"
        raise UnsupportedImageError(f"{name}: CHD version {version} cannot be read: {hint}", hint=hint)
    if version != VERSION or length != HEADER_SIZE:
        raise DamagedImageError(
            f"{name}: expected CHD version {VERSION} with a header of {HEADER_SIZE} bytes, got version {version} with "
            f"{length}"
        )
    if len(head) < HEADER_SIZE:
        raise DamagedImageError(f"{name}: the file ends inside its {HEADER_SIZE}-byte header")
    _, _, _, *codecs, total_bytes, map_offset, meta_offset, hunk_size, unit_size, raw_sha1, sha1, parent = (
        HEADER.unpack(head)
    )
    header = ChdHeader(
        tuple(codecs), total_bytes, map_offset, meta_offset, hunk_size, unit_size, raw_sha1, sha1, parent
    )
    _refuse_foreign(header, name)
    _check_fields(header, source.size_bytes, name)
    return header


def _refuse_foreign(header: ChdHeader, name: str) -> None:
    if header.parent_sha1 != NO_SHA1:
        hint = "`chdman copy` with its parent (-ip) makes a complete file"
        raise UnsupportedImageError(
            f"{name}: a CHD with only the differences to a parent cannot be read: {hint}", hint=hint
        )
    unknown = [codec_name(each) for each in header.codecs if each != NO_CODEC and each not in _CODEC_NAMES]
    if unknown:
        hint = "`chdman copy -c zlib` packs it again"
        raise UnsupportedImageError(f"{name}: a CHD with codec {unknown[0]!r} cannot be read: {hint}", hint=hint)


def _check_fields(header: ChdHeader, file_bytes: int, name: str) -> None:
    hint = "the file is damaged: get it again or restore it from a backup"
    if not MIN_HUNK_SIZE <= header.hunk_size <= MAX_BLOCK_SIZE:
        message = f"expected hunks of {MIN_HUNK_SIZE} to {MAX_BLOCK_SIZE} bytes, got {header.hunk_size}"
    elif header.unit_size == 0 or header.hunk_size % header.unit_size:
        message = f"its hunks of {header.hunk_size} bytes are not a multiple of its units of {header.unit_size}"
    elif header.total_bytes == 0:
        message = "the header claims an image of 0 bytes"
    elif header.total_bytes > MAX_DISC_BYTES or header.hunks > MAX_HUNKS:
        message = (
            f"expected at most {MAX_DISC_BYTES} bytes of image in {MAX_HUNKS} hunks, "
            f"got {header.total_bytes} bytes in {header.hunks} hunks"
        )
        hint = "no PS2 or PSP disc is that large: the file is damaged, or for another system"
    elif not HEADER_SIZE <= header.map_offset < file_bytes:
        message = f"the map is at byte {header.map_offset} of {file_bytes}: the file is unfinished or cut short"
    else:
        return
    raise DamagedImageError(f"{name}: {message}", hint=hint)

"""Recognises the format of stored bytes, and headers that are missing although the name promises them."""

from pathlib import PurePath

from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.known_disc import find_disc
from discpress.engine.images.packed import PACKED, promised_tail, sniff_tail
from discpress.engine.images.raw_layouts import find_raw_layout
from discpress.engine.images.registry import FORMATS, detect, promised, spec_of, suffixes_of_read
from discpress.engine.images.source import ByteSource, read_bytes, shown_name
from discpress.engine.images.spec import SNIFF_BYTES, FormatSpec, Kind
from discpress.engine.names import display_name

ARCHIVE_FORMATS = {spec.name for spec in FORMATS if spec.kind is Kind.ARCHIVE}
ISO_SUFFIXES = frozenset(spec_of(ImageFormat.ISO).suffixes)
"""Suffixes of plain images."""
IMAGE_SUFFIXES = suffixes_of_read()
"""Suffixes of all images that discpress reads."""


def is_archive(source: ByteSource) -> bool:
    """Return whether a file is an archive by its content."""
    return detect(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes).name in ARCHIVE_FORMATS


def promised_format(path: PurePath) -> ImageFormat | None:
    """Return the format whose header a file must have by its name; None if the name promises none."""
    spec = promised(path)
    return None if spec is None else spec.name


def recognise(source: ByteSource, found: ImageFormat | None = None) -> ImageFormat:
    """Return the format of stored bytes; ISO if they have no known header. `found` saves another `detect_format`.

    Raises DamagedImageError for an empty file, and for a file without the header that its name promises, unless it
    contains a known disc or has the header of another format.
    """
    if source.size_bytes == 0:
        raise DamagedImageError(
            f"{shown_name(source)}: the file is empty: a disc image has at least one byte", hint="get the file again"
        )
    found = found or detect_format(source)
    problem = header_problem(source, found)
    if problem:
        raise DamagedImageError(f"{shown_name(source)}: damaged header: {problem}", hint=_hint(source.path))
    return found


def detect_format(source: ByteSource) -> ImageFormat:
    """Return the format of stored bytes by their beginning and, of a file on the disk, their end; else by the suffix.

    A known disc decides against the formats of `packed`, of which some have a short magic. ISO if
    nothing matches. StorageError, DamagedImageError.
    """
    length = source.extents[0][1]
    found = detect(read_bytes(source, 0, min(SNIFF_BYTES, length)), length).name
    if found is not ImageFormat.ISO and found not in PACKED:
        return found
    if is_disc(source):
        return ImageFormat.ISO
    if found is not ImageFormat.ISO:
        return found
    if find_raw_layout(source.read_at, source.size_bytes) is not None:
        return ImageFormat.RAW_CD
    # The end of a file in an archive may be reached by unpacking all of it only.
    at_end = None if source.member_number else sniff_tail(source)
    return at_end or promised_tail(source.path) or ImageFormat.ISO


def is_disc(source: ByteSource) -> bool:
    """Return whether bytes contain a known disc."""
    return find_disc(source.read_at) is not None


def header_problem(source: ByteSource, found: ImageFormat) -> str:
    """Return the problem of a file that was recognised as `found` and lacks the header that its name promises.

    Empty if the name promises none, and if the file is only misnamed: it contains a known disc, or has the header of
    another format.
    """
    wanted, spec = promised(source.path), spec_of(found)
    if wanted is None or spec is wanted:
        return ""
    if not spec.promises and spec.is_read:  # an ISO: any bytes can be one
        return "" if wanted.is_harmless_without(source) or is_disc(source) else wanted.describe_missing(source)
    return _mistaken(source, wanted, spec)


def _mistaken(source: ByteSource, wanted: FormatSpec, found: FormatSpec) -> str:
    """Return why a header that differs from the promised one in its first byte must be damaged; empty if it is
    valid."""
    # ZISO, CISO, JISO: one byte is not enough to contradict the name.
    is_one_byte_apart = wanted.magic != found.magic and wanted.magic[1:] == found.magic[1:]
    if not is_one_byte_apart or found.is_really(source):
        return ""
    label = found.label
    return f"expected {wanted.label}, as the file is named, got the first byte of {label} and no {label} after it"


def _hint(path: PurePath) -> str:
    suffix = display_name(path.suffix)
    hint = f"restore the file from a backup or get it again; if it is something else, give it a name without {suffix}"
    spec = promised(path)
    is_archive = spec is not None and spec.kind is Kind.ARCHIVE
    return f"{hint}; if the archive is in several parts, join them first" if is_archive else hint

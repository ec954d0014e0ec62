"""Recognises the format of stored bytes, and headers that are missing although the name promises them."""

from pathlib import PurePath
from struct import Struct

from discpress.engine.errors import DamagedImageError
from discpress.engine.formats import SECTOR_SIZE, ImageFormat, is_block_size
from discpress.engine.images.cue import MAX_CUE_BYTES, has_sheet
from discpress.engine.images.detect import FOREIGN, SNIFF_BYTES, magic_of, sniff
from discpress.engine.images.known_disc import PVD_SECTOR, find_disc
from discpress.engine.images.source import ByteSource, read_bytes, shown_name
from discpress.engine.images.zso_cso.image import IndexedImage
from discpress.engine.names import display_name

_PROMISES = {
    ".zso": ImageFormat.ZSO,
    ".ziso": ImageFormat.ZSO,
    ".cso": ImageFormat.CSO,
    ".ciso": ImageFormat.CSO,  # the GameCube's has the same magic
    ".dax": ImageFormat.DAX,
    ".jso": ImageFormat.JSO,
    ".chd": ImageFormat.CHD,
    ".wbfs": ImageFormat.WBFS,
    ".wia": ImageFormat.WIA,
    ".rvz": ImageFormat.RVZ,
    ".gcz": ImageFormat.GCZ,
    ".pbp": ImageFormat.PBP,
    ".cue": ImageFormat.CUE,
    ".zip": ImageFormat.ZIP,
    ".7z": ImageFormat.SEVEN_ZIP,
}
"""The formats with a header of their own, by suffix; a .iso or .img may contain any bytes."""

_ONE_BYTE_APART = {ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.GAMECUBE_CISO, ImageFormat.JSO}
"""ZISO, CISO, JISO: they differ in the first byte only, which is not enough to contradict the name."""
_GAMECUBE_MAP = slice(8, SNIFF_BYTES)
_JSO_BLOCK_SIZE = Struct("<6xH")


def promised_format(path: PurePath) -> ImageFormat | None:
    """Return the format whose header a file must have by its name; None if the name promises none."""
    return _PROMISES.get(path.suffix.lower())


def recognise(source: ByteSource) -> ImageFormat:
    """Return the format of stored bytes; ISO if they have no known header.

    Raises DamagedImageError for an empty file, and for a file without the header that its name promises, unless it
    contains a known disc or has the header of another format.
    """
    name = shown_name(source)
    if source.size_bytes == 0:
        raise DamagedImageError(
            f"{name}: the file is empty: a disc image has at least one byte", hint="get the file again"
        )
    found = sniff(read_bytes(source, 0, SNIFF_BYTES), source.size_bytes)
    problem = header_problem(source, found)
    if problem:
        raise DamagedImageError(f"{name}: damaged header: {problem}", hint=_hint(source.path))
    return found


def header_problem(source: ByteSource, found: ImageFormat) -> str:
    """Return the problem of a file that was recognised as `found` and lacks the header that its name promises.

    Empty if the name promises none, and if the file is only misnamed: it contains a known disc, or has the header of
    another format.
    """
    promised = promised_format(source.path)
    if promised is None or found is promised:
        return ""
    if found is not ImageFormat.ISO:
        return _mistaken(source, promised, found)
    if promised is ImageFormat.CUE and has_sheet(read_bytes(source, 0, MAX_CUE_BYTES)):
        return ""  # a sheet of music: not an image, and not damaged
    if find_disc(lambda offset, length: read_bytes(source, offset, length)) is not None:
        return ""
    return _missing(source, promised)


def _missing(source: ByteSource, promised: ImageFormat) -> str:
    if promised is ImageFormat.CUE:
        return "expected a CUE sheet, with lines that name a file (FILE) and its tracks (TRACK)"
    magic = magic_of(promised)
    start = read_bytes(source, 0, len(magic))
    is_all = ", the whole file" if len(start) < len(magic) else ""
    return f"expected {magic.hex(' ')} ({_label(promised)}), got {start.hex(' ')}{is_all}"


def _mistaken(source: ByteSource, promised: ImageFormat, found: ImageFormat) -> str:
    """Return why a header that differs from the promised one in its first byte must be damaged; empty if it is
    valid."""
    is_alike = magic_of(promised) == magic_of(found)
    if is_alike or not {promised, found} <= _ONE_BYTE_APART or _is_really(source, found):
        return ""
    label = _label(found)
    return f"expected {_label(promised)}, as the file is named, got the first byte of {label} and no {label} after it"


def _is_really(source: ByteSource, found: ImageFormat) -> bool:
    """Return whether more than the magic fits a format."""
    head = read_bytes(source, 0, SNIFF_BYTES)
    if found is ImageFormat.JSO:
        return len(head) >= _JSO_BLOCK_SIZE.size and is_block_size(*_JSO_BLOCK_SIZE.unpack_from(head))
    if found is ImageFormat.GAMECUBE_CISO:
        return set(head[_GAMECUBE_MAP]) <= {0, 1}
    try:
        image = IndexedImage(source)
    except DamagedImageError:
        return False
    last = image.blocks - 1
    outcomes = {
        _decodes(image, number) for number in (0, min(PVD_SECTOR * SECTOR_SIZE // image.block_size, last), last)
    }
    return False not in outcomes or True in outcomes


def _decodes(image: IndexedImage, number: int) -> bool | None:
    """Return whether a packed block decodes; None for a plain one, which any format decodes."""
    try:
        (block,) = image.locate(number, 1)
        if block.codec is None:
            return None
        image.decode_block(block)
    except DamagedImageError:
        return False
    return True


def _label(image_format: ImageFormat) -> str:
    return FOREIGN[image_format].name if image_format in FOREIGN else image_format.upper()


def _hint(path: PurePath) -> str:
    suffix = display_name(path.suffix)
    hint = f"restore the file from a backup or get it again; if it is something else, give it a name without {suffix}"
    is_archive = promised_format(path) in {ImageFormat.ZIP, ImageFormat.SEVEN_ZIP}
    return f"{hint}; if the archive is in several parts, join them first" if is_archive else hint

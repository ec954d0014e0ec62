"""The hash by which RetroAchievements knows a disc of PS1, PS2 or PSP, from its program alone.

The rules are docs/formats.md, section 4. The hash depends on the decoded bytes, so it is the same in any format.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

from discpress.engine.discs.cd import sectors_of
from discpress.engine.discs.info import DiscInfo
from discpress.engine.discs.iso9660 import FileExtent, SectorSource, find
from discpress.engine.discs.reach import Near, TooFarError, identify_image
from discpress.engine.errors import DiscpressError
from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.image import Image
from discpress.engine.images.open import open_image
from discpress.engine.systems import System
from discpress.engine.units import MIB

_MOST_BYTES = 64 * MIB
"""Longer programs are hashed up to here."""
_MOST_NAME_BYTES = 63
_PIECE_BYTES = MIB
# Key and prefix count only in this case, and the key only at the start of a line.
_BOOT = {
    System.PS1: re.compile(rb"^BOOT\s*=\s*(?:cdrom:)?\\*([^\s;]*)", re.MULTILINE),
    System.PS2: re.compile(rb"^BOOT2\s*=\s*(?:cdrom0:)?\\*([^\s;]*)", re.MULTILINE),
}
_PS1_DEFAULT = b"PSX.EXE"
_PS1_MARK = b"PS-X EX"
_PS1_HEADER = Struct("<28xI")
"""The size of the program after its header, which has one sector."""
HASHED = frozenset({System.PSP, *_BOOT})
"""The systems whose discs have a hash here."""
_PSP_FILES = ("PSP_GAME/PARAM.SFO", "PSP_GAME/SYSDIR/EBOOT.BIN")


def achievements_hash(image: Image, disc: DiscInfo) -> str:
    """Return the MD5 of an open image of a disc, 32 hex digits; empty if the disc has none.

    Other systems have none here. Of an image compressed in an archive, only REACH_BYTES are read. DamagedImageError,
    StorageError.
    """
    try:
        source = _source_of(image)
        return "" if source is None else hash_of(source, disc.system)
    except TooFarError:
        return ""


def achievements_at(path: Path) -> str:
    """Return the hash of an image on the disk as `achievements_hash` does; empty if it has none or cannot be read."""
    try:
        with open_image(path) as image:
            return achievements_hash(image, identify_image(image))
    except (DiscpressError, OSError):
        return ""


def hash_of(source: SectorSource, system: System) -> str:
    """Return the MD5 of a disc of a system, see `achievements_hash`. Errors of `read_at` pass through."""
    md5 = hashlib.md5(usedforsecurity=False)
    if system is System.PSP:
        found = [(b"", find(source, path)) for path in _PSP_FILES]
    else:
        found = [_program(source, system)] if system in _BOOT else []
    for name, extent in found:
        if extent is None:
            return ""
        md5.update(name)
        for piece in _read(source, extent):
            md5.update(piece)
    return md5.hexdigest() if found else ""


def _source_of(image: Image) -> SectorSource | None:
    near = Near(image) if image.is_sequential else None
    if not isinstance(image, CdImage):
        return image if near is None else near
    first = image.tracks[0]
    return sectors_of(first, image.read_into if near is None else near.read_into) if first.kind.has_data else None


def _program(source: SectorSource, system: System) -> tuple[bytes, FileExtent | None]:
    """Return the name of the program as SYSTEM.CNF has it, and its place with the size that counts."""
    name, extent = _boot_file(source, _BOOT[system])
    if system is not System.PS1:
        return name, extent
    if extent is None:
        name, extent = _PS1_DEFAULT, find(source, _PS1_DEFAULT.decode())
    if extent is not None:
        head = source.read_at(extent.offset, _PS1_HEADER.size)
        if head.startswith(_PS1_MARK) and len(head) == _PS1_HEADER.size:
            extent = FileExtent(extent.offset, (_PS1_HEADER.unpack(head)[0] + SECTOR_SIZE) % 2**32)
    return name, extent


def _boot_file(source: SectorSource, line: re.Pattern[bytes]) -> tuple[bytes, FileExtent | None]:
    listing = find(source, "SYSTEM.CNF")
    if listing is None:
        return b"", None
    text = source.read_at(listing.offset, SECTOR_SIZE - 1).partition(b"\0")[0]
    match = line.search(text)
    name = b"" if match is None else match[1][:_MOST_NAME_BYTES]
    if not name or b"/" in name:  # which separates no folders for rcheevos, and no file has it in its name
        return name, None
    return name, find(source, name.decode("latin-1").replace("\\", "/"))


def _read(source: SectorSource, extent: FileExtent) -> Iterator[bytes]:
    """Yield the bytes of a file; a size that leaves the image ends with it."""
    end = extent.offset + min(extent.length, _MOST_BYTES)
    for offset in range(extent.offset, end, _PIECE_BYTES):
        piece = source.read_at(offset, min(_PIECE_BYTES, end - offset))
        yield piece
        if len(piece) < min(_PIECE_BYTES, end - offset):
            return

"""Recognition of the kind of a disc by its first sectors, without identifying the game."""

from collections.abc import Callable
from enum import StrEnum
from struct import Struct
from typing import TypeAlias

from discpress.engine.formats import SECTOR_SIZE

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Returns the given number of decoded bytes from an offset on, fewer only at the end of the image."""

PVD_SECTOR = 16
PVD_MAGIC = b"\x01CD001"


class DiscKind(StrEnum):
    """A file system or a console with a magic at a fixed offset."""

    ISO9660 = "iso9660"
    UDF = "udf"
    GAMECUBE = "gamecube"
    WII = "wii"
    XBOX = "xbox"
    THREE_DO = "3do"


WII_MAGIC, GAMECUBE_MAGIC = 0x5D1C9EA3, 0xC2339F3D
_CONSOLES = Struct(">24xII")  # magic of a Wii disc, magic of a GameCube disc: Dolphin's DiscIO
_3DO_MAGIC = b"\x01\x5a\x5a\x5a\x5a\x5a\x01"  # record type, sync bytes, version of an Opera volume header
_XBOX_OFFSET = 0x10000  # XDVDFS, sector 32
_XBOX_MAGIC = b"MICROSOFT*XBOX*MEDIA"

# The volume recognition sequence (ECMA-167, 2/8.3 and 3/9.1), of which the descriptors of ISO 9660 are a part.
_DESCRIPTORS = range(PVD_SECTOR, PVD_SECTOR + 16)
_UDF_IDS = {b"NSR02", b"NSR03"}
_OTHER_IDS = {b"CD001", b"BEA01", b"BOOT2", b"CDW02", b"TEA01"}


def find_disc(read_at: ReadAt) -> DiscKind | None:
    """Return the kind of disc in decoded bytes; None if there is no known magic. Raises the errors of `read_at`."""
    for sector in _DESCRIPTORS:
        head = read_at(sector * SECTOR_SIZE, len(PVD_MAGIC))
        if head == PVD_MAGIC:
            return DiscKind.ISO9660
        if head[1:] in _UDF_IDS:
            return DiscKind.UDF
        if head[1:] not in _OTHER_IDS:
            break
    start = read_at(0, _CONSOLES.size)
    if len(start) == _CONSOLES.size:
        wii, gamecube = _CONSOLES.unpack(start)
        if wii == WII_MAGIC:
            return DiscKind.WII
        if gamecube == GAMECUBE_MAGIC:
            return DiscKind.GAMECUBE
    if start.startswith(_3DO_MAGIC):
        return DiscKind.THREE_DO
    return DiscKind.XBOX if read_at(_XBOX_OFFSET, len(_XBOX_MAGIC)) == _XBOX_MAGIC else None

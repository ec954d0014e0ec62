"""The formats that are recognised but not read, each with an advice; archives are read by `archives`."""

from struct import Struct

from discpress.engine.formats import SYNC, ImageFormat, is_block_size
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.spec import FormatSpec, Kind

PART_MAGIC = b"DISCPRESS-PART\n\x00"
"""First bytes of an unfinished output of discpress."""
RAW_SECTOR_SIZES = (2352, 2448, 2368, 2646, 2742, 2744)
"""Bytes of a raw CD sector: alone, with subchannels of 96 or 16 bytes, with C2 error flags, and with both."""
RAW_SYNC = SYNC

_ZIP_MAGICS = (
    b"PK\x03\x04",
    b"PK\x05\x06",  # an empty one
    b"PK\x07\x08PK\x03\x04",  # in parts (APPNOTE 8.5.3), in one part after all (8.5.4)
    b"PK00PK\x03\x04",
)
_JSO_BLOCK_SIZE = Struct("<6xH")
_UNPACK = "unpack it and convert the image inside"


class _Jso(FormatSpec):
    def is_really(self, source: ByteSource) -> bool:
        head = read_bytes(source, 0, _JSO_BLOCK_SIZE.size)
        return len(head) == _JSO_BLOCK_SIZE.size and is_block_size(*_JSO_BLOCK_SIZE.unpack(head))


PART = FormatSpec(
    ImageFormat.PART,
    "unfinished discpress output",
    (PART_MAGIC,),
    advice="convert its source again; that replaces or removes the part",
    kind=Kind.UNFINISHED,
    is_packed=False,
)
JSO = _Jso(
    ImageFormat.JSO,
    "JSO (LZO)",
    (b"JISO",),
    (".jso",),
    "convert it with the tool that wrote it: its format is undocumented",
)
PBP = FormatSpec(
    ImageFormat.PBP,
    "PSP/PS1 EBOOT.PBP",
    (b"\x00PBP",),
    (".pbp",),
    "keep it as it is: it is a package, not a disc image",
)
ZIP = FormatSpec(ImageFormat.ZIP, "ZIP archive", _ZIP_MAGICS, (".zip",), _UNPACK, Kind.ARCHIVE)
SEVEN_ZIP = FormatSpec(ImageFormat.SEVEN_ZIP, "7z archive", (b"7z\xbc\xaf\x27\x1c",), (".7z",), _UNPACK, Kind.ARCHIVE)

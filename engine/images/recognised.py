"""The formats that are recognised but not read, each with an advice; archives are read by `archives`."""

from struct import Struct

from discpress.engine.formats import SYNC, ImageFormat, is_block_size
from discpress.engine.images.source import ByteSource, read_bytes
from discpress.engine.images.spec import SNIFF_BYTES, FormatSpec, Kind

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
_CISO_MAGIC = b"CISO"
_CISO_HEADER_SIZES = {0, 0x18}
_GAMECUBE_MAP = slice(8, SNIFF_BYTES)
_JSO_BLOCK_SIZE = Struct("<6xH")
_DOLPHIN = "Dolphin loads and converts it"
_UNPACK = "unpack it and convert the image inside"


class _Jso(FormatSpec):
    def is_really(self, source: ByteSource) -> bool:
        head = read_bytes(source, 0, _JSO_BLOCK_SIZE.size)
        return len(head) == _JSO_BLOCK_SIZE.size and is_block_size(*_JSO_BLOCK_SIZE.unpack(head))


class _GameCubeCiso(FormatSpec):
    def detect(self, head: bytes, file_bytes: int) -> bool:
        return is_gamecube_ciso(head)

    def is_really(self, source: ByteSource) -> bool:
        return set(read_bytes(source, 0, SNIFF_BYTES)[_GAMECUBE_MAP]) <= {0, 1}


def is_gamecube_ciso(head: bytes) -> bool:
    """Return whether a file is a GameCube's CISO: the PSP's header_size is its block size, followed by a map of 0 and
    1."""
    if not head.startswith(_CISO_MAGIC) or int.from_bytes(head[4:8], "little") in _CISO_HEADER_SIZES:
        return False
    looks_psp = is_block_size(int.from_bytes(head[16:20], "little")) and head[20:21] <= b"\x02"
    return not looks_psp or (len(head) > 8 and set(head[8:]) <= {0, 1})


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
GAMECUBE_CISO = _GameCubeCiso(
    ImageFormat.GAMECUBE_CISO,
    "GameCube/Wii CISO",
    (_CISO_MAGIC,),
    advice="it shares only its magic with the PSP format: Dolphin loads it, but does not convert it",
)
WBFS = FormatSpec(
    ImageFormat.WBFS, "Wii WBFS", (b"WBFS",), (".wbfs",), "Dolphin loads it, but only wit copy converts it"
)
WIA = FormatSpec(ImageFormat.WIA, "Wii WIA", (b"WIA\x01",), (".wia",), _DOLPHIN)
RVZ = FormatSpec(ImageFormat.RVZ, "GameCube/Wii RVZ", (b"RVZ\x01",), (".rvz",), _DOLPHIN)
GCZ = FormatSpec(ImageFormat.GCZ, "GameCube GCZ", (b"\x01\xc0\x0b\xb1",), (".gcz",), _DOLPHIN)
PBP = FormatSpec(
    ImageFormat.PBP,
    "PSP/PS1 EBOOT.PBP",
    (b"\x00PBP",),
    (".pbp",),
    "keep it as it is: it is a package, not a disc image",
)
ZIP = FormatSpec(ImageFormat.ZIP, "ZIP archive", _ZIP_MAGICS, (".zip",), _UNPACK, Kind.ARCHIVE)
SEVEN_ZIP = FormatSpec(ImageFormat.SEVEN_ZIP, "7z archive", (b"7z\xbc\xaf\x27\x1c",), (".7z",), _UNPACK, Kind.ARCHIVE)

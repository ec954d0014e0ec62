"""Detects the format of a file by its content; the name does not matter."""

from dataclasses import dataclass

from discpress.engine.formats import ImageFormat, is_block_size
from discpress.engine.images.cue import is_cue

SNIFF_BYTES = 2048
"""Number of bytes at a file's start that `sniff` needs."""

PART_MAGIC = b"DISCPRESS-PART\n\x00"
"""First bytes of an unfinished output of discpress."""

RAW_SECTOR_SIZES = (2352, 2448)
"""Bytes of a raw CD sector, without and with subchannel data."""
RAW_SYNC = b"\x00" + b"\xff" * 10 + b"\x00"

_MAGICS = (
    (PART_MAGIC, ImageFormat.PART),
    (b"ZISO", ImageFormat.ZSO),
    (b"DAX\x00", ImageFormat.DAX),
    (b"MComprHD", ImageFormat.CHD),
    (b"JISO", ImageFormat.JSO),
    (b"WBFS", ImageFormat.WBFS),
    (b"WIA\x01", ImageFormat.WIA),
    (b"RVZ\x01", ImageFormat.RVZ),
    (b"\x01\xc0\x0b\xb1", ImageFormat.GCZ),
    (b"\x00PBP", ImageFormat.PBP),
    (b"PK\x03\x04", ImageFormat.ZIP),
    (b"PK\x05\x06", ImageFormat.ZIP),  # an empty one
    (b"PK\x07\x08PK\x03\x04", ImageFormat.ZIP),  # in parts (APPNOTE 8.5.3), in one part after all (8.5.4)
    (b"PK00PK\x03\x04", ImageFormat.ZIP),
    (b"7z\xbc\xaf\x27\x1c", ImageFormat.SEVEN_ZIP),
)
_CISO_MAGIC = b"CISO"
_CISO_HEADER_SIZES = {0, 0x18}


@dataclass(frozen=True, slots=True)
class Foreign:
    """A format that is recognised but not read."""

    name: str
    """Its usual name."""
    advice: str
    """An instruction for the user of such a file."""


FOREIGN = {
    ImageFormat.JSO: Foreign("JSO (LZO)", "convert it with the tool that wrote it: its format is undocumented"),
    ImageFormat.GAMECUBE_CISO: Foreign(
        "GameCube/Wii CISO", "it shares only its magic with the PSP format: Dolphin loads and converts it"
    ),
    ImageFormat.WBFS: Foreign("Wii WBFS", "Dolphin loads and converts it"),
    ImageFormat.WIA: Foreign("Wii WIA", "Dolphin loads and converts it"),
    ImageFormat.RVZ: Foreign("GameCube/Wii RVZ", "Dolphin loads and converts it"),
    ImageFormat.GCZ: Foreign("GameCube GCZ", "Dolphin loads and converts it"),
    ImageFormat.PBP: Foreign("PSP/PS1 EBOOT.PBP", "keep it as it is: it is a package, not a disc image"),
    ImageFormat.ZIP: Foreign("ZIP archive", "unpack it and convert the image inside"),
    ImageFormat.SEVEN_ZIP: Foreign("7z archive", "unpack it and convert the image inside"),
    ImageFormat.RAW_CD: Foreign(
        "raw CD dump (2352-byte sectors)",
        "run chdman createcd on its CUE sheet to make a CHD: no program could load it as a compressed ISO",
    ),
    ImageFormat.CUE: Foreign(
        "CUE sheet", "keep it next to the raw files that it names, or run chdman createcd to make one CHD of them"
    ),
    ImageFormat.PART: Foreign(
        "unfinished discpress output", "convert its source again; that replaces or removes the part"
    ),
}
"""The recognised formats that are refused, with advice."""


def sniff(head: bytes, file_bytes: int) -> ImageFormat:
    """Return the format of a file from its first SNIFF_BYTES (or all of it) and its size; ISO if nothing matches."""
    for magic, image_format in _MAGICS:
        if head.startswith(magic):
            return image_format
    if head.startswith(_CISO_MAGIC):
        return ImageFormat.GAMECUBE_CISO if _is_gamecube(head) else ImageFormat.CSO
    if head.startswith(RAW_SYNC) and any(file_bytes % size == 0 for size in RAW_SECTOR_SIZES):
        return ImageFormat.RAW_CD
    if is_cue(head, file_bytes):
        return ImageFormat.CUE
    return ImageFormat.ISO


def magic_of(image_format: ImageFormat) -> bytes:
    """Return the first bytes of every file of a format; empty if it has no magic."""
    if image_format in {ImageFormat.CSO, ImageFormat.GAMECUBE_CISO}:
        return _CISO_MAGIC
    return next((magic for magic, its_format in _MAGICS if its_format is image_format), b"")


def _is_gamecube(head: bytes) -> bool:
    """Return whether a CISO is a GameCube's: the PSP's header_size is its block size, followed by a map of 0 and 1."""
    if int.from_bytes(head[4:8], "little") in _CISO_HEADER_SIZES:
        return False
    looks_psp = is_block_size(int.from_bytes(head[16:20], "little")) and head[20:21] <= b"\x02"
    return not looks_psp or (len(head) > 8 and set(head[8:]) <= {0, 1})

"""The files that identify a disc as a PS1, PS2 or PSP game: boot files, ELF, PARAM.SFO, ICON0.PNG.

Titles and serials are invented.
"""

import struct
import zlib
from binascii import crc32
from collections.abc import Mapping

from discpress.engine.demo.iso_writer import FileContent
from discpress.engine.demo.payload import Material, stream
from discpress.engine.units import KIB

PLAYSTATION = "PLAYSTATION"
"""System id of PS1 and PS2 discs."""
PSP_GAME = "PSP GAME"

_ELF = struct.Struct("<4sBBB9xHHIIIIIHHHHHH")
_PROGRAM_HEADER = struct.Struct("<8I")
_EXECUTABLE, _PSP_MODULE, _MIPS = 2, 0xFFA0, 8
_PS2_FLAGS = 0x20924001  # MIPS III, EABI64, 5900
_PSP_FLAGS = 0x10A23001  # MIPS II, EABI32, Allegrex
_LOAD_ADDRESS = 0x100000
_ENDLESS_LOOP = struct.pack("<II", 0x1000FFFF, 0)  # beq zero, zero, itself; nop

_PSX_EXE = struct.Struct("<8s8x8I")
_SFO_HEADER = struct.Struct("<4sIIII")
_SFO_ENTRY = struct.Struct("<HHIII")
_SFO_TEXT, _SFO_NUMBER = 0x0204, 0x0404
_SFO_ROOMS = {"CATEGORY": 4, "DISC_ID": 16, "DISC_VERSION": 8, "PSP_SYSTEM_VER": 8, "TITLE": 128}
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_HEADER = struct.Struct(">IIBBBBB")
_ICON_WIDTH, _ICON_HEIGHT = 144, 80  # the size in the PSP's menu


def ps2_files(file_id: str) -> dict[str, FileContent]:
    """Return SYSTEM.CNF and the ELF that it boots, for a file id such as `SLUS_999.01`."""
    configuration = f"BOOT2 = cdrom0:\\{file_id};1\r\nVER = 1.00\r\nVMODE = {_video_mode(file_id)}\r\n"
    return {"SYSTEM.CNF": configuration.encode(), file_id: _elf(_EXECUTABLE, _PS2_FLAGS, file_id)}


def ps1_files(file_id: str) -> dict[str, FileContent]:
    """Return SYSTEM.CNF and the PS-X EXE that it boots."""
    configuration = f"BOOT = cdrom:\\{file_id};1\r\nTCB = 4\r\nEVENT = 10\r\nSTACK = 801FFFF0\r\n"
    code = _code(file_id, 62 * KIB)
    header = _PSX_EXE.pack(b"PS-X EXE", 0x80010000, 0, 0x80010000, len(code), 0, 0, 0, 0)
    return {"SYSTEM.CNF": configuration.encode(), file_id: header.ljust(2048, b"\x00") + code}


def psp_files(disc_id: str, title: str) -> dict[str, FileContent]:
    """Return UMD_DATA.BIN and the PSP_GAME folder's own files, for a disc id such as `ULUS99901`."""
    unique = crc32(title.encode())
    return {
        "UMD_DATA.BIN": f"{disc_id[:4]}-{disc_id[4:]}|{unique:08X}{unique ^ 0xFFFFFFFF:08X}|0001|G".encode(),
        "PSP_GAME/PARAM.SFO": param_sfo(_sfo_values(disc_id, title)),
        "PSP_GAME/ICON0.PNG": icon_png(unique & 0xFFFFFF),
        "PSP_GAME/SYSDIR/EBOOT.BIN": _elf(_PSP_MODULE, _PSP_FLAGS, disc_id),
    }


def param_sfo(values: Mapping[str, str | int]) -> bytes:
    """Return a PARAM.SFO (docs/formats.md, section 4): header, entries and keys in alphabetical order, values.

    A text is stored and counted with its NUL, in the space that the firmware reserves for its key, or in the next
    multiple of four. ValueError for a text that is too long for this space.
    """
    entries, keys, data = b"", b"", b""
    for key, value in sorted(values.items()):
        if isinstance(value, int):
            form, stored, room = _SFO_NUMBER, value.to_bytes(4, "little"), 4
        else:
            form, stored = _SFO_TEXT, value.encode() + b"\x00"
            room = _SFO_ROOMS.get(key, len(stored) + -len(stored) % 4)
        if len(stored) > room:
            raise ValueError(f"PARAM.SFO {key}: expected at most {room} bytes, got {len(stored)}")
        entries += _SFO_ENTRY.pack(len(keys), form, len(stored), room, len(data))
        keys += key.encode() + b"\x00"
        data += stored.ljust(room, b"\x00")
    keys = keys.ljust(len(keys) + -len(keys) % 4, b"\x00")
    key_table = _SFO_HEADER.size + len(entries)
    header = _SFO_HEADER.pack(b"\x00PSF", 0x101, key_table, key_table + len(keys), len(values))
    return header + entries + keys + data


def icon_png(colour: int) -> bytes:
    """Return a PNG of 144 x 80 pixels: a gradient down from the 24-bit RGB `colour`."""
    rows = bytearray()
    for row in range(_ICON_HEIGHT):
        shade = [(colour >> bits & 0xFF) * (_ICON_HEIGHT - row) // _ICON_HEIGHT for bits in (16, 8, 0)]
        rows += b"\x00" + bytes(shade) * _ICON_WIDTH  # filter 0
    header = _PNG_HEADER.pack(_ICON_WIDTH, _ICON_HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _PNG_SIGNATURE + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _sfo_values(disc_id: str, title: str) -> dict[str, str | int]:
    return {
        "BOOTABLE": 1,
        "CATEGORY": "UG",
        "DISC_ID": disc_id,
        "DISC_NUMBER": 1,
        "DISC_TOTAL": 1,
        "DISC_VERSION": "1.00",
        "PARENTAL_LEVEL": 1,
        "PSP_SYSTEM_VER": "6.60",
        "REGION": 0x8000,
        "TITLE": title,
    }


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc32(kind + data))


def _elf(kind: int, flags: int, seed: str) -> bytes:
    """Return a 32-bit little-endian MIPS program of one segment that loops forever."""
    code = _code(seed, 96 * KIB)
    start = _ELF.size + _PROGRAM_HEADER.size
    start += -start % 16
    header = _ELF.pack(
        b"\x7fELF", 1, 1, 1, kind, _MIPS, 1, _LOAD_ADDRESS, _ELF.size, 0, flags,
        _ELF.size, _PROGRAM_HEADER.size, 1, 0, 0, 0,
    )  # fmt: skip
    segment = _PROGRAM_HEADER.pack(1, start, _LOAD_ADDRESS, _LOAD_ADDRESS, len(code), len(code), 7, 16)
    return (header + segment).ljust(start, b"\x00") + code


def _code(seed: str, size_bytes: int) -> bytes:
    filling = b"".join(stream(size_bytes - len(_ENDLESS_LOOP), {Material.CODE: 1}, seed))
    return _ENDLESS_LOOP + filling


def _video_mode(file_id: str) -> str:
    return "PAL" if file_id[2] == "E" else "NTSC"

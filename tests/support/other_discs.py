"""The smallest images of discs of other consoles, as their own tools would fill the headers."""

import struct

SECTOR = 2048
XGD1, XGD2, XGD3 = 0x18300000, 0xFD90000, 0x2080000
"""Offsets of the game partition on whole Xbox and Xbox 360 discs."""


def placed(*pieces: tuple[int, bytes], size: int = 40 * SECTOR) -> bytes:
    """Return zeros with the pieces at their offsets."""
    image = bytearray(size)
    for offset, content in pieces:
        image[offset : offset + len(content)] = content
    return bytes(image)


def gamecube(
    game_id: bytes = b"GXYE01", title: bytes = b"Cube Game", *, wii: bool = False, disc: int = 0, version: int = 0
) -> bytes:
    """Return the image of a GameCube or Wii disc."""
    magic = (0x18, bytes.fromhex("5d1c9ea3")) if wii else (0x1C, bytes.fromhex("c2339f3d"))
    return placed((0, game_id + bytes([disc, version])), magic, (0x20, title))


def saturn(
    title: bytes = b"NIGHT DIVER", areas: bytes = b"JTU", device: bytes = b"CD-1/2  ", product: bytes = b"T-12345G"
) -> bytes:
    """Return the image of the first data track of a Saturn disc."""
    head = b"SEGA SEGASATURN SEGA TP T-123   " + product.ljust(10) + b"V1.003" + b"19970101" + device.ljust(8)
    return placed((0, head + areas.ljust(10) + b" " * 6 + b"JAMKT".ljust(16) + title.ljust(112)))


def dreamcast(title: bytes = b"SKY RUNNER", areas: bytes = b"  E     ", device: bytes = b"8B40 GD-ROM2/3  ") -> bytes:
    """Return the image of the data track of a Dreamcast disc."""
    head = b"SEGA SEGAKATANA SEGA ENTERPRISES" + device + areas + b"E000F10 " + b"MK-51052  " + b"V1.001"
    head += b"19991231".ljust(16) + b"1ST_READ.BIN    " + b"SEGA".ljust(16)
    return placed((0, head + title.ljust(128)))


def mega_cd(overseas: bytes = b"CANYON DRIFT", domestic: bytes = "峡谷".encode("cp932"), areas: bytes = b"U") -> bytes:
    """Return the image of a Mega CD or Sega CD disc."""
    header = b"SEGA GENESIS    (C)SEGA 1993.APR" + domestic.ljust(48) + overseas.ljust(48) + b"GM MK-4407 -00"
    return placed((0, b"SEGADISCSYSTEM  "), (0x100, header), (0x1F0, areas.ljust(16)))


def pc_engine(title: bytes = b"STAR PARADER") -> bytes:
    """Return the image of the first data track of a PC Engine CD-ROM."""
    return placed((SECTOR + 0x20, b"PC Engine CD-ROM SYSTEM"), (SECTOR + 0x6A, title.ljust(22)))


def three_do() -> bytes:
    """Return the image of a 3DO disc."""
    return placed((0, b"\x01ZZZZZ\x01"), (0x28, b"CD-ROM"))


def xbe(name: str = "Test Racer", title_id: int = 0x4D530004, regions: int = 1, disc: int = 0) -> bytes:
    """Return the header of a default.xbe."""
    certificate = struct.pack("<III80s", 0x1D0, 0, title_id, name.encode("utf-16-le"))
    certificate += bytes(68) + struct.pack("<IIII", regions, 0, disc, 1)
    return placed(
        (0, b"XBEH"),
        (0x104, struct.pack("<I", 0x10000)),
        (0x118, struct.pack("<I", 0x10178)),
        (0x178, certificate),
        size=SECTOR,
    )


def xex(title_id: int = 0x4D5307E6, disc: int = 2, total: int = 3) -> bytes:
    """Return the header of a default.xex."""
    options = struct.pack(">IIII", 0x00010201, 7, 0x00040006, 0x200)
    execution = struct.pack(">IIIIBBBBI", 0x11223344, 1, 1, title_id, 0, 0, disc, total, 0)
    return placed((0, b"XEX2" + bytes(16) + struct.pack(">I", 2) + options), (0x200, execution), size=SECTOR)


def xdvdfs(name: bytes, program: bytes) -> bytes:
    """Return a game partition: its descriptor in sector 32, its root directory in 33, one program in 34."""
    entry = struct.pack("<HHIIBB", 0, 0, 34, len(program), 0x80, len(name)) + name
    other = struct.pack("<HHIIBB", 0, 0, 36, 1, 0x80, 5) + b"A.BIN"
    root = (other.ljust(20, b"\xff") + entry).ljust(SECTOR, b"\xff")
    descriptor = b"MICROSOFT*XBOX*MEDIA" + struct.pack("<II", 33, SECTOR)
    return placed((32 * SECTOR, descriptor), (33 * SECTOR, root), (34 * SECTOR, program))


def sfb(serial: str = "BLES-00932") -> bytes:
    """Return a PS3_DISC.SFB."""
    entries = struct.pack(">16sII8x16sII8x", b"HYBRID_FLAG", 0x200, 0x20, b"TITLE_ID", 0x220, 0x10)
    return placed((0, b".SFB\0\1\0\0"), (0x20, entries), (0x200, b"gu"), (0x220, serial.encode()), size=0x600)

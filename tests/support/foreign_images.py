"""Files of other programs, made from their layouts: small, and as their writers would fill the header."""

import hashlib
import struct
import zlib
from collections.abc import Sequence

from discpress.engine.images.recognised import RAW_SYNC

DISC_BYTES = 1_459_978_240
"""What every GameCube disc holds."""
WBFS_BLOCK = 0x200000
GCZ_BLOCK = 0x8000
WII_MAGIC, GAMECUBE_MAGIC = 0x5D1C9EA3, 0xC2339F3D


def nintendo_disc(system: str = "wii", game_id: bytes = b"RZTE01", title: bytes = b"Pressed Flat") -> bytes:
    """Return the first 128 bytes of a GameCube or Wii disc."""
    magics = (WII_MAGIC, 0) if system == "wii" else (0, GAMECUBE_MAGIC)
    return (struct.pack(">6s18xII", game_id, *magics) + title.ljust(64, b"\0")).ljust(128, b"\0")


def wbfs(disc: bytes, sector_bits: int = 9, places: Sequence[int] = (), sectors: int = 1000) -> bytes:
    """Return the header of a WBFS with one disc, whose blocks have these places in the file."""
    head = b"WBFS" + struct.pack(">IBB", sectors, sector_bits, 21)
    table = struct.pack(f">{len(places)}H", *places)
    return (head.ljust(1 << sector_bits, b"\0") + disc.ljust(256, b"\0") + table).ljust(WBFS_BLOCK, b"\0")


def tgc(disc: bytes, offset: int = 0x8000) -> bytes:
    """Return a TGC."""
    return struct.pack(">III", 0xAE0F38A2, 0, offset).ljust(offset, b"\0") + disc.ljust(4096, b"\0")


def wia(disc: bytes, kind: int = 2, disc_bytes: int = DISC_BYTES, magic: bytes = b"WIA\x01") -> bytes:
    """Return a WIA, or with another magic an RVZ."""
    second = struct.pack(">IIiI", kind, 5, 5, 131072) + disc + bytes(92)
    file_bytes = 0x48 + len(second) + 1000
    head = magic + struct.pack(">III", 1 << 24, 1 << 24, len(second)) + hashlib.sha1(second).digest()
    head += struct.pack(">QQ", disc_bytes, file_bytes)
    return head + hashlib.sha1(head).digest() + second + bytes(1000)


def gcz(disc: bytes, kind: int = 0, *, is_packed: bool = True, disc_bytes: int = 40_000) -> bytes:
    """Return a GCZ whose blocks are all alike."""
    block = disc.ljust(GCZ_BLOCK, b"\0")
    stored = zlib.compress(block) if is_packed else block
    blocks = -(-disc_bytes // GCZ_BLOCK)
    flag = 0 if is_packed else 1 << 63
    pointers = struct.pack(f"<{blocks}Q", *(flag | number * len(stored) for number in range(blocks)))
    head = struct.pack("<IIQQII", 0xB10BC001, kind, blocks * len(stored), disc_bytes, GCZ_BLOCK, blocks)
    return head + pointers + struct.pack("<I", zlib.adler32(stored)) * blocks + stored * blocks


def gamecube_ciso(disc: bytes, *, has_first: bool = True) -> bytes:
    """Return a GameCube CISO that stores one block, which its file ends within."""
    used = (b"\1" if has_first else b"\0\1") + bytes(600)
    return (b"CISO" + struct.pack("<I", 0x200000) + used).ljust(0x8000, b"\0") + disc.ljust(4096, b"\0")


def sfo(values: dict[str, str]) -> bytes:
    """Return a PARAM.SFO of texts."""
    keys = entries = data = b""
    for key, value in values.items():
        text = value.encode() + b"\0"
        entries += struct.pack("<HHIII", len(keys), 0x0204, len(text), len(text), len(data))
        keys += key.encode() + b"\0"
        data += text
    start = 20 + len(entries)
    return b"\0PSF" + struct.pack("<IIII", 0x101, start, start + len(keys), len(values)) + entries + keys + data


def pbp(values: dict[str, str], psar: bytes = b"PSISOIMG0000") -> bytes:
    """Return an EBOOT.PBP with a PARAM.SFO and a DATA.PSAR."""
    table = sfo(values)
    end = 40 + len(table)
    return b"\0PBP" + struct.pack("<I8I", 0x10000, 40, *(end,) * 7) + table + psar.ljust(4096, b"\0")


def jso(block_size: int = 2048, original_bytes: int = 700_416) -> bytes:
    """Return the header of a JSO."""
    return b"JISO" + struct.pack("<BBHBBBBI", 1, 0, block_size, 0, 0, 0, 0, original_bytes) + bytes(2048)


def raw_dump(iso: bytes, mode: int = 2, sector_bytes: int = 2352) -> bytes:
    """Return an image as raw sectors, error correction left out."""
    lead = bytes(8) if mode == 2 else b""
    sectors = (iso[offset : offset + 2048] for offset in range(0, len(iso), 2048))
    return b"".join((RAW_SYNC + bytes([0, 2, 0, mode]) + lead + each).ljust(sector_bytes, b"\0") for each in sectors)


def gdi(*tracks: tuple[int, int, str]) -> bytes:
    """Return a GDI sheet of tracks: first sector, 4 for data or 0 for music, file name."""
    lines = [f"{number} {start} {kind} 2352 {name} 0" for number, (start, kind, name) in enumerate(tracks, start=1)]
    return "\r\n".join([str(len(tracks)), *lines, ""]).encode()


CCD = b"[CloneCD]\r\nVersion=3\r\n[Disc]\r\nTocEntries=4\r\n"
"""The beginning of a CloneCD sheet."""
MDS = b"MEDIA DESCRIPTOR\x01\x03" + bytes(200)
"""The beginning of an Alcohol MDS."""


def cue(*names: str, kind: str = "BINARY", track: str = "MODE2/2352") -> bytes:
    """Return a CUE sheet, with CRLF as Windows programs write it."""
    lines = []
    for number, name in enumerate(names, start=1):
        what = track if number == 1 else "AUDIO"
        lines += [f'FILE "{name}" {kind}', f"  TRACK {number:02d} {what}", "    INDEX 01 00:00:00"]
    return ("\r\n".join(lines) + "\r\n").encode()

"""Made-up GameCube discs as real ones are: files that pack well, badly or not at all, zeros, and padding between them.

The partition of a Wii disc has the same content, and other headers.
"""

import struct
from functools import cache
from random import Random

from wii_partitions import CONTENT, GROUP, encrypted_disc

from discpress.engine.images.nintendo.padding import SECTOR_BYTES, Padding
from discpress.engine.units import KIB

LIST = 0x2000
"""The place of the list of files."""
_NAMES = b"a file\0\0"
"""All files have one name, because Dolphin reads no list without names."""
_LEAST_FILES, _FILE_BYTES = 40, 640 * KIB
HEAD = b"GDPE01\0".ljust(0x1C, b"\0") + bytes.fromhex("c2339f3d") + b"padded"
WII_HEAD = b"RZTE01\0".ljust(0x18, b"\0") + bytes.fromhex("5d1c9ea3") + bytes(4) + b"padded"


@cache
def padded_disc(size_bytes: int, seed: int = 1, *, head: bytes = HEAD) -> bytes:
    """Return a disc with padding in all areas that no file uses, but for some zeros after each file."""
    random = Random(seed)
    unit = 4 if head is WII_HEAD else 1
    disc = bytearray(padding(0, size_bytes, head))
    disc[:LIST] = head.ljust(LIST, b"\0")
    files = max(_LEAST_FILES, size_bytes // _FILE_BYTES)
    entries, place = list[bytes](), LIST + 12 * (files + 1) + len(_NAMES)
    for _ in range(files):
        length = random.randrange(2000, size_bytes // files)
        place += -place % 4 + random.choice((0, 32, 5000, size_bytes // files))
        end = place + length
        if end + 32 > size_bytes:
            break
        zeros = random.choice((0, 32))
        disc[place : end + zeros] = _file(random, length).ljust(length + zeros, b"\0")
        entries.append(struct.pack(">III", 0, place // unit, length))
        place = end
    entries.insert(0, struct.pack(">III", 1 << 24, 0, len(entries) + 1))
    table = b"".join(entries) + _NAMES
    disc[LIST : LIST + len(table)] = table
    struct.pack_into(">II", disc, 0x424, LIST // unit, len(table) // unit)
    return bytes(disc[:size_bytes])


@cache
def padded_wii_disc(groups: int = 1, seed: int = 1) -> bytes:
    """Return a disc with one partition of so many groups of 64 clusters, with padding as above."""
    return encrypted_disc(padded_disc(groups * GROUP * CONTENT, seed, head=WII_HEAD))


def padding(start: int, size_bytes: int, head: bytes = HEAD) -> bytes:
    """Return the padding of the disc from a sector's start on."""
    generator = Padding(head)
    first = start // SECTOR_BYTES
    sectors = range(first, first + -(-size_bytes // SECTOR_BYTES))
    return b"".join(map(generator.sector, sectors))[:size_bytes]


def _file(random: Random, length: int) -> bytes:
    kind = random.randrange(4)
    if kind == 0:
        return random.randbytes(length)
    if kind == 1:
        return bytes(length)
    words = [random.randbytes(random.randrange(2, 9)) for _ in range(40 if kind == 2 else 2000)]
    return (2 * b"".join(random.choices(words, k=length // 4)))[:length]

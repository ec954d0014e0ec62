"""Packed images made by hand, sound or with one fault; independent of the writer and the codecs of the engine."""

import random
import struct
import zlib
from functools import cache
from pathlib import Path

import lz4.block

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Finding
from discpress.engine.targets import TARGETS

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
HEADER = struct.Struct("<4sIQIBB2s")
PLAIN = 0x80000000
SECTORS = 41
"""Sectors of `disc()`."""


@cache
def disc(sectors: int = SECTORS, volume_sectors: int = SECTORS) -> bytes:
    """Return a disc with a volume descriptor; each third sector does not compress."""
    noise = random.Random(7)
    made = [noise.randbytes(SECTOR_SIZE) if n % 3 == 0 else bytes([n]) * SECTOR_SIZE for n in range(sectors)]
    made[16] = (b"\x01CD001".ljust(80, b" ") + struct.pack("<I", volume_sectors)).ljust(SECTOR_SIZE, b"\0")
    return b"".join(made)


def pack(
    image: bytes | None = None, magic: bytes = b"ZISO", block_size: int = 2048, version: int = 1, shift: int = 0
) -> bytearray:
    """Return a sound ZSO or CSO, padded to whole sectors."""
    image = disc() if image is None else image
    count = -(-len(image) // block_size)
    data = bytearray(24 + 4 * (count + 1))
    entries = []
    for start in range(0, len(image), block_size):
        data += bytes(-len(data) % (1 << shift))
        block = image[start : start + block_size].ljust(block_size, b"\0")
        packed = lz4.block.compress(block, store_size=False) if magic == b"ZISO" else zlib.compress(block, 9, -15)
        is_plain = len(packed) + -len(packed) % (1 << shift) >= block_size
        entries.append(len(data) >> shift | (PLAIN if is_plain and version < 2 else 0))
        data += block if is_plain else packed
    data += bytes(-len(data) % (1 << shift))
    entries.append(len(data) >> shift)
    data[:24] = HEADER.pack(magic, 24, len(image), block_size, version, shift, b"\0\0")
    data[24 : 24 + 4 * len(entries)] = struct.pack(f"<{len(entries)}I", *entries)
    return data + bytes(-len(data) % SECTOR_SIZE)


def entry_of(data: bytearray, number: int) -> int:
    return int.from_bytes(data[24 + 4 * number : 28 + 4 * number], "little")


def set_entry(data: bytearray, number: int, value: int) -> None:
    data[24 + 4 * number : 28 + 4 * number] = value.to_bytes(4, "little")


def set_field(data: bytearray, offset: int, form: str, value: int) -> None:
    struct.pack_into(form, data, offset, value)


def spoil(data: bytearray, number: int) -> None:
    """Make a packed block undecodable without touching the index."""
    start, end = entry_of(data, number), entry_of(data, number + 1)
    assert start < PLAIN
    data[start : end & ~PLAIN] = b"\xff" * ((end & ~PLAIN) - start)


def summary(found: list[Finding]) -> list[tuple[str, str, int | None, int | None]]:
    return [(str(each.level), each.code, each.block, each.sector) for each in found]


class Patient:
    """A file for the doctor."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, data: bytes | bytearray, target: str | None = None, *, deep: bool = False) -> list[Finding]:
        """Write the data and return what the doctor finds."""
        self.path.write_bytes(data)
        return list(examine(self.path, TARGETS[target] if target else None, deep=deep))

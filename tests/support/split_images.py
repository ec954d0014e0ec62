"""Images in parts, as other programs write them, and an image whose end is missing."""

import os
from collections.abc import Sequence
from pathlib import Path

from command_line import write_old
from sample_images import mixed

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.sets.opl_list import name_crc

PART_BYTES = 24 * SECTOR_SIZE
"""The first part contains the volume descriptor, in sector 16."""
IMAGE = mixed(2 * PART_BYTES + 7 * SECTOR_SIZE, seed=51)
"""Three parts, the last one shorter."""
ISO_NAMES = ("Game.iso.001", "Game.iso.002", "Game.iso.003")
MTIME_NS = 1_600_000_000_000_000_000


def cut(data: bytes, part_bytes: int = PART_BYTES) -> list[bytes]:
    """Return the pieces of an image."""
    return [data[at : at + part_bytes] for at in range(0, len(data), part_bytes)]


def write_parts(folder: Path, names: Sequence[str] = ISO_NAMES, data: bytes = IMAGE) -> list[Path]:
    """Write an image in parts of PART_BYTES, one for each name, long ago; return their paths."""
    paths = []
    for name, piece in zip(names, cut(data), strict=True):
        paths.append(write_old(folder / name, piece))
        os.utime(paths[-1], ns=(MTIME_NS, MTIME_NS))
    return paths


def opl_names(game: str, serial: str = "SLUS_203.12", parts: int = 3) -> list[str]:
    """Return the names that OPL gives to the parts of a game."""
    return [f"ul.{name_crc(game.encode()):08X}.{serial}.{number:02d}" for number in range(parts)]


def opl_entry(game: str, serial: str = "SLUS_203.12", parts: int = 3) -> bytes:
    """Return a game's entry in ul.cfg."""
    head = game.encode().ljust(32, b"\0") + f"ul.{serial}".encode().ljust(15, b"\0")
    return head + bytes([parts, 0x14, 0, 0, 0, 0, 8]) + bytes(10)

"""Images of one made-up GameCube disc by other programs, and the disc itself."""

import gzip
from pathlib import Path
from random import Random

from sample_images import GOLDEN as SAMPLES

GOLDEN = SAMPLES.with_name("golden-nintendo")
DISC_BYTES = 4 * 1024 * 1024
DISC_SHA1 = "7284372617b89cfd70c02cbb6184bc138c1bbd50"
NAMES = ("gc.nod.rvz", "gc.wit.wia", "gc.dolphin.gcz")
"""Those that state the size of the disc."""


def golden(name: str) -> bytes:
    """Return an image by its name, unpacked."""
    path = GOLDEN / name
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_name(f"{name}.gz").read_bytes())


def write_golden(folder: Path, name: str, called: str = "") -> Path:
    """Write an image into a folder, under its name or another one."""
    path = folder / (called or name)
    path.write_bytes(golden(name))
    return path


def small_disc(size_bytes: int = (1 << 20) + 2048) -> bytes:
    """Return a made-up GameCube disc: noise, zeros, and a rest after the last whole chunk."""
    noise = Random(3).randbytes(200_000)
    head = b"GDPE01".ljust(0x1C, b"\0") + bytes.fromhex("c2339f3d") + b"small".ljust(0x60, b"\0")
    return (head.ljust(0x30000, b"\0") + noise).ljust(size_bytes - 7, b"\0") + b"the end"

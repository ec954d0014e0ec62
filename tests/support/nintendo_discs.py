"""Images of one made-up GameCube disc by other programs, and the disc itself."""

import gzip
from pathlib import Path

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

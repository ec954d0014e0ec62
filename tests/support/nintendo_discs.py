"""Images of one made-up GameCube disc by other programs, and the disc itself."""

import gzip
import hashlib
from pathlib import Path
from random import Random

from sample_images import GOLDEN as SAMPLES

GOLDEN = SAMPLES.with_name("golden-nintendo")
DISC_BYTES = 4 * 1024 * 1024
DISC_SHA1 = "7284372617b89cfd70c02cbb6184bc138c1bbd50"
JUNK_SHA1 = "bd7848d95c7f3752ee31e9db626e11b27fc92e93"
"""Of the same disc with padding."""
NAMES = {
    **dict.fromkeys(("gc.nod.rvz", "gc.wit.wia", "gc.dolphin.gcz", "gc.dolphin-lzma2.rvz"), DISC_SHA1),
    **dict.fromkeys(("gcjunk.nod.rvz", "gcjunk.dolphin-zstd.rvz"), JUNK_SHA1),
    "gcjunk.wit-scrubbed.wia": DISC_SHA1,
}
"""Those that state the size of the disc, with the SHA-1 of what they decode to."""


def sha1_of(data: bytes) -> str:
    """Return a SHA-1 as text."""
    return hashlib.sha1(data).hexdigest()


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


def wii_disc(size_bytes: int = (6 << 20) + 3 * 32768, *, title: bytes = b"Zelten") -> bytes:
    """Return a made-up Wii disc without partitions: nothing in it is encrypted, so that nobody needs a key."""
    disc = bytearray(size_bytes)
    disc[:6], disc[0x18:0x1C], disc[0x20 : 0x20 + len(title)] = b"RZTE01", bytes.fromhex("5d1c9ea3"), title
    disc[0x60:0x62] = b"\1\1"  # no hashes, no encryption
    disc[0x4E003], disc[0x4FFFC:0x50000] = 2, bytes.fromhex("c3f81a8e")  # PAL
    disc[0x60000 : 0x60000 + 300_000] = Random(5).randbytes(300_000)
    disc[4_500_000:4_700_000] = Random(6).randbytes(200_000)
    disc[-7:] = b"the end"
    return bytes(disc)

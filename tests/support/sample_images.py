"""Small images for tests: deterministic bytes, and the shortest way to a converted file."""

import random
import struct
import tempfile
from functools import lru_cache
from pathlib import Path

from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.formats import SECTOR_SIZE, ImageFormat, Method
from discpress.engine.images.known_disc import PVD_SECTOR
from discpress.engine.images.open import open_image
from discpress.engine.images.source import ByteSource
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest
from discpress.engine.system.files import Writable
from discpress.engine.units import MIB

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
"""Images of other programs; see SHA1SUMS there and docs/formats.md, section 6."""


def compressible(size: int, seed: int = 0) -> bytes:
    """Return bytes that every codec packs to a fifth or less, no two sectors alike."""
    line = b"sector %08d of a disc that shrinks well %04d\n" + b"=" * 79
    lines = (line % (number, seed) for number in range(size // 100 + 1))
    return b"".join(lines)[:size]


def incompressible(size: int, seed: int = 0) -> bytes:
    """Return bytes that no codec packs."""
    return random.Random(seed).randbytes(size)


def as_disc(data: bytes) -> bytes:
    """Return data with a primary volume descriptor in sector 16, by which an image is known as a disc.

    Shorter data stays as it is. Only the originals of discs are moved to the trash, and only discs found in folders.
    """
    start = PVD_SECTOR * SECTOR_SIZE
    if len(data) < start + SECTOR_SIZE:
        return data
    descriptor = b"\x01CD001".ljust(80, b" ") + struct.pack("<I", len(data) // SECTOR_SIZE)
    return data[:start] + descriptor.ljust(SECTOR_SIZE, b"\0") + data[start + SECTOR_SIZE :]


def mixed(size: int, seed: int = 0) -> bytes:
    """Return `mixed_sectors` as a disc, as far as `as_disc` makes it one."""
    return as_disc(mixed_sectors(size, seed))


def mixed_sectors(size: int, seed: int = 0) -> bytes:
    """Return sectors of text, noise, half of each, and zeros, in no regular order; the last one may be short."""
    return _mixed_sectors(size, seed) if size <= MIB else _mixed_sectors.__wrapped__(size, seed)


@lru_cache(maxsize=32)
def _mixed_sectors(size: int, seed: int) -> bytes:
    """Return the same; kept, because most tests of a file want the same small ones."""
    chance = random.Random(seed)
    half = SECTOR_SIZE // 2
    sectors = []
    for number in range(-(-size // SECTOR_SIZE)):
        noise, half_noise = chance.randbytes(SECTOR_SIZE), chance.randbytes(half)
        match chance.choice(("text", "noise", "half of each", "zeros")):
            case "text":
                sectors.append(compressible(SECTOR_SIZE, number))
            case "noise":
                sectors.append(noise)
            case "half of each":
                sectors.append(compressible(half, number) + half_noise)
            case _:
                sectors.append(bytes(SECTOR_SIZE))
    return b"".join(sectors)[:size]


def write_image(path: Path, data: bytes | bytearray) -> Path:
    """Write `data` as a file, its folder too, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def convert_image(
    source_path: Path,
    output_path: Path,
    image_format: ImageFormat = ImageFormat.ZSO,
    block_size: int = SECTOR_SIZE,
    *,
    level: int = 1,
    alignment: int | None = None,
    threads: int = 2,
    target: str = "any",
    methods: tuple[Method, ...] = (),
) -> Conversion:
    """Convert a file with everything decided here, verified as users get it."""
    request = ConversionRequest(image_format, block_size, level, alignment, target, methods=methods)
    plan = settle_output(plan_conversion(source_path, output_path, None, request))
    return convert(plan, threads=threads, control=Control(), progress=Progress())


def pack(
    path: Path,
    data: bytes,
    image_format: ImageFormat = ImageFormat.ZSO,
    block_size: int = SECTOR_SIZE,
    *,
    level: int = 1,
    alignment: int | None = None,
) -> Path:
    """Write `data` beside `path` (as NAME.source), convert it to `path` and return that."""
    source_path = write_image(path.with_name(f"{path.name}.source"), data)
    convert_image(source_path, path, image_format, block_size, level=level, alignment=alignment)
    return path


@lru_cache(maxsize=8)
def packed(data: bytes, block_size: int = SECTOR_SIZE) -> bytes:
    """Return the ZSO that `pack` makes of `data`; kept, because a story begins with the same one at every call."""
    with tempfile.TemporaryDirectory() as folder:
        return pack(Path(folder, "game.zso"), data, block_size=block_size).read_bytes()


def read_back(path: Path) -> bytes:
    """Return the decoded bytes of any readable image."""
    with open_image(path) as image:
        return image.read_at(0, image.size)


class MemorySource(ByteSource):
    """Stored bytes in memory, for `discpress.engine.images.open.open_source`."""

    path = Path("game.image")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size_bytes = len(data)
        self.longest_read = 0

    def read_into(self, buffer: Writable, offset: int) -> int:
        self.longest_read = max(self.longest_read, len(buffer))
        piece = self.data[offset : offset + len(buffer)]
        memoryview(buffer)[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        pass

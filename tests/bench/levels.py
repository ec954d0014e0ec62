"""Compares the levels of a codec on images: size and processor time of packing alone, in one thread, without a disk.

    python tests/bench/levels.py IMAGE... [--codecs lz4,zlib,libdeflate] [--levels 4-12] [--blocks 2K,16K] [--most 32]

For each codec and block size one row a level: packed bytes / original and milliseconds of processor time for each MiB,
of all images together, and the same relative to the first of the levels. `--most` limits the MiB of each image: pieces
of 1 MiB at equal distances. Levels of one codec and block size take turns, piece by piece.
"""

import argparse
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from measuring import MIB, parse_size, print_table, shown_size

from discpress.engine.codecs.blocks import CHUNK_BYTES, Codec
from discpress.engine.codecs.deflate import DeflateCodec
from discpress.engine.codecs.kernels import lz4_codec
from discpress.engine.codecs.libdeflate import LibdeflateCodec
from discpress.engine.formats import SECTOR_SIZE

CODECS: dict[str, Callable[[], Codec]] = {"lz4": lz4_codec, "zlib": DeflateCodec, "libdeflate": LibdeflateCodec}


def pieces_of(path: Path, most: int) -> Iterator[memoryview]:
    """Yield up to `most` pieces of an image, of whole MiB if it has that much."""
    size = path.stat().st_size
    count = max(1, min(most, size // CHUNK_BYTES))
    with path.open("rb") as file:
        for number in range(count):
            file.seek(size // count // SECTOR_SIZE * number * SECTOR_SIZE)
            yield memoryview(file.read(CHUNK_BYTES))


def measure(codec: Codec, paths: list[Path], levels: list[int], block_size: int, most: int) -> list[list[object]]:
    """Return the rows of one codec and block size."""
    out, lengths = memoryview(bytearray(CHUNK_BYTES)), array("I", bytes(4 * (CHUNK_BYTES // SECTOR_SIZE)))
    packed: dict[int, int] = defaultdict(int)
    times: dict[int, float] = defaultdict(float)
    original = 0
    for path in paths:
        for piece in pieces_of(path, most):
            whole = piece[: len(piece) // block_size * block_size]
            original += len(whole)
            for level in levels:
                began = time.thread_time()
                packed[level] += codec.pack(whole, block_size, 1, level, out, lengths)
                times[level] += time.thread_time() - began
    first = levels[0]
    return [
        [
            f"{codec.name} {shown_size(block_size)} level {level}",
            f"{packed[level] / original:.2%}",
            f"{times[level] * 1000 * MIB / original:.2f}",
            f"{packed[level] / packed[first]:.4f}",
            f"{times[level] / times[first]:.2f}",
        ]
        for level in levels
    ]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--codecs", default="lz4,zlib,libdeflate")
    parser.add_argument("--levels", default="4-12")
    parser.add_argument("--blocks", default="2K,16K")
    parser.add_argument("--most", type=int, default=32)
    options = parser.parse_args()
    lowest, _, highest = options.levels.partition("-")
    rows: list[list[object]] = []
    for name in options.codecs.split(","):
        codec = CODECS[name]()
        levels = list(range(int(lowest), min(int(highest or lowest), codec.max_level) + 1))
        for block in options.blocks.split(","):
            rows += measure(codec, options.images, levels, parse_size(block), options.most)
    print_table(("codec, block, level", "packed", "ms / MiB", "of first: size", "time"), rows)


if __name__ == "__main__":
    main()

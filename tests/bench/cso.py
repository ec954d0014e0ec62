"""Would another deflate pack CSO faster at no more size? zlib against isal, zlib-ng and libdeflate, block by block.

    python tests/bench/cso.py IMAGE [--blocks 2K,16K] [--mib 128] [--runs 3] [--json FILE]

Needs `pip install isal zlib-ng deflate` (none of them is used by discpress; what is missing is left out). One thread,
memory to memory, raw deflate, a block kept plain where it does not shrink; --mib MiB from all over the image. A library
pays where it takes half the time of zlib's level 9 or 6 at no more bytes than that.
"""

import argparse
import importlib
import statistics
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from measuring import MIB, parse_size, print_table, shown_size, spread, write_json

Compress = Callable[[memoryview], bytes]
RAW = -15
PIECE = MIB // 4


def choices() -> dict[str, Compress]:
    """Return every library's levels that can be had here."""
    found: dict[str, Compress] = {f"zlib {level}": _like_zlib(zlib, level) for level in (1, 6, 9)}
    for module, label, levels in (("isal.isal_zlib", "isal", (0, 1, 2, 3)), ("zlib_ng.zlib_ng", "zlib-ng", (1, 6, 9))):
        try:
            library = importlib.import_module(module)
        except ImportError:
            print(f"{label}: not installed")
            continue
        found |= {f"{label} {level}": _like_zlib(library, level) for level in levels}
    try:
        deflate = importlib.import_module("deflate")
    except ImportError:
        print("libdeflate: not installed")
        return found
    return found | {f"libdeflate {level}": _libdeflate(deflate, level) for level in (1, 6, 9, 12)}


def _like_zlib(library: ModuleType, level: int) -> Compress:
    return lambda block: library.compress(block, level, RAW)


def _libdeflate(library: ModuleType, level: int) -> Compress:
    return lambda block: library.deflate_compress(block, level)


def pack_all(pieces: list[memoryview], block_size: int, compress: Compress) -> tuple[float, int]:
    """Return seconds and bytes."""
    packed_bytes = 0
    started = time.perf_counter()
    for piece in pieces:
        for start in range(0, len(piece), block_size):
            block = piece[start : start + block_size]
            packed_bytes += min(len(compress(block)), len(block))
    return time.perf_counter() - started, packed_bytes


def main() -> None:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--blocks", default="2K,16K")
    parser.add_argument("--mib", type=int, default=128)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    data = memoryview(options.image.read_bytes())
    step = max(PIECE, len(data) * PIECE // (options.mib * MIB) // PIECE * PIECE)
    pieces = [data[start : start + PIECE] for start in range(0, len(data) - PIECE + 1, step)]
    codecs = choices()
    blocks = [parse_size(text) for text in options.blocks.split(",")]
    seconds: dict[tuple[int, str], list[float]] = {}
    sizes: dict[tuple[int, str], int] = {}
    for _ in range(options.runs):
        for block_size in blocks:
            for name, compress in codecs.items():
                elapsed_s, packed_bytes = pack_all(pieces, block_size, compress)
                seconds.setdefault((block_size, name), []).append(elapsed_s)
                sizes[block_size, name] = packed_bytes
    total_bytes = sum(map(len, pieces))
    print(f"{options.image.name}: {total_bytes / MIB:.0f} MiB of it, one thread, {options.runs} rounds")
    rows: list[list[object]] = []
    for (block_size, name), runs in seconds.items():
        cells = [f"{total_bytes / MIB / statistics.median(runs):.0f}"]
        for reference in ("zlib 6", "zlib 9"):
            others = seconds[block_size, reference]
            faster = statistics.median(other / one for other, one in zip(others, runs, strict=True))
            cells += [f"{faster:.2f}", f"{sizes[block_size, name] / sizes[block_size, reference]:.4f}"]
        rows.append([f"{shown_size(block_size)} {name}", spread(runs), *cells])
    print_table(("block, library", "s", "MiB/s", "x zlib 6", "size of 6", "x zlib 9", "size of 9"), rows)
    facts = [
        {"block_size": block_size, "library": name, "seconds": runs, "packed_bytes": sizes[block_size, name]}
        for (block_size, name), runs in seconds.items()
    ]
    write_json(options.json, {"image_bytes": total_bytes, "results": facts})


if __name__ == "__main__":
    main()

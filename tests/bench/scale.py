"""Does a conversion get faster with threads, and does its memory stay the same whatever the image's size?

    python tests/bench/scale.py [--image IMAGE] [--threads 1,2,4,8] [--gib 8] [--runs 3] [--folder DIR] [--json FILE]

Threads: IMAGE, or 256 MiB of text, noise and zeros, at levels 1 and 9. Sizes: sparse images of 64 MiB, 512 MiB and on
up to --gib GiB, with 32 MiB of data at the start, at level 1 with as many threads as processors. Proven conversions.
Exit code 1 when one takes 64 MiB or more above `discpress --help`, or the largest 8 MiB more than the smallest
beyond its index, which is held whole: four bytes for each block of 2 KiB.
"""

import argparse
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

from measuring import MIB, PROCESSORS, PROGRAM, Run, print_table, run, spread, write_json

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.zso_cso.header import ENTRY_SIZE

SUPPORT = Path(__file__).parents[1] / "support"
LEVELS = (1, 9)
MOST_BYTES = 64 * MIB
MOST_GROWTH_BYTES = 8 * MIB
SMALLEST_MIB = 64
PIECE_MIB = 16


def convert(image_path: Path, folder: Path, level: int, threads: int) -> Run:
    """Convert an image once, proven."""
    output_path = folder / "output.zso"
    how = ["-q", "--target", "any", "-f", "zso", "-l", str(level), "-t", str(threads)]
    done = run([PROGRAM, "convert", image_path, *how, "-o", output_path])
    output_path.unlink()
    return done


def make_image(path: Path, data_mib: int, size_mib: int) -> Path:
    """Make an image with so much data of all kinds and a hole behind it.

    In a process of its own: what we have in memory would count as that of the programs that are measured.
    """
    with ProcessPoolExecutor(1) as executor:
        executor.submit(_write_image, path, data_mib, size_mib).result()
    return path


def _write_image(path: Path, data_mib: int, size_mib: int) -> None:
    sys.path.insert(0, str(SUPPORT))
    from sample_images import mixed

    with path.open("wb") as file:
        for seed in range(data_mib // PIECE_MIB):
            file.write(mixed(PIECE_MIB * MIB, seed))
        file.truncate(size_mib * MIB)


def main() -> int:
    """Measure, print the tables and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", type=Path)
    parser.add_argument("--threads", default="1,2,4,8")
    parser.add_argument("--gib", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the images go (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    threads = [int(text) for text in options.threads.split(",")]
    by_threads: dict[tuple[int, int], list[Run]] = {}
    by_size: dict[int, list[Run]] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        idle_bytes = run([PROGRAM, "--help"]).peak_bytes
        image_path = options.image
        if image_path is None:
            image_path = make_image(folder / "mixed.iso", 256, 256)
        sizes = [SMALLEST_MIB]
        while sizes[-1] < options.gib * 1024:
            sizes.append(min(sizes[-1] * 8, options.gib * 1024))
        for _ in range(options.runs):
            for level in LEVELS:
                for count in threads:
                    by_threads.setdefault((level, count), []).append(convert(image_path, folder, level, count))
            for size_mib in sizes:
                sparse_path = make_image(folder / "sparse.iso", 32, size_mib)
                by_size.setdefault(size_mib, []).append(convert(sparse_path, folder, 1, PROCESSORS))
    print(f"{image_path.name}: {PROCESSORS} processors, {options.runs} rounds")
    print_table(
        ("level, threads", "wall s", "of one thread", "peak MiB"),
        [
            [f"{level} {count}", *_shown(runs, by_threads[level, threads[0]], idle_bytes)]
            for (level, count), runs in by_threads.items()
        ],
    )
    print()
    print_table(
        ("sparse, MiB", "wall s", "of the smallest", "peak MiB"),
        [[size_mib, *_shown(runs, by_size[sizes[0]], idle_bytes)] for size_mib, runs in by_size.items()],
    )
    peaks = {size_mib: max(each.peak_bytes for each in runs) - idle_bytes for size_mib, runs in by_size.items()}
    most = max([*peaks.values(), *(each.peak_bytes - idle_bytes for runs in by_threads.values() for each in runs)])
    growth = peaks[sizes[-1]] - peaks[sizes[0]]
    print(f"\nat most {most / MIB:.1f} MiB above the {idle_bytes / MIB:.1f} MiB of `discpress --help`")
    facts = {
        "processors": PROCESSORS,
        "idle_bytes": idle_bytes,
        "threads": [
            {"level": level, "threads": count, "runs": [asdict(each) for each in runs]}
            for (level, count), runs in by_threads.items()
        ],
        "sizes": [{"mib": size, "runs": [asdict(each) for each in runs]} for size, runs in by_size.items()],
    }
    write_json(options.json, facts)
    index_bytes = (sizes[-1] - sizes[0]) * MIB // SECTOR_SIZE * ENTRY_SIZE
    return int(most >= MOST_BYTES or growth - index_bytes >= MOST_GROWTH_BYTES)


def _shown(runs: list[Run], first: list[Run], idle_bytes: int) -> list[str]:
    walls = [each.wall_s for each in runs]
    ratio = statistics.median(walls) / statistics.median(each.wall_s for each in first)
    peak = max(each.peak_bytes for each in runs) - idle_bytes
    return [spread(walls), f"{ratio:.2f}", f"{peak / MIB:.1f}"]


if __name__ == "__main__":
    sys.exit(main())

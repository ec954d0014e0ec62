"""Peak memory of conversions with 16 threads, above an interpreter that has imported the command line.

    python tests/bench/memory.py [--gib 4] [--folder DIR]

A sparse image of that many GiB at level 1, and 128 MiB that do not shrink in blocks of 2 KiB and 1 MiB.
Exit code 1 when one of them takes 64 MiB or more.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from peak_memory import idle_bytes, peak_bytes
from sample_images import incompressible, write_image

from discpress.engine.units import GIB, MIB

MOST_BYTES = 64 * MIB
CASES = (
    ("sparse.iso", ("-l", 1)),
    ("noise.iso", ("-l", 1)),
    ("noise.iso", ("-l", 9)),
    ("noise.iso", ("-l", 1, "-b", MIB)),
    ("noise.iso", ("-l", 9, "-b", MIB)),
    ("noise.iso", ("-l", 9, "-b", MIB, "-f", "cso")),
)


def main() -> int:
    """Measure every case, print its line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gib", type=int, default=4, help="size of the sparse image (default: 4)")
    parser.add_argument("--folder", help="where the images are written")
    options = parser.parse_args()
    print(f"an idle interpreter: {idle_bytes() / MIB:.1f} MiB")
    worst = 0
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write_image(Path(folder, "noise.iso"), incompressible(16 * MIB) * 8)
        with Path(folder, "sparse.iso").open("wb") as file:
            file.truncate(options.gib * GIB)
        for name, settings in CASES:
            output = Path(folder, "out")
            started = time.monotonic()
            peak = peak_bytes("convert", Path(folder, name), "-o", output, "-t", 16, "--target", "any", *settings)
            elapsed_s = time.monotonic() - started
            print(f"{name:<10} {' '.join(map(str, settings)):<24} {peak / MIB:6.1f} MiB {elapsed_s:6.1f} s")
            output.unlink()
            worst = max(worst, peak)
    return int(worst >= MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())

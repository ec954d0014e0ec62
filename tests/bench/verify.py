"""Times `verify` and the way back to an ISO against what decoding, hashing and writing take alone.

    python tests/bench/verify.py IMAGE [--levels 1,9] [--blocks 2K,16K] [--runs 5] [--folder DIR] [--json FILE]

The image is converted once for each level and block size; then, in turns: the limits (decoding, hashing, and writing,
syncing and reading back what `convert -d` makes, each alone), `verify` and `convert -d`
(proven, as users get it, and with --no-verify) under either kernel, and maxcso --decompress where it is on PATH.
The ZSO is in the page cache. Ratios are medians of the ratios within a round, "cpu" those of processor times.
"""

import argparse
import shutil
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path

from measuring import (
    MIB,
    PROCESSORS,
    PROGRAM,
    Run,
    cpu_ratio_of,
    limit,
    parse_size,
    print_table,
    ratio_of,
    run,
    shown_size,
    spread,
    write_json,
)

KERNELS = ("native", "plain")


class Case:
    """One ZSO and all that is measured of it."""

    def __init__(self, image_path: Path, level: int, block_size: int, folder: Path) -> None:
        self.label = f"{level} {shown_size(block_size)}"
        self._image_path = image_path
        self._output_path = folder / "back.iso"
        self._zso_path = folder / f"{level}-{block_size}.zso"
        how = ["-q", "--target", "any", "-f", "zso", "-l", str(level), "-b", str(block_size), "--no-verify"]
        run([PROGRAM, "convert", image_path, *how, "-o", self._zso_path])
        self.runs: dict[str, list[Run]] = {}

    def measure(self) -> None:
        """Do one round."""
        self._note("decode only", limit("decode", self._zso_path))
        self._note("hash only", limit("hash", self._image_path))
        self._note("write, read back only", limit("write", self._image_path, "--output", self._output_path))
        for kernel in KERNELS:
            self._note(f"{kernel} verify", run([PROGRAM, "verify", "-q", self._zso_path], DISCPRESS_KERNEL=kernel))
            for name, options in (("restore", []), ("restore unproven", ["--no-verify"])):
                back = [PROGRAM, "convert", "-q", "-d", *options, self._zso_path, "-o", self._output_path]
                self._note(f"{kernel} {name}", run(back, DISCPRESS_KERNEL=kernel))
                self._output_path.unlink()
        if shutil.which("maxcso"):
            command = ["maxcso", "--quiet", "--decompress", f"--threads={PROCESSORS}", self._zso_path]
            self._note("maxcso", run([*command, "-o", self._output_path], is_ours=False))
            self._output_path.unlink()

    def _note(self, name: str, done: Run) -> None:
        self.runs.setdefault(name, []).append(done)

    def rows(self, idle_bytes: int, original_bytes: int) -> list[list[object]]:
        """Return the lines of the table."""
        rows: list[list[object]] = []
        for name, runs in self.runs.items():
            walls = [each.wall_s for each in runs]
            ratios = [ratio_of(self.runs["decode only"], runs), cpu_ratio_of(self.runs["decode only"], runs)]
            rate = original_bytes / MIB / statistics.median(walls)
            cpu_s = statistics.median(each.cpu_s for each in runs)
            peak = max(each.peak_bytes for each in runs)
            shown_peak = f"{(peak - idle_bytes) / MIB:.1f}" if peak else ""
            shown_ratios = [f"{ratio:.2f}" for ratio in ratios]
            rows.append(
                [f"{self.label} {name}", spread(walls), f"{rate:.0f}", *shown_ratios, f"{cpu_s:.2f}", shown_peak]
            )
        return rows


def main() -> None:
    """Measure, print the table and write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--levels", default="1,9")
    parser.add_argument("--blocks", default="2K,16K")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the images go (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    image_path: Path = options.image
    size = image_path.stat().st_size
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        idle_bytes = run([PROGRAM, "--help"]).peak_bytes
        blocks = [parse_size(text) for text in options.blocks.split(",")]
        levels = [int(text) for text in options.levels.split(",")]
        cases = [Case(image_path, level, block, folder) for block in blocks for level in levels]
        for _ in range(options.runs):
            for case in cases:
                case.measure()
    print(f"{image_path.name}: {size / MIB:.0f} MiB, {PROCESSORS} processors, {options.runs} rounds")
    heads = ("level, block", "wall s", "MiB/s", "of decoding", "cpu of decoding", "cpu s", "peak MiB")
    print_table(heads, [row for case in cases for row in case.rows(idle_bytes, size)])
    results = {
        case.label: {name: [asdict(each) for each in runs] for name, runs in case.runs.items()} for case in cases
    }
    write_json(
        options.json, {"image_bytes": size, "processors": PROCESSORS, "idle_bytes": idle_bytes, "cases": results}
    )


if __name__ == "__main__":
    main()

"""Times `verify` and the way back to an ISO against what decoding, hashing and writing take alone.

    python tests/bench/verify.py IMAGE [--levels 1,9] [--blocks 2K,16K] [--runs 5] [--folder DIR] [--json FILE]

The image is converted once for each level and block size; then, in turns: the limits (decoding, hashing, and writing,
syncing and reading back what `convert -d` makes, each alone), `verify` and `convert -d`
(proven, as users get it, and with --no-verify) under either kernel, and maxcso --decompress where it is on PATH.
The ZSO is in the page cache. Ratios are medians of the ratios within a round, "cpu" those of processor times.
"""

import shutil
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path

from measuring import (
    KERNELS,
    MIB,
    PROCESSORS,
    PROGRAM,
    Case,
    cpu_ratio_of,
    levels_and_blocks,
    limit,
    measure_rounds,
    parser_of,
    print_table,
    ratio_of,
    run,
    spread,
    write_json,
)


class WayBack(Case):
    """One ZSO, verified and restored."""

    def __init__(self, image_path: Path, level: int, block_size: int, folder: Path) -> None:
        super().__init__(image_path, level, block_size)
        self._output_path = folder / "back.iso"
        self._zso_path = folder / f"{level}-{block_size}.zso"
        how = ["-q", "--target", "any", "-f", "zso", "-l", str(level), "-b", str(block_size), "--no-verify"]
        run([PROGRAM, "convert", image_path, *how, "-o", self._zso_path])

    def measure(self) -> None:
        """Do one round."""
        self.note("decode only", limit("decode", self._zso_path))
        self.note("hash only", limit("hash", self.image_path))
        self.note("write, read back only", limit("write", self.image_path, "--output", self._output_path))
        for kernel in KERNELS:
            self.note(f"{kernel} verify", run([PROGRAM, "verify", "-q", self._zso_path], DISCPRESS_KERNEL=kernel))
            for name, options in (("restore", ()), ("restore unproven", ("--no-verify",))):
                command: list[str | Path] = [PROGRAM, "convert", "-q", "-d", *options, self._zso_path]
                command += ["-o", self._output_path]
                self.note(f"{kernel} {name}", run(command, DISCPRESS_KERNEL=kernel))
                self._output_path.unlink()
        if shutil.which("maxcso"):
            command = ["maxcso", "--quiet", "--decompress", f"--threads={PROCESSORS}", self._zso_path]
            self.note("maxcso", run([*command, "-o", self._output_path], is_ours=False))
            self._output_path.unlink()

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
    options = parser_of(__doc__, levels="1,9", blocks="2K,16K").parse_args()
    image_path: Path = options.image
    size = image_path.stat().st_size
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        idle_bytes = run([PROGRAM, "--help"]).peak_bytes
        cases = [WayBack(image_path, level, block, folder) for level, block in levels_and_blocks(options)]
        measure_rounds(cases, options.runs)
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

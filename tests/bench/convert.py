"""Times whole conversions by the real program against what the kernel could do alone, and against other programs.

    python tests/bench/convert.py IMAGE [--levels 1,4,9,12] [--blocks 2K,16K,64K] [--kernels native] [--runs 5]

For each level and block size, one after the other in every round, so that a machine that slows down slows all of them:
both kernels alone (memory to memory, no hashes), the limit (native kernel, XXH3-128 and crc32, memory to memory, as
many threads), the program without its proof and with it under either kernel, and `maxcso --format=zso` where it is on
PATH, which takes the fast function at all levels (see maxcso.py); with --others ziso.py and chdman (zlib, hunks of the
block size) too, once. They prove nothing. The source is in the page cache. Peak memory is above that of `discpress
--help`. Ratios are medians of the ratios within a round.
"""

import shutil
import statistics
import tempfile
from collections.abc import Sequence
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


class Conversions(Case):
    """Whole conversions, their limits and other programs."""

    def __init__(self, image_path: Path, level: int, block_size: int, folder: Path, kernels: Sequence[str]) -> None:
        super().__init__(image_path, level, block_size)
        self._kernels = kernels
        self._output_path = folder / "output"
        self.sizes: dict[str, int] = {}

    def measure(self) -> None:
        """Do one round."""
        packing = ("pack", self.image_path, "--level", self.level, "--block", self.block_size)
        for kernel in self._kernels:
            self.note(f"{kernel} kernel alone", limit(*packing, "--without-hashes", kernel=kernel))
        self.note("limit", limit(*packing))
        for kernel in self._kernels:
            for name, options in ((f"{kernel} unproven", ["--no-verify"]), (f"{kernel} proven", [])):
                self._run(name, self._discpress(options), DISCPRESS_KERNEL=kernel)
        if shutil.which("maxcso"):
            how = ["--quiet", "--format=zso", f"--block={self.block_size}", f"--threads={PROCESSORS}"]
            self._run("maxcso", ["maxcso", *how, self.image_path, "-o", self._output_path], is_ours=False)

    def measure_slow_ones(self) -> None:
        """Run the other programs, which take long, once."""
        if shutil.which("ziso.py"):
            command: list[str | Path] = ["ziso.py", "-c", str(self.level), self.image_path, self._output_path]
            self._run("ziso.py", command, is_ours=False)
        if shutil.which("chdman"):
            how = ["-hs", str(self.block_size), "-us", "2048", "-c", "zlib", "-np", str(PROCESSORS)]
            command = ["chdman", "createraw", *how, "-i", self.image_path, "-o", self._output_path]
            self._run("chdman", command, is_ours=False)

    def _run(self, name: str, command: list[str | Path], *, is_ours: bool = True, **variables: str) -> None:
        self.note(name, run(command, is_ours=is_ours, **variables))
        self.sizes[name] = self._output_path.stat().st_size
        self._output_path.unlink()

    def _discpress(self, options: list[str]) -> list[str | Path]:
        how = ["-q", "--target", "any", "-f", "zso", "-l", str(self.level), "-b", str(self.block_size)]
        return [PROGRAM, "convert", self.image_path, *how, *options, "-o", self._output_path]

    def rows(self, idle_bytes: int) -> list[list[object]]:
        """Return the lines of the table."""
        rows: list[list[object]] = []
        original_mib = self.image_path.stat().st_size / MIB
        for name, runs in self.runs.items():
            walls = [each.wall_s for each in runs]
            of_limit = statistics.median(each.wall_s for each in self.runs["limit"]) / statistics.median(walls)
            cpu_s = statistics.median(each.cpu_s for each in runs)
            peak = (max(each.peak_bytes for each in runs) - idle_bytes) / MIB
            line = [f"{self.label} {name}", spread(walls), f"{original_mib / statistics.median(walls):.0f}"]
            measured = [f"{peak:.1f}", self.sizes[name]] if name in self.sizes else ["", ""]
            rows.append([*line, f"{of_limit:.2f}", f"{cpu_s:.2f}", *measured])
        return rows

    def ratios(self) -> dict[str, float]:
        """Return the ratios that the bars are about."""
        pairs = {
            "limit/unproven": ("limit", "native unproven"),
            "alone plain/native": ("plain kernel alone", "native kernel alone"),
            "job plain/native": ("plain proven", "native proven"),
            "proven/maxcso": ("native proven", "maxcso"),
        }
        found = {name: pair for name, pair in pairs.items() if self.runs.keys() >= set(pair)}
        walls = {name: ratio_of(*(self.runs[each] for each in pair)) for name, pair in found.items()}
        return walls | {f"cpu {name}": cpu_ratio_of(*(self.runs[each] for each in found[name])) for name in walls}


def main() -> None:
    """Measure, print the tables and write the JSON."""
    parser = parser_of(__doc__, levels="1,4,9,12", blocks="2K,16K,64K")
    parser.add_argument("--others", action="store_true", help="run ziso.py and chdman as well, once: they take long")
    parser.add_argument("--kernels", nargs="+", choices=KERNELS, default=KERNELS, help="only these (default: both)")
    options = parser.parse_args()
    image_path: Path = options.image
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        idle_bytes = run([PROGRAM, "--help"], DISCPRESS_STATE=str(folder / "state")).peak_bytes
        cases = [
            Conversions(image_path, level, block, folder, options.kernels)
            for level, block in levels_and_blocks(options)
        ]
        measure_rounds(cases, options.runs)
        for case in cases if options.others else ():
            case.measure_slow_ones()
    size = image_path.stat().st_size
    print(f"{image_path.name}: {size / MIB:.0f} MiB, {PROCESSORS} processors, {options.runs} rounds")
    heads = ("level, block", "wall s", "MiB/s", "of limit", "cpu s", "peak MiB", "bytes")
    print_table(heads, [row for case in cases for row in case.rows(idle_bytes)])
    print()
    kinds = list(dict.fromkeys(kind for case in cases for kind in case.ratios()))
    ratios = [(case.label, case.ratios()) for case in cases]
    print_table(
        ("level, block", *kinds),
        [[label, *(f"{values[kind]:.2f}" if kind in values else "" for kind in kinds)] for label, values in ratios],
    )
    results = [
        {
            "level": case.level,
            "block_size": case.block_size,
            "runs": {name: [asdict(each) for each in runs] for name, runs in case.runs.items()},
            "packed_bytes": case.sizes,
            "ratios": case.ratios(),
        }
        for case in cases
    ]
    facts = {"image_bytes": size, "processors": PROCESSORS, "idle_bytes": idle_bytes, "cases": results}
    write_json(options.json, facts)


if __name__ == "__main__":
    main()

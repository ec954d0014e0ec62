"""Times CHDs of a CD beside chdman, by codec and kernel: writing by default, reading with --verify.

    python tests/bench/cd_chd.py SHEET.cue [--verify] [--codecs default,cdzl] [--chdman PROGRAM] [--runs 5]
                                 [--kernels native,plain] [--threads N] [--level N] [--folder DIR] [--json FILE]

Writing: `chdman createcd` and `discpress convert` write the same codecs with as many threads, in turns. Ours includes
the proof, which decodes the result and compares each track; chdman decodes each hunk when it has packed it. `default`
means cdlz, cdzl and cdfl. Reading: `chdman extractcd` and `chdman verify` beside our `verify`, which takes the digests
of the disc and of each track. Ratios are medians of those within a round, of processor times.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from measuring import MIB, PROCESSORS, PROGRAM, Run, cpu_ratio_of, print_table, run, spread, write_json

DEFAULT = "cdlz,cdzl,cdfl"
EXTRACT, VERIFY, CREATE = "chdman extractcd", "chdman verify", "chdman createcd"
Runs = dict[str, list[Run]]


class Disc:
    """One disc, and the CHDs that the programs write of it."""

    def __init__(
        self, sheet: Path, folder: Path, chdman: str, threads: int, kernels: Sequence[str], level: int | None
    ) -> None:
        self.sheet = sheet
        self._folder = folder
        self._chdman = chdman
        self._threads = threads
        self._kernels = kernels
        self._level = () if level is None else ("-l", str(level))
        self.sizes: dict[str, dict[str, int]] = {}

    def create(self, codecs: str) -> Run:
        """Let chdman write it."""
        return self._written(CREATE, codecs, self._create(codecs))

    def _create(self, codecs: str) -> Run:
        words: list[str | Path] = [
            "createcd",
            "-f",
            "-i",
            self.sheet,
            "-o",
            self._chd(codecs),
            "-c",
            codecs,
            "-np",
            str(self._threads),
        ]
        return run([self._chdman, *words], is_ours=False)

    def measure_writing(self, codecs: str, runs: Runs) -> None:
        """Do one round of one choice of codecs."""
        runs.setdefault(CREATE, []).append(self.create(codecs))
        for kernel in self._kernels:
            self._chd(codecs).unlink()
            words = [
                "convert",
                "-q",
                "-f",
                "chd",
                "-m",
                codecs,
                "--target",
                "any",
                "-t",
                str(self._threads),
                *self._level,
            ]
            done = run([PROGRAM, *words, self.sheet, "-o", self._chd(codecs)], DISCPRESS_KERNEL=kernel)
            name = f"{kernel} convert"
            runs.setdefault(name, []).append(self._written(name, codecs, done))

    def measure_reading(self, codecs: str, runs: Runs) -> None:
        """Do one round of one choice of codecs."""
        if not self._chd(codecs).exists():
            self.create(codecs)
        chd, back = self._chd(codecs), self._folder / "back.cue"
        words: list[str | Path] = ["extractcd", "-f", "-i", chd, "-o", back, "-ob", back.with_suffix(".bin")]
        runs.setdefault(EXTRACT, []).append(run([self._chdman, *words], is_ours=False))
        runs.setdefault(VERIFY, []).append(run([self._chdman, "verify", "-i", chd], is_ours=False))
        for kernel in self._kernels:
            runs.setdefault(f"{kernel} verify", []).append(run([PROGRAM, "verify", "-q", chd], DISCPRESS_KERNEL=kernel))

    def _chd(self, codecs: str) -> Path:
        return self._folder / f"{codecs}.chd"

    def _written(self, name: str, codecs: str, done: Run) -> Run:
        self.sizes.setdefault(codecs, {})[name] = self._chd(codecs).stat().st_size
        return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--codecs", default="default cdzl,cdfl", help="choices of codecs, separated by spaces")
    parser.add_argument("--chdman", default=shutil.which("chdman"))
    parser.add_argument("--kernels", default="native", help="native,plain: the plain one packs sound very slowly")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=PROCESSORS)
    parser.add_argument("--level", type=int, help="of ours; chdman always takes its highest (default: as convert)")
    parser.add_argument("--folder", type=Path, help="where files are written (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.chdman is None:
        raise SystemExit("chdman (Debian package mame-tools) is not installed")
    choices = [DEFAULT if each == "default" else each for each in options.codecs.split()]
    all_runs: dict[str, Runs] = {each: {} for each in choices}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        os.environ["DISCPRESS_STATE"] = f"{name}/state"
        kernels = options.kernels.split(",")
        disc = Disc(options.sheet.absolute(), Path(name), options.chdman, options.threads, kernels, options.level)
        measure = disc.measure_reading if options.verify else disc.measure_writing
        for _ in range(options.runs):
            for codecs in choices:
                measure(codecs, all_runs[codecs])
    disc_bytes = sum(each.stat().st_size for each in options.sheet.absolute().parent.glob("*.bin"))
    first = VERIFY if options.verify else CREATE
    rows = [
        [codecs, name, spread([each.wall_s for each in found]), spread([each.cpu_s for each in found]),
         f"{disc_bytes / MIB / statistics.median(each.cpu_s for each in found):.1f}",
         f"{cpu_ratio_of(found, runs[first]):.2f}", f"{max(each.peak_bytes for each in found) / MIB:.0f}",
         _size_of(disc.sizes.get(codecs, {}), name)]
        for codecs, runs in all_runs.items() for name, found in runs.items()
    ]  # fmt: skip
    heads = ["codecs", "program", "wall s", "cpu s", "MiB/cpu s", f"x {first}", "peak MiB", "size"]
    print_table(heads, rows)
    facts = {codecs: {name: [asdict(each) for each in found] for name, found in runs.items()}
             for codecs, runs in all_runs.items()}  # fmt: skip
    write_json(options.json, {"disc_mib": disc_bytes / MIB, "runs": facts, "sizes": disc.sizes})


def _size_of(sizes: dict[str, int], name: str) -> str:
    """Return a size, and its ratio to that of chdman."""
    if name not in sizes:
        return ""
    return f"{sizes[name]} ({sizes[name] / sizes[CREATE]:.4f})"


if __name__ == "__main__":
    main()

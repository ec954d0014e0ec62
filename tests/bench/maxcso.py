"""Times whole conversions to ZSO beside maxcso: files in memory, ratios of wall and processor time within a round.

    python tests/bench/maxcso.py [IMAGE] [--mib 112,600] [--levels 1,9] [--maxcso PATH] [--brute] [--runs 5]
                                 [--folder /dev/shm] [--json FILE]

Without an image it makes discs of --mib. maxcso proves nothing; ours are proven, and timed without proof as well. For
the ratios without the start, both programs convert the first MiB in each round too, which is subtracted.

maxcso 1.13 has no setting for one level of LZ4 HC. By default and with --fast it takes the fast function alone, as our
level 1 does: `Sector::Compress` in its src/sector.cpp takes HC if neither of two flags forbids it, and by default one
does. So it does less work than our level 9. With --brute, its --use-lz4brute takes HC at the levels 4, 7, 10, 12 and
12, and the fast function, and keeps the smallest: far more work, of more than 0.2 s for each MiB.
"""

import argparse
import shutil
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path

from made_up_disc import make_disc
from measuring import MIB, PROCESSORS, PROGRAM, Run, print_table, run, spread, write_json

BLOCK = "2048"
FAST, BRUTE = "maxcso --fast", "maxcso --use-lz4brute"


class Comparison:
    """The runs of one image."""

    def __init__(self, image: Path, folder: Path, options: argparse.Namespace) -> None:
        self.image = image
        self._folder = folder
        self._first = folder / "first.iso"
        with image.open("rb") as file:
            self._first.write_bytes(file.read(MIB))
        theirs = [options.maxcso, "--quiet", "--format=zso", f"--block={BLOCK}", f"--threads={PROCESSORS}"]
        self._commands = {FAST: [*theirs, "--fast"]}
        if options.brute:
            self._commands[BRUTE] = [*theirs, "--use-lz4brute"]
        self._theirs = tuple(self._commands)
        for level in options.levels.split(","):
            ours = [PROGRAM, "convert", "-q", "-f", "zso", "-l", level, "-b", BLOCK, "--target", "any"]
            ours += ["--state", str(folder / "state")]
            self._commands |= {f"level {level}": ours, f"level {level}, not proven": [*ours, "--no-verify"]}
        self.runs: dict[str, list[Run]] = {name: [] for name in self._commands}
        self.starts: dict[str, list[Run]] = {name: [] for name in self._commands}
        self.sizes: dict[str, int] = {}

    def measure(self) -> None:
        """Do one round."""
        output = self._folder / "out.zso"
        for name, command in self._commands.items():
            for image, found in ((self.image, self.runs), (self._first, self.starts)):
                found[name].append(run([*command, image, "-o", output], is_ours=name not in self._theirs))
                if image is self.image:
                    self.sizes[name] = output.stat().st_size
                output.unlink()

    def rows(self) -> list[tuple[object, ...]]:
        """Return the lines of the table of times."""
        return [
            (
                name,
                spread([each.wall_s for each in runs]),
                spread([each.cpu_s for each in runs]),
                f"{statistics.median(each.cpu_s for each in self.starts[name]):.2f}",
                self.sizes[name],
            )
            for name, runs in self.runs.items()
        ]

    def ratios(self) -> dict[str, list[float]]:
        """Return the ratios of each of ours to each of theirs, in the order of RATIOS."""
        return {
            f"{ours} / {theirs}": [
                _ratio(self._times(ours, fact, with_start), self._times(theirs, fact, with_start))
                for fact in ("wall_s", "cpu_s")
                for with_start in (True, False)
            ]
            for ours in self.runs
            for theirs in self._theirs
            if ours not in self._theirs
        }

    def _times(self, name: str, fact: str, with_start: bool) -> list[float]:
        whole = [float(getattr(each, fact)) for each in self.runs[name]]
        starts = [float(getattr(each, fact)) for each in self.starts[name]]
        return whole if with_start else [time - start for time, start in zip(whole, starts, strict=True)]


RATIOS = ("wall time", "without start", "processor time", "without start")


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path, nargs="?")
    parser.add_argument("--mib", default="112,600")
    parser.add_argument("--levels", default="1,9")
    parser.add_argument("--maxcso", default=shutil.which("maxcso"), help="the program (default: that on PATH)")
    parser.add_argument("--brute", action="store_true", help="compare with its search among levels of HC too, slow")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where files are written (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.maxcso is None:
        raise SystemExit("maxcso is not on PATH: npm install @emmercm/maxcso-linux-x64 has one")
    facts = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        images = [options.image] if options.image else [folder / f"{mib}.iso" for mib in options.mib.split(",")]
        if not options.image:
            for path in images:
                make_disc(path, int(path.stem))
        comparisons = [Comparison(path, folder, options) for path in images]
        for _ in range(options.runs):
            for each in comparisons:
                each.measure()
    for each in comparisons:
        print(f"\n{each.image.name}: {PROCESSORS} processors, {options.runs} rounds")
        print_table(("", "wall s", "cpu s", "of it start", "bytes"), each.rows())
        print()
        ratios = each.ratios()
        print_table(("", *RATIOS), [(name, *(f"{value:.2f}" for value in row)) for name, row in ratios.items()])
        runs = {name: [asdict(run) for run in runs] for name, runs in each.runs.items()}
        facts[each.image.name] = {"runs": runs, "ratios": ratios}
    write_json(options.json, facts)


if __name__ == "__main__":
    main()

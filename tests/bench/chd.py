"""Times CHD conversions beside `chdman createraw`, the way back beside `extractraw`, and `verify` beside its own.

    python tests/bench/chd.py [IMAGE] [--mib 112] [--methods zstd,zlib,lzma] [--only make,back,verify] [--hunk 4096]
                              [--level 9] [--runs 3] [--folder /dev/shm] [--json FILE]

Without an image it makes a disc of --mib. The programs take turns, both with as many threads as there are processors.
chdman proves nothing, so ours is timed without its proof as well; the way back is proven. A method that this chdman
does not know has no row of its own. The first table has wall and processor time, peak memory and size. The second one
has the ratios to chdman within a round. For those without the start, both programs do the same with the first MiB in
each round, which is subtracted. With `make`, each CHD of ours is verified by chdman where it can be. One of each method
goes ISO -> ZSO -> CHD -> ISO with equal digests at both ends.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from made_up_disc import make_disc
from measuring import MIB, PROCESSORS, PROGRAM, Run, print_table, run, write_json

KINDS = ("make", "back", "verify")
NEW_METHODS = {"zstd"}
"""chdman knows it from 0.262 on."""
PROVEN, UNPROVEN, CHDMAN = "proven", "not proven", "chdman"


@dataclass
class Row:
    """One command, and its runs on the whole image and on its first MiB."""

    words: list[str]
    """The command, with IN and OUT for the files."""
    runs: list[Run] = field(default_factory=list)
    starts: list[Run] = field(default_factory=list)
    size: int = 0


class Method:
    """The commands for one method."""

    def __init__(self, name: str, options: argparse.Namespace, chdman: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        hunk = str(options.hunk)
        self._make = [PROGRAM, "convert", "-q", "IN", "-o", "OUT", "-f", "chd", "-m", name, "-b", hunk]
        self._make += ["-l", str(options.level), "--target", "any"]
        back = [PROGRAM, "convert", "-q", "-d", "IN", "-o", "OUT", "--target", "any"]
        commands = {
            "make": {PROVEN: self._make, UNPROVEN: [*self._make, "--no-verify"]},
            "back": {PROVEN: back, UNPROVEN: [*back, "--no-verify"]},
            "verify": {PROVEN: [PROGRAM, "verify", "-q", "IN"]},
        }
        if name not in NEW_METHODS:
            made = [chdman, "createraw", "-i", "IN", "-o", "OUT", "-c", name, "-hs", hunk, "-us", "2048"]
            commands["make"][CHDMAN] = [*made, "-np", str(PROCESSORS)]
            commands["back"][CHDMAN] = [chdman, "extractraw", "-i", "IN", "-o", "OUT"]
            commands["verify"][CHDMAN] = [chdman, "verify", "-i", "IN"]
        self.rows = {
            kind: {who: Row(words) for who, words in commands[kind].items()} for kind in options.only.split(",")
        }
        self._checker = None if name in NEW_METHODS else commands["verify"][CHDMAN]

    def measure(self, image: Path, first: Path) -> None:
        """Run all commands in turns, once."""
        for kind, rows in self.rows.items():
            sources = [self._source(kind, each) for each in (image, first)]
            result = self._folder / ("back.iso" if kind == "back" else "made.chd")
            for who, row in rows.items():
                for source, runs in zip(sources, (row.runs, row.starts), strict=True):
                    runs.append(run(_filled(row.words, source, result), is_ours=who != CHDMAN))
                    if not result.exists():
                        continue
                    if runs is row.runs:
                        row.size = result.stat().st_size
                        if kind == "make" and who != CHDMAN and self._checker is not None:
                            run(_filled(self._checker, result, result), is_ours=False)
                    result.unlink()

    def _source(self, kind: str, image: Path) -> Path:
        """Return the image, or a CHD of it."""
        if kind == "make":
            return image
        chd = self._folder / f"{image.stem}-{self.name}.chd"
        if not chd.exists():
            run(_filled([*self._make, "--no-verify"], image, chd))
        return chd

    def ratios(self) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield each row that chdman has a counterpart of, and its ratios."""
        for kind, rows in self.rows.items():
            if (theirs := rows.get(CHDMAN)) is None:
                continue
            for who, row in rows.items():
                if row is not theirs:
                    yield f"{self.name} {kind}, {who}", _ratios_of(row, theirs)


def _filled(words: Sequence[str], source: Path, result: Path) -> list[str]:
    files = {"IN": str(source), "OUT": str(result)}
    return [files.get(word, word) for word in words]


def _ratios_of(ours: Row, theirs: Row) -> dict[str, float]:
    """Return the medians of the ratios within a round."""
    rounds = list(zip(ours.runs, ours.starts, theirs.runs, theirs.starts, strict=True))
    return {
        "processor time": statistics.median(a.cpu_s / b.cpu_s for a, _, b, _ in rounds),
        "without start": statistics.median((a.cpu_s - c.cpu_s) / (b.cpu_s - d.cpu_s) for a, c, b, d in rounds),
        "wall time": statistics.median(a.wall_s / b.wall_s for a, _, b, _ in rounds),
        "wall without start": statistics.median((a.wall_s - c.wall_s) / (b.wall_s - d.wall_s) for a, c, b, d in rounds),
    }


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path, nargs="?")
    parser.add_argument("--mib", type=int, default=112)
    parser.add_argument("--methods", default="zstd,zlib,lzma")
    parser.add_argument("--only", default=",".join(KINDS), help=f"some of {', '.join(KINDS)}, joined by commas")
    parser.add_argument("--hunk", type=int, default=4096)
    parser.add_argument("--level", type=int, default=9)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the results go (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chdman = shutil.which("chdman")
    if chdman is None:
        raise SystemExit("chdman (Debian package mame-tools) is not installed")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        os.environ["DISCPRESS_STATE"] = f"{folder}/state"
        image: Path = options.image or make_disc(folder / "game.iso", options.mib)
        first = folder / "first.iso"
        with image.open("rb") as file:
            first.write_bytes(file.read(MIB))
        methods = [Method(each, options, chdman, folder) for each in options.methods.split(",")]
        for _ in range(options.runs):
            for method in methods:
                method.measure(image, first)
        _print_tables(image, methods, options)
        if "make" in options.only.split(","):
            for method in methods:
                _round_trip(image, method.name, str(options.hunk), folder)
    facts = {
        f"{method.name} {kind} {who}": asdict(row)
        for method in methods
        for kind, rows in method.rows.items()
        for who, row in rows.items()
    }
    write_json(options.json, facts)


def _print_tables(image: Path, methods: Sequence[Method], options: argparse.Namespace) -> None:
    original_bytes = image.stat().st_size
    print(f"{image.name}: {original_bytes / MIB:.0f} MiB, hunk {options.hunk}, level {options.level}, ", end="")
    print(f"{PROCESSORS} processors, {options.runs} rounds")
    lines = []
    for method in methods:
        for kind, rows in method.rows.items():
            for who, row in rows.items():
                wall, cpu, start = (
                    statistics.median(values)
                    for values in (
                        [each.wall_s for each in row.runs],
                        [each.cpu_s for each in row.runs],
                        [each.cpu_s for each in row.starts],
                    )
                )
                peak = max(each.peak_bytes for each in row.runs) / MIB
                line = (f"{wall:.2f}", f"{cpu:.2f}", f"{start:.2f}", f"{peak:.1f}", row.size or "")
                lines.append((f"{method.name} {kind}, {who}", *line))
    print_table(("", "wall s", "cpu s", "of it start", "peak MiB", "bytes"), lines)
    ratios = [pair for method in methods for pair in method.ratios()]
    if ratios:
        print()
        print_table(
            ("/ chdman", *ratios[0][1]), [(name, *(f"{each:.2f}" for each in row.values())) for name, row in ratios]
        )


def _round_trip(image: Path, method: str, hunk: str, folder: Path) -> None:
    """Go ISO -> ZSO -> CHD -> ISO and compare."""
    convert = [PROGRAM, "convert", "-q", "--target", "any"]
    zso, chd, back = folder / "trip.zso", folder / "trip.chd", folder / "trip.iso"
    run([*convert, str(image), "-l", "1", "-o", str(zso)])
    run([*convert, str(zso), "-f", "chd", "-m", method, "-b", hunk, "-l", "3", "-o", str(chd)])
    run([*convert, str(chd), "-d", "-o", str(back)])
    print(f"ISO -> ZSO -> CHD {method} -> ISO: {'equal' if _sha1_of(back) == _sha1_of(image) else 'DIFFERENT'}")
    for path in (zso, chd, back):
        path.unlink()


def _sha1_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


if __name__ == "__main__":
    main()

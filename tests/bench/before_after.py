"""Commands of this tree against another one: ratios of processor time, wall time and peak memory, in alternating runs.

    python tests/bench/before_after.py BEFORE [--pairs 20] [--folder /dev/shm] [--only help,ls] [--large 512M]
                                       [--image game.iso]

BEFORE is a work tree of an older commit with its kernel built (`setup.py build_ext --inplace`, by setuptools 77 or
newer). Both trees are compiled first, and each command begins with the same files. --large adds proven conversions of
so many bytes, --image those of an image: to ZSO level 1, to CHD by zstd at level 3 and by zlib at level 9, and from
both of these back to an ISO.
"""

import argparse
import compileall
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from iso_files import write_iso
from measuring import KIB, MIB, Run, parse_size, print_table, run, write_json

HERE = Path(__file__).parents[2]
SMALL_BYTES = 128 * KIB
TITLES = 200
PLAYSTATION = "PLAYSTATION"
LARGE = {
    "zso": ("-f", "zso", "-l", "1"),
    "chd zstd": ("-f", "chd", "-m", "zstd", "-l", "3"),
    "chd zlib": ("-f", "chd", "-m", "zlib", "-l", "9"),
}
"""The options of the large conversions."""
FACTS = ("processor time", "wall time", "peak memory")


class Tree:
    """One tree, importable by symbolic links as it is installed, with a state folder of its own."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.package = folder / "lib" / "discpress"
        self.package.mkdir(parents=True)
        for source in (root / "discpress").glob("*.py"):
            (self.package / source.name).symlink_to(source)
        for name in ("engine", "tui"):
            compileall.compile_dir(root / name, quiet=1)
            (self.package / name).symlink_to(root / name)
        compileall.compile_dir(self.package, maxlevels=0, quiet=1)
        self.work = folder / "work"
        self.state = folder / "state"
        self.variables = {"PYTHONPATH": str(self.package.parent), "HOME": str(folder)}

    def run(self, *words: str | Path) -> Run:
        """Run `discpress` of this tree."""
        return run([sys.executable, "-P", "-m", "discpress.tui", *words], is_ours=True, **self.variables)

    def check(self) -> None:
        """Raise SystemExit if this tree is not the one that runs, or runs without its kernel."""
        script = "import discpress.engine.codecs._kernel as kernel; print(kernel.__file__)"
        done = subprocess.run(
            [sys.executable, "-P", "-c", script], env=os.environ | self.variables, capture_output=True, text=True
        )
        if not done.stdout.startswith(str(self.package)):
            raise SystemExit(f"{self.package}: no kernel: {done.stderr or done.stdout}")


class Commands:
    """The measured commands, each from the same files in every run."""

    def __init__(self, folder: Path, large_bytes: int, image: Path | None) -> None:
        self.small, self.large = folder / "Okami.iso", image or folder / "Large.iso"
        write_image(self.small, SMALL_BYTES)
        if large_bytes and image is None:
            write_image(self.large, large_bytes)
        self.names = ["help", "version", "info", "convert", "scan", "ls"]
        if large_bytes or image:
            self.names += [*LARGE, *(f"{name} back" for name in LARGE if name != "zso")]

    def measure(self, name: str, tree: Tree) -> Run:
        """Run one command once."""
        match name:
            case "help" | "version":
                return tree.run(f"--{name}")
            case "info":
                return tree.run("info", self.small)
            case "scan":
                shutil.rmtree(tree.state, ignore_errors=True)
                return tree.run("scan", "--state", tree.state, self._library(tree))
            case "ls":
                if not tree.state.exists():
                    self.measure("scan", tree)
                return tree.run("ls", "--state", tree.state)
            case "convert":
                return self._convert(tree, self.small, ("-f", "zso", "-l", "9"))
            case _ if name.endswith(" back"):
                return self._restore(tree, LARGE[name.removesuffix(" back")])
            case _:
                return self._convert(tree, self.large, LARGE[name])

    def _library(self, tree: Tree) -> Path:
        folder = tree.work / "library"
        if not folder.exists():
            folder.mkdir(parents=True)
            for number in range(TITLES):
                write_image(folder / f"Game {number:03}.iso", SMALL_BYTES)
        return folder

    def _restore(self, tree: Tree, options: tuple[str, ...]) -> Run:
        packed = tree.work / f"{'-'.join(options)}.chd"
        if not packed.exists():
            self._convert(tree, self.large, options, packed)
        return self._convert(tree, packed, ("-d",))

    @staticmethod
    def _convert(tree: Tree, source: Path, options: tuple[str, ...], kept: Path | None = None) -> Run:
        folder = tree.work / "one"
        folder.mkdir(parents=True, exist_ok=True)
        result = folder / ("result.iso" if "-d" in options else f"result.{options[1]}")
        result.unlink(missing_ok=True)
        state = tree.work / "convert-state"
        done = tree.run("convert", "-q", source, "-o", result, *options, "--target", "any", "--state", state)
        if kept is None:
            result.unlink()
        else:
            result.rename(kept)
        return done


def write_image(path: Path, size: int) -> None:
    """Write a PS2 disc of about so many bytes: noise, words and zeros in turns."""
    rng = random.Random(path.name)
    words = [rng.randbytes(rng.randrange(3, 12)) for _ in range(512)]
    piece = 64 * KIB
    parts = min(size, 16 * MIB) // (3 * piece) or 1
    data = b"".join(
        rng.randbytes(piece) + b"".join(rng.choices(words, k=piece // 8))[:piece] + bytes(piece) for _ in range(parts)
    )
    write_iso(path, {"DATA.BIN": data[: size - 64 * KIB]}, system_id=PLAYSTATION, volume_id="OKAMI")
    with path.open("ab") as file:
        while (left := size - file.tell()) > 0:
            file.write(data[:left])


def main() -> int:
    """Measure the commands in turns, and print the medians of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path, help="a work tree of the older commit")
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="where files are written (default: a temporary folder)")
    parser.add_argument("--only", help="commands, joined by commas (default: all)")
    parser.add_argument("--large", type=parse_size, default=0, metavar="SIZE")
    parser.add_argument("--image", type=Path, help="an image to convert in place of a made-up one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="discpress-pairs-", dir=options.folder) as name:
        folder = Path(name)
        trees = [Tree(root.resolve(), folder / label) for root, label in ((options.before, "before"), (HERE, "after"))]
        for tree in trees:
            tree.check()
        commands = Commands(folder, options.large, options.image and options.image.resolve())
        names = options.only.split(",") if options.only else commands.names
        runs = {name: compare(commands, name, trees, options.pairs) for name in names}
    print_table(
        ("command", "before ms", "after ms", "MiB", *FACTS), [row_of(name, each) for name, each in runs.items()]
    )
    write_json(options.json, {name: ratios(each) for name, each in runs.items()})
    return 0


def compare(commands: Commands, name: str, trees: list[Tree], pairs: int) -> list[tuple[Run, Run]]:
    """Return the runs of one command in pairs, after one that fills the caches; every second pair begins with after."""
    for tree in trees:
        commands.measure(name, tree)
    done = []
    for number in range(pairs):
        order = trees if number % 2 == 0 else trees[::-1]
        first, second = (commands.measure(name, tree) for tree in order)
        done.append((first, second) if number % 2 == 0 else (second, first))
    return done


def ratios(pairs: list[tuple[Run, Run]]) -> dict[str, float]:
    """Return after / before: the medians of the ratios of each pair."""
    values = [
        (after.cpu_s / before.cpu_s, after.wall_s / before.wall_s, after.peak_bytes / before.peak_bytes)
        for before, after in pairs
    ]
    return {
        fact: round(statistics.median(each), 3) for fact, each in zip(FACTS, zip(*values, strict=True), strict=True)
    }


def row_of(name: str, pairs: list[tuple[Run, Run]]) -> tuple[str, ...]:
    """Return a line of the table."""
    before_s, after_s = (statistics.median(each.cpu_s for each in side) for side in zip(*pairs, strict=True))
    peak = statistics.median(after.peak_bytes for _, after in pairs) / MIB
    return name, f"{1e3 * before_s:.1f}", f"{1e3 * after_s:.1f}", f"{peak:.1f}", *map(str, ratios(pairs).values())


if __name__ == "__main__":
    sys.exit(main())

"""Times CHD conversions beside `chdman createraw` of the same codec and hunk, and the way back beside `extractraw`.

    python tests/bench/chd.py IMAGE [--methods zstd,zlib,lzma] [--hunk 4096] [--level 9] [--runs 1] [--folder DIR]

The programs take turns, both with as many threads as there are processors. chdman proves nothing, so ours is timed
without its proof as well; the way back is proven. A method that this chdman does not know has no row of its own.
Printed are wall and processor time, peak memory and size. Each CHD of ours is verified by chdman where it can be, and
one of each method goes ISO -> ZSO -> CHD -> ISO with equal digests at both ends.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import MIB, Run, run


def sha1_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--methods", default="zstd,zlib,lzma")
    parser.add_argument("--hunk", type=int, default=4096)
    parser.add_argument("--level", type=int, default=9)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the results go (default: a temporary folder)")
    arguments = parser.parse_args()
    chdman = shutil.which("chdman")
    if chdman is None:
        raise SystemExit("chdman (Debian package mame-tools) is not installed")
    program = str(Path(sys.executable).with_name("discpress"))
    image, hunk = str(arguments.image), str(arguments.hunk)
    processors = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        os.environ["DISCPRESS_STATE"] = f"{folder}/state"
        out = Path(folder, "out.chd")
        commands: dict[str, list[str]] = {}
        for method in arguments.methods.split(","):
            ours = [program, "convert", "-q", image, "-o", str(out), "-f", "chd", "-m", method, "-b", hunk]
            ours += ["-l", str(arguments.level), "--target", "any"]
            commands[f"{method}, proven"] = ours
            commands[f"{method}, not proven"] = [*ours, "--no-verify"]
            if method != "zstd":  # chdman knows it from 0.262 on
                theirs = [chdman, "createraw", "-i", image, "-o", str(out), "-c", method, "-hs", hunk, "-us", "2048"]
                commands[f"{method}, chdman"] = [*theirs, "-np", str(processors)]
        rows: dict[str, list[Run]] = {name: [] for name in commands}
        sizes: dict[str, int] = {}
        for _ in range(arguments.runs):
            for name, command in commands.items():
                rows[name].append(run(command))
                sizes[name] = out.stat().st_size
                if name.endswith("proven") and not name.startswith("zstd"):
                    run([chdman, "verify", "-i", str(out)])
                out.unlink()
            for name, command, result in _ways_back(program, chdman, arguments, Path(folder)):
                rows.setdefault(name, []).append(run(command))
                sizes[name] = result.stat().st_size
                result.unlink()
        original_bytes = arguments.image.stat().st_size
        print(f"{image}: {original_bytes / MIB:.0f} MiB, hunk {hunk}, level {arguments.level}, {processors} processors")
        print(f"{'':>20} {'wall s':>7} {'cpu s':>7} {'peak MiB':>8} {'size':>11} {'ratio':>6}")
        for name, found in rows.items():
            wall, cpu = statistics.median(row.wall_s for row in found), statistics.median(row.cpu_s for row in found)
            peak = max(row.peak_bytes for row in found)
            ratio = sizes[name] / original_bytes
            print(f"{name:>20} {wall:7.1f} {cpu:7.1f} {peak / MIB:8.1f} {sizes[name]:>11} {ratio:6.4f}", flush=True)
        _round_trip(program, arguments.image, arguments.methods.split(","), hunk, Path(folder))


def _ways_back(
    program: str, chdman: str, arguments: argparse.Namespace, folder: Path
) -> Iterator[tuple[str, list[str], Path]]:
    """Yield the name and the command of each way back to an ISO, and its result."""
    result = folder / "back.iso"
    for method in arguments.methods.split(","):
        chd = folder / f"{method}.chd"
        if not chd.exists():
            make = [program, "convert", "-q", str(arguments.image), "-o", str(chd), "-f", "chd", "-m", method]
            run([*make, "-b", str(arguments.hunk), "-l", str(arguments.level), "--no-verify", "--target", "any"])
        yield f"{method} back", [program, "convert", "-q", "-d", str(chd), "-o", str(result), "--target", "any"], result
        if method != "zstd":
            yield f"{method} back, chdman", [chdman, "extractraw", "-i", str(chd), "-o", str(result)], result


def _round_trip(program: str, image: Path, methods: list[str], hunk: str, folder: Path) -> None:
    """Go ISO -> ZSO -> CHD -> ISO and compare."""
    expected = sha1_of(image)
    convert = [program, "convert", "-q", "--target", "any"]
    zso, chd, back = folder / "game.zso", folder / "game.chd", folder / "back.iso"
    run([*convert, str(image), "-l", "1", "-o", str(zso)])
    for method in methods:
        run([*convert, str(zso), "-f", "chd", "-m", method, "-b", hunk, "-l", "3", "-o", str(chd)])
        run([*convert, str(chd), "-d", "-o", str(back)])
        print(f"ISO -> ZSO -> CHD {method} -> ISO: {'equal' if sha1_of(back) == expected else 'DIFFERENT'}")
        chd.unlink()
        back.unlink()


if __name__ == "__main__":
    main()

"""Conversions out of archives: time against the image itself and against unpacking first, and memory.

    python tests/bench/archives.py IMAGE [--level 1] [--threads 2] [--runs 3] [--folder DIR] [--no-7z] [--json FILE]

One line each for the image itself, and the same image in a stored ZIP, a deflated ZIP and a 7z (LZMA2, level 1, by
py7zr): the median of interleaved runs, how many times that of the image, and the peak of memory above an idle
interpreter. `unpacking` is what reading the image to its end takes, which no conversion can beat. Estimates are from
one run: an archive is gone through once. Exit code 1 when memory reaches 96 MiB: slots, and what a stream keeps.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import py7zr

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from peak_memory import idle_bytes, peak_bytes

from discpress.engine.images.open import open_image
from discpress.engine.units import MIB

MOST_BYTES = 96 * MIB
STEP_BYTES = MIB


def make_archives(image: Path, folder: Path, *, with_7z: bool) -> dict[str, Path]:
    """Write the archives and return the sources by name, the image itself first."""
    sources = {"image": image}
    for name, method in (("stored zip", zipfile.ZIP_STORED), ("deflated zip", zipfile.ZIP_DEFLATED)):
        sources[name] = folder / f"{name.replace(' ', '-')}.zip"
        with zipfile.ZipFile(sources[name], "w", method, compresslevel=6) as archive:
            archive.write(image, "game.iso")
    if with_7z:
        sources["7z"] = folder / "lzma2.7z"
        filters = [{"id": py7zr.FILTER_LZMA2, "preset": 1}]
        with py7zr.SevenZipFile(sources["7z"], "w", filters=filters) as archive:
            archive.write(image, "game.iso")
    return sources


def time_unpacking(path: Path) -> float:
    """Return the seconds that reading an image to its end takes."""
    started = time.perf_counter()
    buffer = bytearray(STEP_BYTES)
    with open_image(path) as image:
        for offset in range(0, image.size, STEP_BYTES):
            image.read_into(buffer, offset)
    return time.perf_counter() - started


def time_command(*arguments: object) -> tuple[float, int]:
    """Return the seconds and the peak bytes of a command."""
    started = time.perf_counter()
    peak = peak_bytes(*arguments)
    return time.perf_counter() - started, peak


def main() -> int:
    """Measure, print a table, return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--level", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="where archives and results are written")
    parser.add_argument("--no-7z", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args()
    print(f"an idle interpreter: {idle_bytes() / MIB:.1f} MiB; {options.image.name}, level {options.level}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        os.environ["DISCPRESS_STATE"] = str(Path(folder, "state"))
        sources = make_archives(options.image, Path(folder), with_7z=not options.no_7z)
        output = Path(folder, "out.zso")
        seconds: dict[str, list[float]] = {name: [] for name in sources}
        unpacking: dict[str, list[float]] = {name: [] for name in sources}
        peaks = dict.fromkeys(sources, 0)
        for _ in range(options.runs):
            for name, path in sources.items():
                settings = ("-l", options.level, "-t", options.threads, "--target", "any", "-o", output)
                elapsed_s, peak = time_command("convert", path, *settings)
                output.unlink()
                seconds[name].append(elapsed_s)
                peaks[name] = max(peaks[name], peak)
                unpacking[name].append(time_unpacking(path))
        figures = []
        base_s = statistics.median(seconds["image"])
        for name, path in sources.items():
            whole_s, unpack_s = statistics.median(seconds[name]), statistics.median(unpacking[name])
            estimate_s, estimate_peak = time_command("estimate", path, "-t", options.threads)
            peaks[name] = max(peaks[name], estimate_peak)
            spread_s = max(seconds[name]) - min(seconds[name])
            print(
                f"{name:<13} {path.stat().st_size / MIB:7.0f} MiB  convert {whole_s:6.2f} s (spread {spread_s:.2f}), "
                f"{whole_s / base_s:5.2f} x image; unpacking {unpack_s:6.2f} s; estimate {estimate_s:6.2f} s; "
                f"memory {peaks[name] / MIB:6.1f} MiB"
            )
            figures.append(
                {
                    "source": name, "file_bytes": path.stat().st_size, "convert_s": whole_s, "spread_s": spread_s,
                    "ratio": whole_s / base_s, "unpacking_s": unpack_s, "estimate_s": estimate_s,
                    "peak_bytes": peaks[name],
                }
            )  # fmt: skip
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1))
    return int(max(peaks.values()) >= MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())

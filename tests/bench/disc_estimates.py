"""Compares estimates of GameCube and Wii discs with the files that nod-rs and dolphin-tool write.

    python tests/bench/disc_estimates.py [IMAGE...] [--size 256M] [--trials 20] [-f rvz] [--json FILE]

Without images, two discs are made up, with files, zeros and padding: one for each console. Each is packed by nod-rs,
and by dolphin-tool if it is installed. Then come estimates from samples with other starts. Exit code 1 if the size that
nod-rs writes is within the margin of fewer than 95 % of them.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from padded_discs import padded_disc, padded_wii_disc
from wii_partitions import CONTENT, GROUP

from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.nintendo.process import NodProcess
from discpress.engine.images.nintendo.writer import NOD_FORMATS, NintendoLayout
from discpress.engine.images.open import open_image
from discpress.engine.images.registry import layout_of
from discpress.engine.measure.estimate import REFINE_BUDGETS, estimate
from discpress.engine.units import KIB, MIB, format_size, parse_size

WAYS = (
    Settings(ImageFormat.RVZ, 128 * KIB, 5),
    Settings(ImageFormat.GCZ, 32 * KIB, 6),
    Settings(ImageFormat.WIA, 2 * MIB, 1),
    Settings(ImageFormat.WBFS, 2 * MIB),
    Settings(ImageFormat.GAMECUBE_CISO, 2 * MIB),
)
DOLPHIN = {
    ImageFormat.RVZ: ("-f", "rvz", "-c", "zstd", "-l", "5", "-b", str(128 * KIB)),
    ImageFormat.GCZ: ("-f", "gcz", "-b", str(32 * KIB)),
    ImageFormat.WIA: ("-f", "wia", "-c", "lzma", "-l", "1", "-b", str(2 * MIB)),
}
TOOL = Path("/usr/games/dolphin-tool")
THREADS = 2
LEAST_COVERAGE = 0.95
COLUMNS = "{:<12} {:<14} {:>12} {:>9} {:>7} {:>9} {:>9} {:>9} {:>8} {:>7}"


def main() -> int:
    """Measure every disc, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("images", nargs="*", type=Path, metavar="IMAGE")
    parser.add_argument("--size", type=parse_size, default=256 * MIB)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("-f", "--format", type=ImageFormat, action="append", help="only this one; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    heads = ("image", "format", "nod-rs", "dolphin", "sample", "p95 err", "max err", "margin", "covered", "CPU")
    print(COLUMNS.format(*heads))
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments.images or made_up(Path(folder), arguments.size):
            for settings in (each for each in WAYS if each.format in (arguments.format or [each.format])):
                results += measure(path, settings, arguments.trials, Path(folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    return 0 if all(each["coverage"] >= LEAST_COVERAGE for each in results) else 1


def made_up(folder: Path, size_bytes: int) -> Sequence[Path]:
    """Write a disc for each console."""
    gamecube, wii = folder / "gamecube.iso", folder / "wii.iso"
    gamecube.write_bytes(padded_disc(size_bytes))
    wii.write_bytes(padded_wii_disc(size_bytes // (GROUP * CONTENT)))
    return gamecube, wii


def measure(path: Path, settings: Settings, trials: int, folder: Path) -> list[dict[str, Any]]:
    """Return the errors for one format and each budget of a row of the library; prints a line for each."""
    truth, dolphin = packed_by_nod(path, settings), packed_by_dolphin(path, settings, folder)
    results = []
    for budget_bytes in REFINE_BUDGETS[:2]:
        errors, widths, seconds, held = [], [], [], 0
        for seed in range(trials):
            with open_image(path) as image:
                started = time.process_time()
                found = estimate(
                    image,
                    settings,
                    random=Random(seed),
                    threads=THREADS,
                    budget_bytes=budget_bytes,
                    whole_below_bytes=0,
                )
                seconds.append(time.process_time() - started)
            errors.append(100 * abs(found.packed_bytes - truth) / truth)
            widths.append(50 * (found.high_bytes - found.low_bytes) / truth)
            held += found.low_bytes <= truth <= found.high_bytes
        result = {
            "image": path.name,
            "format": str(settings.format),
            "nod_bytes": truth,
            "dolphin_bytes": dolphin,
            "budget_bytes": budget_bytes,
            "sampled_bytes": found.sampled_bytes,
            "p95_error_percent": sorted(errors)[-(-len(errors) * 95 // 100) - 1],
            "max_error_percent": max(errors),
            "half_width_percent": statistics.median(widths),
            "coverage": held / trials,
            "cpu_s": statistics.median(seconds),
        }
        results.append(result)
        ratio = "" if dolphin is None else f"{dolphin / truth:.4f}"
        figures = (result["p95_error_percent"], result["max_error_percent"], result["half_width_percent"])
        cells = [f"{each:.3f} %" for each in figures]
        name = path.name, str(settings.format), truth, ratio, format_size(budget_bytes)
        print(COLUMNS.format(*name, *cells, f"{held / trials:.0%}", f"{result['cpu_s']:.2f}"), flush=True)
    return results


def packed_by_nod(path: Path, settings: Settings) -> int:
    """Return the size of the file that nod-rs writes."""
    end = 0
    with open_image(path) as image:
        layout = layout_of(settings, image.size)
        assert isinstance(layout, NintendoLayout)
        words = {"format": NOD_FORMATS[settings.format], "compression": layout.compression}
        process = NodProcess(image.source, {**words, "block_size": settings.block_size})
        for piece in process.pieces():
            end += 0 if piece.is_header else len(piece.content)
        process.close()
    return end


def packed_by_dolphin(path: Path, settings: Settings, folder: Path) -> int | None:
    """Return the size of the file that dolphin-tool writes; None if it does not write the format, or is not there."""
    if settings.format not in DOLPHIN or not TOOL.exists():
        return None
    output = folder / "by-dolphin"
    files = ["-u", str(folder / "user"), "-i", str(path), "-o", str(output)]
    subprocess.run([str(TOOL), "convert", *files, *DOLPHIN[settings.format]], check=True, capture_output=True)
    return output.stat().st_size


if __name__ == "__main__":
    sys.exit(main())

"""Times the verification of a CD's CHD, by codec and kernel, beside `chdman extractcd` and `chdman verify`.

    python tests/bench/cd_chd.py SHEET.cue [--codecs cdlz,cdzl] [--runs 5] [--folder DIR] [--json FILE]

chdman packs the disc once for each codec, with cdfl for hunks of sound; then the programs take turns. `verify` of ours
decodes with all threads, hashes all frames, and takes the digests of the disc and of each track; chdman's verify writes
no file either. Ratios are medians of those within a round, of processor times.
"""

import argparse
import os
import shutil
import statistics
import tempfile
from dataclasses import asdict
from pathlib import Path

from measuring import KERNELS, MIB, PROGRAM, Run, cpu_ratio_of, print_table, run, spread, write_json

DEFAULT = "cdlz,cdzl"
EXTRACT, VERIFY = "chdman extractcd", "chdman verify"


def measure(chdman: str, chd: Path, folder: Path, runs: dict[str, list[Run]]) -> None:
    """Do one round of one CHD."""
    sheet = folder / "back.cue"
    runs.setdefault(EXTRACT, []).append(
        run([chdman, "extractcd", "-f", "-i", chd, "-o", sheet, "-ob", folder / "back.bin"], is_ours=False)
    )
    runs.setdefault(VERIFY, []).append(run([chdman, "verify", "-i", chd], is_ours=False))
    for kernel in KERNELS:
        runs.setdefault(f"{kernel} verify", []).append(run([PROGRAM, "verify", "-q", chd], DISCPRESS_KERNEL=kernel))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--codecs", default=DEFAULT)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where files are written (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    chdman = shutil.which("chdman")
    if chdman is None:
        raise SystemExit("chdman (Debian package mame-tools) is not installed")
    all_runs: dict[str, dict[str, list[Run]]] = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        os.environ["DISCPRESS_STATE"] = f"{folder}/state"
        for codec in options.codecs.split(","):
            codecs = codec if codec == "cdfl" else f"{codec},cdfl"
            run([chdman, "createcd", "-i", options.sheet, "-o", folder / f"{codec}.chd", "-c", codecs], is_ours=False)
        for _ in range(options.runs):
            for codec in options.codecs.split(","):
                measure(chdman, folder / f"{codec}.chd", folder, all_runs.setdefault(codec, {}))
        disc_mib = (folder / "back.bin").stat().st_size / MIB
    rows = [
        [codec, name, spread([each.wall_s for each in found]), spread([each.cpu_s for each in found]),
         f"{disc_mib / statistics.median(each.cpu_s for each in found):.0f}",
         f"{cpu_ratio_of(found, runs[VERIFY]):.2f}"]
        for codec, runs in all_runs.items() for name, found in runs.items()
    ]  # fmt: skip
    print_table(["codec", "program", "wall s", "cpu s", "MiB/cpu s", "x chdman verify"], rows)
    facts = {codec: {name: [asdict(each) for each in found] for name, found in runs.items()}
             for codec, runs in all_runs.items()}  # fmt: skip
    write_json(options.json, {"disc_mib": disc_mib, "runs": facts})


if __name__ == "__main__":
    main()

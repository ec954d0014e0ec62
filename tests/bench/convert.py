"""Times whole conversions by the real program: wall, processor, peak memory and size, level by level.

    python tests/bench/convert.py IMAGE [--levels 1,9,12] [--runs 3] [--folder DIR] [--json FILE]

The levels take turns, so that a machine that slows down slows all of them. Peak memory is that of the process
(ru_maxrss), the interpreter included; `discpress --help` gives the interpreter's share.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB


def run(command: list[str]) -> tuple[float, float, int]:
    """Run a command; return wall seconds, processor seconds and peak memory in bytes."""
    started = time.perf_counter()
    process = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIB


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--levels", default="1,9,12")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the results go (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    levels = [int(level) for level in arguments.levels.split(",")]
    program = str(Path(sys.executable).with_name("discpress"))
    rows: dict[int, list[tuple[float, float, int]]] = {level: [] for level in levels}
    sizes: dict[int, int] = {}
    original_bytes = arguments.image.stat().st_size
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        os.environ["DISCPRESS_STATE"] = f"{folder}/state"
        idle_bytes = run([program, "--help"])[2]
        output_path = Path(folder, "output.zso")
        for _ in range(arguments.runs):
            for level in levels:
                words = ["-q", "-l", str(level), "-o", str(output_path)]
                rows[level].append(run([program, "convert", str(arguments.image), *words]))
                sizes[level] = output_path.stat().st_size
                output_path.unlink()
    results = []
    processors = len(os.sched_getaffinity(0))
    print(f"{arguments.image}: {original_bytes / MIB:.0f} MiB, {processors} processors, ZSO 2048, verified")
    heads = ("level", "wall s", "min", "max", "cpu s", "MiB/s", "peak MiB", "size", "ratio")
    print("{:>5} {:>7} {:>6} {:>6} {:>6} {:>6} {:>8} {:>11} {:>6}".format(*heads))
    for level in levels:
        walls = [row[0] for row in rows[level]]
        wall, cpu = statistics.median(walls), statistics.median(row[1] for row in rows[level])
        peak = max(row[2] for row in rows[level]) - idle_bytes
        ratio = sizes[level] / original_bytes
        rate = original_bytes / MIB / wall
        print(
            f"{level:>5} {wall:7.2f} {min(walls):6.2f} {max(walls):6.2f} {cpu:6.2f} {rate:6.0f} {peak / MIB:8.1f} "
            f"{sizes[level]:>11} {ratio:6.4f}"
        )
        results.append(
            {"level": level, "wall_s": walls, "cpu_s": cpu, "peak_bytes": peak, "packed_bytes": sizes[level]}
        )
    print(f"peak MiB is above the {idle_bytes / MIB:.1f} MiB of `discpress --help`")
    if arguments.json:
        arguments.json.write_text(json.dumps({"image_bytes": original_bytes, "levels": results}, indent=1))


if __name__ == "__main__":
    main()

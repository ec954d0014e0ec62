"""What the benchmarks share: programs run with their wall time, processor time and peak memory; tables and JSON."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KIB = 1024
MIB = 1024 * KIB
PROGRAM = str(Path(sys.executable).with_name("discpress"))
LIMITS = Path(__file__).with_name("limits.py")
PROCESSORS = len(os.sched_getaffinity(0))
KERNELS = ("native", "plain")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    """ru_maxrss, the interpreter included; 0: not measured. A child begins with what its parent has: keep it small."""


def run(command: Sequence[str | Path], *, is_ours: bool = True, **variables: str) -> Run:
    """Run a program to its end, with these environment variables; stderr is shown of our own only, stdout of none."""
    words = [str(word) for word in command]
    silent = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in ((1,) if is_ours else (1, 2))]
    started = time.perf_counter()
    process = os.posix_spawnp(words[0], words, os.environ | variables, file_actions=silent)
    _, status, usage = os.wait4(process, 0)
    wall_s = time.perf_counter() - started
    if status:
        raise SystemExit(f"{' '.join(words)} failed with status {status}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIB)


def limit(*words: str | Path | int, kernel: str = "native") -> Run:
    """Return one of the limits in limits.py, which see."""
    command = [sys.executable, str(LIMITS), *map(str, words)]
    variables = os.environ | {"DISCPRESS_KERNEL": kernel}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=variables)
    wall_s, cpu_s = map(float, done.stdout.split())
    return Run(wall_s, cpu_s, 0)


class Case:
    """One level and block size of an image, and what is measured of it, round by round."""

    def __init__(self, image_path: Path, level: int, block_size: int) -> None:
        self.image_path, self.level, self.block_size = image_path, level, block_size
        self.runs: dict[str, list[Run]] = {}

    @property
    def label(self) -> str:
        """What it is called in the tables."""
        return f"{self.level} {shown_size(self.block_size)}"

    def measure(self) -> None:
        """Do one round."""
        raise NotImplementedError

    def note(self, name: str, done: Run) -> None:
        """Keep one run."""
        self.runs.setdefault(name, []).append(done)


def measure_rounds(cases: Iterable[Case], rounds: int) -> None:
    """Measure all cases in turns, so that a machine that slows down slows all of them."""
    all_cases = list(cases)
    for _ in range(rounds):
        for case in all_cases:
            case.measure()


def parser_of(description: str | None, *, levels: str, blocks: str) -> argparse.ArgumentParser:
    """Return a parser for an image, the levels and block sizes of its cases, and how they are measured."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--levels", default=levels)
    parser.add_argument("--blocks", default=blocks)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where files are written (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    return parser


def levels_and_blocks(options: argparse.Namespace) -> list[tuple[int, int]]:
    """Return level and block size of each case, those of one block size together."""
    levels = [int(text) for text in options.levels.split(",")]
    return [(level, parse_size(text)) for text in options.blocks.split(",") for level in levels]


def parse_size(text: str) -> int:
    """Return `2K` or `1M` or a plain number as bytes."""
    factor = {"K": KIB, "M": MIB}.get(text[-1:].upper(), 1)
    return int(text if factor == 1 else text[:-1]) * factor


def shown_size(size: int) -> str:
    """Return bytes as `2K`, `1M`."""
    return f"{size // MIB}M" if size % MIB == 0 else f"{size // KIB}K"


def spread(values: Sequence[float]) -> str:
    """Return median and extremes as `1.23 (1.20-1.31)`."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def ratio_of(ones: Sequence[Run], others: Sequence[Run]) -> float:
    """Return the median of the wall time ratios of what was measured in the same round."""
    return statistics.median(one.wall_s / other.wall_s for one, other in zip(ones, others, strict=True))


def cpu_ratio_of(ones: Sequence[Run], others: Sequence[Run]) -> float:
    """Return the same of processor times: what a machine that others use as well disturbs less."""
    return statistics.median(one.cpu_s / other.cpu_s for one, other in zip(ones, others, strict=True))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column on the left, the others on the right."""
    lines = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        cells = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
        print("  ".join([line[0].ljust(widths[0]), *cells[1:]]).rstrip())


def write_json(path: Path | None, facts: Mapping[str, object]) -> None:
    """Write the facts where a file was asked for."""
    if path is not None:
        path.write_text(json.dumps(facts, indent=1) + "\n")

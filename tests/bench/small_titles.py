"""The processor time of the queue against `convert -r`, for each of many small titles, in alternating runs.

    python tests/bench/small_titles.py [--titles 60] [--kib 4096] [--pairs 5] [--folder /dev/shm] [--json FILE]

A worker runs already; `queue add` and the worker count together, with the start of both. The second row is without the
starts: in each round both also convert a single title, which is subtracted. --trace FILE writes the calls of the
worker's main thread by cProfile, once.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from before_after import write_image
from measuring import KIB, PROGRAM, print_table, run, write_json
from patience import wait_for

from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

LONG_S = 600.0
WORKER = ("-m", "discpress.engine.worker")


def convert(folder: Path, titles: Path) -> float:
    """Convert all titles in one command; return seconds of processor time."""
    output = folder / "converted"
    words: list[str | Path] = [
        "convert",
        "-q",
        "-r",
        titles,
        "-O",
        output,
        "--target",
        "any",
        "--state",
        folder / "convert-state",
    ]
    done = run([PROGRAM, *words])
    return emptied(output, done.cpu_s)


def queue(folder: Path, titles: Path, trace: Path | None = None) -> float:
    """Convert all titles by the queue; return seconds of processor time of client and worker."""
    output, state = folder / "queued", folder / "queue-state"
    state.mkdir(mode=0o700, exist_ok=True)
    profile = ["-m", "cProfile", "-o", str(trace)] if trace else []
    command = [sys.executable, "-P", *profile, *WORKER, "--state", str(state), "--idle", str(LONG_S)]
    worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd="/")
    with Store(state) as store:
        jobs = JobQueue(store)
        wait_for(lambda: (seen := jobs.worker()) is not None and seen.pid == worker.pid, "a worker", LONG_S)
        added = run([PROGRAM, "queue", "add", "-r", titles, "-O", output, "--target", "any", "--state", state])
        wait_for(lambda: all(job.is_over for job in jobs.jobs()), "the end of all jobs", LONG_S)
        stop_worker(state)
        _, status, usage = os.wait4(worker.pid, 0)
        worker.returncode = os.waitstatus_to_exitcode(status)
        states = {str(job.state) for job in jobs.jobs()}
    if states != {"done"}:
        raise SystemExit(f"jobs ended as {states}")
    return emptied(output, added.cpu_s + usage.ru_utime + usage.ru_stime)


def emptied(output: Path, seconds: float) -> float:
    """Remove the results, and return the seconds."""
    for path in output.iterdir():
        path.unlink()
    return seconds


def main() -> int:
    """Measure both in turns, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--titles", type=int, default=60)
    parser.add_argument("--kib", type=int, default=4096, help="size of a title")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where files are written (default: a temporary folder)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="profile one worker into FILE, and measure nothing")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="discpress-titles-", dir=options.folder) as name:
        folder = Path(name)
        os.environ["HOME"] = name
        titles, one = folder / "titles", folder / "one"
        for number in range(options.titles):
            write_title(titles / f"Game {number:03}.iso", options.kib * KIB)
        write_title(one / "Game.iso", options.kib * KIB)
        if options.trace:
            queue(folder, titles, options.trace)
            return 0
        rounds = [
            [command(folder, images) for images in (titles, one) for command in (convert, queue)]
            for _ in range(options.pairs)
        ]
    whole = [(converted, queued) for converted, queued, _, _ in rounds]
    further = [(converted - first, queued - added) for converted, queued, first, added in rounds]
    found = {
        "with the starts": figures_of(whole, options.titles),
        "each title after the first": figures_of(further, options.titles - 1),
    }
    rows = [(name, *(f"{ms:.1f}" for ms in ms_each), f"{ratio:.2f}") for name, (*ms_each, ratio) in found.items()]
    print_table(("ms of processor time a title", "convert -r", "queue", "ratio"), rows)
    keys = ("convert_ms", "queue_ms", "ratio")
    write_json(options.json, {name: dict(zip(keys, values, strict=True)) for name, values in found.items()})
    return 0


def write_title(path: Path, size: int) -> None:
    """Write a disc of about so many bytes."""
    path.parent.mkdir(exist_ok=True)
    write_image(path, size)


def figures_of(pairs: list[tuple[float, float]], titles: int) -> tuple[float, float, float]:
    """Return the median milliseconds for each title of both sides, and the median of their ratios."""
    converted_ms, queued_ms = (1e3 * statistics.median(side) / titles for side in zip(*pairs, strict=True))
    return converted_ms, queued_ms, statistics.median(queued / converted for converted, queued in pairs)


if __name__ == "__main__":
    sys.exit(main())

"""The processor time of the queue against `convert -r`, for each of many small titles, in alternating runs.

    python tests/bench/small_titles.py [--titles 40] [--kib 4096] [--pairs 5] [--folder /dev/shm] [--json FILE]

A worker runs already; `queue add` and the worker count together, with the start of both. --trace FILE writes the calls
of the worker's main thread by cProfile, once.
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
    parser.add_argument("--titles", type=int, default=40)
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
        titles = folder / "titles"
        titles.mkdir()
        for number in range(options.titles):
            write_image(titles / f"Game {number:03}.iso", options.kib * KIB)
        if options.trace:
            queue(folder, titles, options.trace)
            return 0
        pairs = [(convert(folder, titles), queue(folder, titles)) for _ in range(options.pairs)]
    ratio = statistics.median(queued / converted for converted, queued in pairs)
    each_ms = [1e3 * statistics.median(side) / options.titles for side in zip(*pairs, strict=True)]
    row = ("processor time", *(f"{ms:.1f}" for ms in each_ms), f"{ratio:.2f}")
    print_table(("ms a title", "convert -r", "queue", "ratio"), [row])
    write_json(options.json, {"convert_ms": each_ms[0], "queue_ms": each_ms[1], "ratio": ratio})
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A large library, a long queue and three apps on it: does memory stay flat, and how long is a loop ever held up?

    python tests/bench/load.py [--titles 20000] [--jobs 5000] [--kib 64] [--json FILE]

The titles are in the state file only; the jobs convert small images on /dev/shm, of which half are equal, in the real
worker, while three real apps on ptys of 120x36 show library and queue. Memory (resident, anonymous) of each process is
sampled all the time; what is printed is its median in each tenth of the jobs. The library grows by two titles a job.
Loop: the longest delay of a 10 ms timer in each app, how long of it the loop was ready without a processor (Linux), and
the processor time that the threads took meanwhile; the same of the longest delay without that wait; the processor time
of the longest step; and the longest delay in a process that has only such a timer. Exit code 1 where a job failed, or
where memory grew from the third tenth to the last by more than 10 % and 4 MiB: in the worker at all, in an app more
than the library did.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing import Pipe, Process
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from app import fill, open_child
from app_pty import AppPty
from loop_steps import Delay, measure_bare_loop
from sample_images import mixed

from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.worker_process import ensure_worker
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

APPS = 3
TENTHS = 10
A_FOLDER = 100
"""Images of a folder: a scan holds one folder's titles in memory."""
KIB, MIB = 1024, 1024 * 1024
MOST_GROWTH = 1.10
MOST_GROWTH_MIB = 4.0
SAMPLE_S = 0.5


def resident_mib(pid: int) -> float:
    """Return the anonymous memory of a process that is in use, MiB; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / KIB for line in lines if line.startswith("RssAnon")), 0.0)


def follow(app: AppPty, done: threading.Event) -> None:
    """Be the terminal of an app."""
    while not done.is_set() and app.process.poll() is None:
        app.read(0.2)


class Played(NamedTuple):
    """The outcome of the jobs, and the figures of all processes meanwhile."""

    samples: dict[str, list[list[float]]]
    """Memory by process and tenth of the jobs."""
    facts: list[dict[str, Any]]
    """The figures that `app.run_child` wrote, by app."""
    bare_delay_s: float
    states: dict[str, int]
    seconds: float


def play(top: Path, titles: int, jobs: int, kib: int) -> Played:
    """Run the jobs with the apps."""
    state, images = top / "state", top / "images"
    images.mkdir()
    data = mixed(kib * KIB, seed=1)
    paths = [images / str(number // A_FOLDER) / f"{number}.iso" for number in range(jobs)]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(path.stem.encode().ljust(16) + data[16:] if int(path.stem) % 2 else data)
    samples: dict[str, list[list[float]]] = {}
    ours, its = Pipe()
    Process(target=measure_bare_loop, args=(its,), daemon=True).start()
    with Store(state) as store:
        queue = JobQueue(store)
        facts = [top / f"facts{number}.json" for number in range(APPS)]
        apps = [open_child(top, each) for each in facts]
        for app in apps:
            app.wait_for(f"Library {titles:,}")
        apps[-1].send("w")
        done = threading.Event()
        threads = [threading.Thread(target=follow, args=(app, done)) for app in apps]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        request = ConversionRequest(level=1, target="any")
        queue.add(JobRequest(ConvertTask(request), path) for path in paths)
        ensure_worker(state)
        while not queue.is_idle():
            snapshot = queue.snapshot()
            totals = snapshot.totals
            ended = totals.done + totals.failed + totals.skipped
            tenth = min(TENTHS - 1, ended * TENTHS // jobs)
            pids = {f"app {number}": app.process.pid for number, app in enumerate(apps, 1)}
            if snapshot.worker is not None:
                pids["worker"] = snapshot.worker.pid
            for name, pid in pids.items():
                samples.setdefault(name, [[] for _ in range(TENTHS)])[tenth].append(resident_mib(pid))
            time.sleep(SAMPLE_S)
        seconds = time.monotonic() - began
        ours.send(None)
        bare_delay_s = ours.recv()
        done.set()
        for thread in threads:
            thread.join()
        apps[-1].send("q")  # back from the queue
        apps[-1].wait_for("t tune")
        for app in apps:
            app.send("q")
            app.wait_end()
            app.hang_up()
        totals = queue.snapshot().totals
        stop_worker(state)
    states = {"done": totals.done, "failed": totals.failed, "skipped": totals.skipped}
    return Played(samples, [json.loads(each.read_text()) for each in facts], bare_delay_s, states, seconds)


def in_ms(delay: Delay) -> str:
    """Return a delay in words, with what the loop waited for."""
    late_s, own_s, others_s, queued_s = (f"{1000 * each:.0f} ms" for each in delay)
    return f"{late_s}, of which {queued_s} without a processor; processor time {own_s}, of other threads {others_s}"


def main() -> int:
    """Measure, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--titles", type=int, default=20_000, metavar="N")
    parser.add_argument("--jobs", type=int, default=5_000, metavar="N")
    parser.add_argument("--kib", type=int, default=64, metavar="N", help="size of an image (default: 64)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="discpress-load-", dir=place) as name:
        fill(Path(name) / "state", arguments.titles)
        played = play(Path(name), arguments.titles, arguments.jobs, arguments.kib)
    rows = {
        name: [round(statistics.median(tenth), 1) if tenth else None for tenth in tenths]
        for name, tenths in played.samples.items()
    }
    print(f"{arguments.titles} titles, {arguments.jobs} jobs, {played.states}, {played.seconds:.0f} s")
    for name, row in sorted(rows.items()):
        print(
            f"{name:<8} MiB by tenth of the jobs: " + " ".join("-" if each is None else f"{each:.1f}" for each in row)
        )
    print(f"worst delay of a loop with nothing to do: {1000 * played.bare_delay_s:.0f} ms")
    for each in played.facts:
        for what, delay in zip(("worst delay", "without the wait for a processor"), each["worst_delays"], strict=True):
            print(f"{what}: {in_ms(Delay(*delay))}")
        print(f"longest step: {1000 * each['longest_step_s']:.0f} ms of processor time in {each['longest_step']}")
    library = (arguments.titles + 2 * arguments.jobs) / arguments.titles
    grown = [
        name
        for name, row in rows.items()
        if _has_grown([each for each in row[2:] if each is not None], 1.0 if name == "worker" else library)
    ]
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"titles": arguments.titles, **played._asdict(), "samples": rows}, indent=1) + "\n"
        )
    for name in grown:
        print(f"grew: {name}")
    return int(bool(grown or played.states["failed"]))


def _has_grown(row: list[float], expected: float) -> bool:
    return bool(row) and row[-1] > row[0] * expected * MOST_GROWTH and row[-1] > row[0] + MOST_GROWTH_MIB


if __name__ == "__main__":
    sys.exit(main())

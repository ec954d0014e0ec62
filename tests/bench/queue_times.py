"""The queue in figures: time to resume after a kill, time to pause, cost of a snapshot, an idle worker's processor.

    python tests/bench/queue_times.py IMAGE [--level 9] [--folder DIR] [--json FILE]

The image is linked or copied beside its result; the worker is killed (SIGKILL) once 80 % of it are packed. Resume time
counts from the kill until the job goes beyond what it had packed; `again` is what was packed a second time.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from command_line import CommandLine
from patience import wait_for

from discpress.engine.queue.jobs import Action, Job, JobProgress, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker
from discpress.engine.units import MIB

LONG_S = 3600.0
KILL_AT = 0.8
PAUSES = 5
IDLE_S = 10.0
SNAPSHOTS = 200
WORKER = (sys.executable, "-P", "-m", "discpress.engine.worker")


class Bench:
    """One home and its queue, seen from outside."""

    def __init__(self, folder: Path) -> None:
        self.cli = CommandLine(folder / "work")
        self.state_folder = self.cli.home / "state" / "discpress"
        self.state_folder.mkdir(parents=True, mode=0o700)
        self.store = Store(self.state_folder)
        self.queue = JobQueue(self.store)

    def start_worker(self, idle_s: float) -> "subprocess.Popen[bytes]":
        command = [*WORKER, "--state", str(self.state_folder), "--idle", str(idle_s)]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, env=self.cli.environment, cwd="/")

    def job(self) -> Job:
        return self.queue.job(1)

    def add(self, path: Path, level: int) -> None:
        self.queue.add([JobRequest(ConvertTask(ConversionRequest(level=level, target="any")), path, force=True)])


def measure_conversion(folder: Path, image_path: Path, level: int) -> dict[str, Any]:
    """Convert an image undisturbed and killed at 80 %, paused on the way; return the times."""
    bench = Bench(folder)
    source_path = bench.cli.folder / "game.iso"
    try:
        source_path.hardlink_to(image_path)
    except OSError:
        shutil.copy2(image_path, source_path)
    total_bytes = source_path.stat().st_size
    calm_path = bench.cli.folder / "calm.zso"
    began = time.monotonic()
    done = bench.cli.start("convert", source_path, "-o", calm_path, "-l", str(level), "--target", "any")
    assert done.finish(LONG_S).exit_code == 0
    undisturbed_s = time.monotonic() - began

    bench.add(source_path, level)
    worker = bench.start_worker(LONG_S)  # a worker with nothing but a paused job is idle
    pauses = [pause(bench, total_bytes, (number + 1) / (PAUSES + 2)) for number in range(PAUSES)]
    wait_for(lambda: bench.job().read_bytes >= KILL_AT * total_bytes, "80 %", LONG_S)
    worker.kill()
    killed_at = time.monotonic()
    worker.wait()
    packed_bytes = bench.job().read_bytes
    checkpoint = bench.queue.checkpoint(1)
    kept_bytes = int(str(checkpoint.facts["done_bytes"])) if checkpoint else 0
    worker = bench.start_worker(0.0)
    wait_for(lambda: bench.job().read_bytes > packed_bytes or bench.job().is_over, "more than before", LONG_S)
    resume_s = time.monotonic() - killed_at
    worker.wait()
    finished_s = time.monotonic() - killed_at
    is_identical = same_bytes(source_path.with_suffix(".zso"), calm_path)
    facts = {
        "image_bytes": total_bytes,
        "level": level,
        "undisturbed_s": round(undisturbed_s, 2),
        "killed_at_percent": round(100 * packed_bytes / total_bytes, 1),
        "checkpoint_bytes": kept_bytes,
        "again_bytes": packed_bytes - kept_bytes,
        "resume_s": round(resume_s, 2),
        "killed_to_done_s": round(finished_s, 2),
        "state": str(bench.job().state),
        "identical": is_identical,
        "pause_s": [round(each, 3) for each in pauses],
    }
    bench.store.close()
    return facts


def pause(bench: Bench, total_bytes: int, at: float) -> float:
    """Pause the job when so much is packed, wait until its part is at rest, let it go on; return the seconds."""
    wait_for(lambda: bench.job().read_bytes >= at * total_bytes, "bytes", LONG_S)
    began = time.monotonic()
    bench.queue.ask([1], Action.PAUSE)
    wait_for(lambda: bench.job().state is JobState.PAUSED, "a pause", LONG_S)
    elapsed_s = time.monotonic() - began
    bench.queue.ask([1], Action.RESUME)
    wait_for(lambda: bench.job().state is JobState.RUNNING, "the job", LONG_S)
    return elapsed_s


def same_bytes(one: Path, other: Path) -> bool:
    """Return whether two files hold the same."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as first, other.open("rb") as second:
        return all(piece == second.read(MIB) for piece in iter(lambda: first.read(MIB), b""))


def measure_snapshots(folder: Path, count: int) -> dict[str, float]:
    """Return microseconds of a first snapshot, an unchanged one, and one after each progress report."""
    with Store(folder / f"state-{count}") as store, Store(folder / f"state-{count}") as other:
        writer, reader = JobQueue(store), JobQueue(other)
        writer.add(
            JobRequest(ConvertTask(ConversionRequest()), Path(f"/games/{number:05}.iso")) for number in range(count)
        )
        writer.start(1)
        began = time.perf_counter()
        reader.snapshot()
        first_us = 1e6 * (time.perf_counter() - began)
        unchanged, changed = [], []
        for number in range(SNAPSHOTS):
            began = time.perf_counter()
            reader.snapshot()
            unchanged.append(1e6 * (time.perf_counter() - began))
            writer.save_progress([JobProgress(1, "packing", number, SNAPSHOTS, number, number)])
            began = time.perf_counter()
            reader.snapshot()
            changed.append(1e6 * (time.perf_counter() - began))
    return {
        "first_us": round(first_us),
        "unchanged_us": round(statistics.median(unchanged), 1),
        "changed_us": round(statistics.median(changed), 1),
    }


def measure_idle(folder: Path) -> dict[str, float]:
    """Return what a worker without work takes in ten seconds: processor, and commits to the state file."""
    bench = Bench(folder)
    worker = bench.start_worker(LONG_S)
    wait_for(lambda: (said := bench.queue.worker()) is not None and said.state == "idle", "an idle worker")
    before_s, version = processor_s(worker.pid), bench.store.data_version()
    with contextlib.suppress(subprocess.TimeoutExpired):
        worker.wait(IDLE_S)
    took_s = processor_s(worker.pid) - before_s
    is_silent = bench.store.data_version() == version
    stop_worker(bench.state_folder)
    worker.wait()
    bench.store.close()
    return {"processor_s": round(took_s, 3), "percent": round(100 * took_s / IDLE_S, 2), "is_silent": is_silent}


def processor_s(pid: int) -> float:
    """Return the seconds of processor that a process has taken (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure all of it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image", type=Path, help="what is converted")
    parser.add_argument("--level", type=int, default=9, help="how hard (default: 9)")
    parser.add_argument(
        "--folder", type=Path, help="where it is converted: on the image's disk it is linked, not copied"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    facts: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="discpress-queue-", dir=options.folder) as name:
        folder = Path(name)
        for count in (1000, 5000):
            facts[f"snapshot_{count}"] = measure_snapshots(folder, count)
            print(f"snapshot with {count} jobs: {facts[f'snapshot_{count}']}", flush=True)
        facts["idle_10_s"] = measure_idle(folder / "idle")
        print(f"idle worker over 10 s: {facts['idle_10_s']}", flush=True)
        facts["conversion"] = measure_conversion(folder / "convert", options.image, options.level)
        for key, value in facts["conversion"].items():
            print(f"{key}: {value}")
    if options.json:
        options.json.write_text(json.dumps(facts, indent=1) + "\n")
    is_good = facts["conversion"]["identical"] and facts["conversion"]["state"] == JobState.DONE
    return int(not is_good)


if __name__ == "__main__":
    sys.exit(main())

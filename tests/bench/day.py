"""A day in minutes: the real worker and the real app, by a clock that runs up to a thousand times as fast.

    python tests/bench/day.py [--titles 384] [--slots 96] [--json FILE]

Every quarter of an hour some titles are queued and one file comes into a watched folder, every two hours the folder
is scanned again; between that nothing happens. While a job runs, the wall clock is set back by an hour at noon and
forward by one in the evening. All clocks of both processes, and all their waits, go by tests/support/virtual_clock.c (a
C compiler is needed): slowly while there is work, fast while there is none. Printed: memory (anonymous), open files,
bytes sent while nothing happened, processor time, the state folder. Exit code 1 where a job was lost, done twice or
stuck, a time was absurd, or memory or the number of open files grew.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from app_pty import AppPty
from command_line import MIB, slow_to_pack, write_old
from load import KIB, resident_mib
from patience import wait_for
from sample_images import mixed, read_back
from virtual_clock import VirtualClock

from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.jobs import Job, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.base import Source
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import stop_worker

SLOT_S = 15 * 60.0
AT_WORK, LOOKING, SETTLING, AT_REST = 10.0, 100.0, 400.0, 1000.0
"""Speeds of the clock: while jobs run, while the watch waits for a file to stand still, while the last job leaves the
screen, and while nothing happens."""
RULE = '[[watch]]\nfolder = "{}"\ntarget = "any"\nlevel = 1\n'
SETTLED_S = 240.0
"""The curve of the throughput is seen for two minutes, a message for seconds."""
SCAN_EVERY = 8
MOST_ETA_S = 3600.0
MOST_GROWTH, MOST_GROWTH_MIB = 1.10, 4.0
MOST_MORE_FILES = 2
DISCPRESS = Path(sys.executable).parent / "discpress"
_NEGATIVE = re.compile(r"(?<![\w-])-\d[\d.]*( ?s| ?%|m\d|h\d|d\d| [KMGB])")


class Day:
    """One run, and what was seen."""

    def __init__(self, top: Path, titles: int, slots: int) -> None:
        self.clock = VirtualClock(top)
        self.top = top
        self.state = top / "state"
        self.slots = slots
        self.paths = [top / "games" / f"Game {number:03d}.iso" for number in range(titles)]
        for number, path in enumerate(self.paths):
            write_old(path, mixed(64 * KIB, seed=number))
        self.large = [top / "games" / f"Large {number}.iso" for number in range(2)]
        for number, path in enumerate(self.large):
            write_old(path, slow_to_pack(40 * MIB, seed=number))
        self.watched = [top / "incoming" / f"New {number:03d}.iso" for number in range(slots)]
        self.watched[0].parent.mkdir()
        settings = top / "config" / "discpress" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(RULE.format(self.watched[0].parent))
        self.memory: dict[str, list[float]] = {"worker": [], "app": []}
        self.open_files: dict[str, list[int]] = {"worker": [], "app": []}
        self.idle_bytes = 0
        self.idle_s = 0.0
        self.etas = 0
        self.wrong: list[str] = []

    def run(self) -> dict[str, object]:
        """Live through it and return the figures."""
        state = str(self.state)
        command = [str(DISCPRESS), "queue", "run", "--state", state]
        self.state.mkdir(mode=0o700)
        began, began_at = time.monotonic(), self.clock.monotonic()
        with (
            Store(self.state) as store,
            AppPty([self.top / "games"], self.top, width=120, height=36, environment=self.clock.environment) as app,
        ):
            stop_worker(self.state)  # the app's own: the one of this day must not end
            # As `ensure_worker` starts it.
            environment = {"PATH": "/usr/bin:/bin", "MALLOC_ARENA_MAX": "1", **self.clock.environment}
            environment["XDG_CONFIG_HOME"] = str(self.top / "config")
            output = subprocess.DEVNULL
            worker = subprocess.Popen(command, env=environment, cwd="/", stdout=output, stderr=output)
            app.wait_for(f"Library {len(self.paths) + len(self.large)}")
            app.wait_quiet()
            app.send("w")
            queue, background_tasks = JobQueue(store, now=self.clock.now), BackgroundTasks(store)
            self._wait(lambda: not background_tasks.pending(), "the first estimates", queue, app)
            for slot in range(self.slots):
                self._slot(slot, queue, background_tasks, app)
                if slot in {self.slots // 12, self.slots // 2, self.slots - 1}:
                    for name, pid in (("worker", worker.pid), ("app", app.process.pid)):
                        self.memory[name].append(resident_mib(pid))
                        self.open_files[name].append(len(list(Path(f"/proc/{pid}/fd").iterdir())))
            figures: dict[str, object] = {
                "virtual hours": round((self.clock.monotonic() - began_at) / 3600, 2),
                "real s": round(time.monotonic() - began),
                "worker cpu s": cpu_s(worker.pid),
                "app cpu s": cpu_s(app.process.pid),
            }
            self.clock.run_at(1)
            self._check(queue, store)
            app.send("q")
            app.wait_quiet()
            app.send("q")
            app.wait_end()
            stop_worker(self.state)
            if worker.wait(30):
                self.wrong.append(f"the worker ended with {worker.returncode}")
        return figures

    def _slot(self, slot: int, queue: JobQueue, background_tasks: BackgroundTasks, app: AppPty) -> None:
        ends_at = self.clock.monotonic() + SLOT_S
        share = len(self.paths) * slot // self.slots, len(self.paths) * (slot + 1) // self.slots
        paths = self.paths[slice(*share)]
        jumps = {self.slots // 2: -3600.0, self.slots * 3 // 4: 3600.0}
        self.clock.run_at(AT_WORK)
        if slot in jumps:
            large = self.large[list(jumps).index(slot)]
            (job_id,) = queue.add([request(large, level=12)])
            self._wait(lambda: queue.job(job_id).read_bytes > 0, "a job under way", queue, app)
            self.clock.jump(jumps[slot])
            self._wait(queue.is_idle, "the job after the clock was set", queue, app)
        queue.add(request(path, level=1) for path in paths)
        arrived = self.watched[slot]
        write_old(arrived, mixed(64 * KIB, seed=100_000 + slot))
        self.clock.run_at(LOOKING)
        self._wait(lambda: queue.of_path(arrived, 1), f"a job for {arrived.name}", queue, app)
        self.clock.run_at(AT_WORK)
        if slot % SCAN_EVERY == SCAN_EVERY - 1:
            app.send("\x1b", "r")
            app.wait_for("TITLE")
            app.send("w")
        self._wait(lambda: queue.is_idle() and not background_tasks.pending(), f"the jobs of slot {slot}", queue, app)
        app.read(0.2)
        self._look_at(app)
        self._pass(SETTLED_S, SETTLING, app)
        app.wait_quiet(0.3)
        before, since = app.received, self.clock.monotonic()
        self._pass(ends_at - self.clock.monotonic(), AT_REST, app)
        app.read(0.1)
        self.idle_s += self.clock.monotonic() - since
        if app.received != before:
            self.wrong.append(f"slot {slot}: {app.received - before} bytes at rest: {app.everything[-300:]!r}")
        self.idle_bytes += app.received - before

    def _pass(self, seconds: float, rate: float, app: AppPty) -> None:
        """Let time pass and be the terminal meanwhile."""
        until = self.clock.monotonic() + seconds
        self.clock.run_at(rate)
        while self.clock.monotonic() < until:
            app.read(0.02)
        self.clock.run_at(AT_WORK)

    def _wait(self, condition: Callable[[], object], what: str, queue: JobQueue, app: AppPty) -> None:
        def is_so() -> bool:
            app.read(0.01)
            self._judge(queue.jobs([JobState.RUNNING]))
            return bool(condition())

        try:
            wait_for(is_so, what)
        except TimeoutError as error:
            self.wrong.append(str(error))

    def _judge(self, jobs: list[Job]) -> None:
        for job in jobs:
            self.etas += job.eta_s is not None
            if job.eta_s is not None and not 0 <= job.eta_s <= MOST_ETA_S:
                self.wrong.append(f"{job.path.name}: time left {job.eta_s}")
            if (job.read_rate or 0) < 0 or (job.write_rate or 0) < 0:
                self.wrong.append(f"{job.path.name}: rates {job.read_rate}, {job.write_rate}")

    def _look_at(self, app: AppPty) -> None:
        for line in app.lines:
            if _NEGATIVE.search(line):
                self.wrong.append(f"on the screen: {line}")

    def _check(self, queue: JobQueue, store: Store) -> None:
        published = [str(each.payload.get("source")) for each in store.journal_entries() if each.kind == "published"]
        for path in (*self.paths, *self.large, *self.watched):
            jobs = queue.of_path(path, 5)
            states = [(job.state, job.attempts) for job in jobs]
            if states != [(JobState.DONE, 1)] or published.count(str(path)) != 1:
                self.wrong.append(f"{path.name}: {states}, published {published.count(str(path))} times")
            elif read_back(path.with_suffix(".zso")) != path.read_bytes():
                self.wrong.append(f"{path.name}: lost")


def request(path: Path, level: int) -> JobRequest:
    """Return a conversion."""
    source = Source.of(path, path, path.stat().st_dev)
    return JobRequest(ConvertTask(ConversionRequest(level=level, target="any"), source=source), path, force=True)


def cpu_s(pid: int) -> float:
    """Return the processor time of a process so far, real seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return round((int(fields[11]) + int(fields[12])) / 100, 1)


def main() -> int:
    """Live through a day, print, and return 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--titles", type=int, default=384, metavar="N")
    parser.add_argument("--slots", type=int, default=96, metavar="N", help="quarters of an hour (default: 96, a day)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="discpress-day-", dir="/dev/shm") as name:
        day = Day(Path(name), options.titles, options.slots)
        figures = day.run()
        sizes = {path.name: path.stat().st_size for path in day.state.iterdir() if path.is_file()}
    figures |= {
        "titles": len(day.paths) + len(day.large) + len(day.watched),
        "worker MiB at start, middle, end": [round(each, 1) for each in day.memory["worker"]],
        "app MiB at start, middle, end": [round(each, 1) for each in day.memory["app"]],
        "open files of the worker": day.open_files["worker"],
        "open files of the app": day.open_files["app"],
        "bytes at rest": day.idle_bytes,
        "hours at rest": round(day.idle_s / 3600, 2),
        "times left that were looked at": day.etas,
        "state folder, bytes": sum(sizes.values()),
        "of it logs": sum(size for file, size in sizes.items() if file.startswith("worker.log")),
    }
    for process, row in day.memory.items():
        if row[-1] > row[0] * MOST_GROWTH and row[-1] > row[0] + MOST_GROWTH_MIB:
            day.wrong.append(f"{process}: memory grew")
        if day.open_files[process][-1] > day.open_files[process][0] + MOST_MORE_FILES:
            day.wrong.append(f"{process}: more files are open")
    for what, value in figures.items():
        print(f"{what:<34} {value}")
    for problem in day.wrong[:40]:
        print(problem)
    print(f"wrong: {len(day.wrong)}")
    if options.json:
        options.json.write_text(json.dumps({**figures, "wrong": day.wrong}, indent=1) + "\n")
    return int(bool(day.wrong))


if __name__ == "__main__":
    sys.exit(main())

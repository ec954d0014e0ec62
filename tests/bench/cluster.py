"""The time of a queue on two machines with one core each, against the same worker alone, in alternating runs.

    python tests/bench/cluster.py [--titles 40] [--lz4-mib 96] [--lzma-mib 24] [--rounds 3] [--folder DIR] [--json FILE]

The owner's worker and the scheduler have the first core of this process, the machine that joins has the second one.
Both see one folder by different paths. The clock runs from the first job in the queue to the end of the last one. All
results must be those of one machine, byte for byte. Exit code 1 if they are not, or if two machines need more than 0.6
of the time of one, at LZ4 level 12 or lzma.

Beside the wall time stands the processor time of the core that did more. It is what the queue would need on two
machines without other work, and differs less if others use this one. Titles that are much
smaller show the cost of the process that packs each of them, and of the cluster itself, instead.
"""

import argparse
import hashlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from command_line import slow_to_pack
from measuring import MIB, PROGRAM, print_table, spread, write_json
from patience import wait_for

from discpress.engine.formats import ImageFormat, Method
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import Store

LONG_S = 3600.0
MOST = 0.6
WAYS = {
    "lz4 12": ConversionRequest(ImageFormat.ZSO, level=12, target="any"),
    "lzma": ConversionRequest(ImageFormat.CHD, 4096, 9, target="any", methods=(Method.LZMA,)),
}


@dataclass(frozen=True, slots=True)
class Time:
    """The time of one queue."""

    wall_s: float
    cores_s: tuple[float, ...]
    """Processor seconds on the core of the owner, and on that of the other machine."""
    elsewhere: int
    """Titles that the other machine packed."""

    @property
    def busy_s(self) -> float:
        """Processor seconds on the core that did more."""
        return max(self.cores_s)


class Core:
    """The processes of one core, and their processor time."""

    def __init__(self, number: int, folder: Path) -> None:
        self.number = number
        self.cpu_s = 0.0
        self._folder = folder

    def start(self, name: str, *words: str | Path) -> subprocess.Popen[bytes]:
        """Start a program on this core; its output goes into a file."""
        log = (self._folder / f"{name}.log").open("wb")
        with log:
            return subprocess.Popen(
                ["taskset", "-c", str(self.number), *map(str, words)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
            )

    def end(self, process: subprocess.Popen[bytes], number: int = 0) -> None:
        """Wait for the end of a process, after a signal if there is one, and add its time and that of its children."""
        if number:
            process.send_signal(number)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_s += usage.ru_utime + usage.ru_stime


class House:
    """One shared folder, an owner, and a machine that may join."""

    def __init__(self, folder: Path, cores: Sequence[int], titles: Path) -> None:
        self._folder = folder
        self._titles = titles
        self._cores = [Core(number, folder) for number in cores]
        self._address = f"127.0.0.1:{20_000 + os.getpid() % 10_000}"
        self._state, self._other_state = folder / "owner-state", folder / "pc-state"
        self._other_view = folder / "as the pc sees it"
        self._other_view.symlink_to(titles)
        for state, view in ((self._state, titles), (self._other_state, self._other_view)):
            state.mkdir(mode=0o700)
            self._run("share", "add", view, "--state", state)

    def _run(self, *words: str | Path) -> None:
        subprocess.run([PROGRAM, *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    def alone(self, request: ConversionRequest) -> Time:
        """Convert all titles by the owner alone."""
        return self._convert(request)

    def together(self, request: ConversionRequest) -> Time:
        """Convert all titles by both machines."""
        with self._cluster():
            return self._convert(request)

    @contextmanager
    def _cluster(self) -> Iterator[None]:
        owner, other = self._cores
        invitation = self._folder / "pc.invitation"
        invitation.unlink(missing_ok=True)
        start: list[str | Path] = ["cluster", "start", "--listen", self._address, "--state", self._state, "--json"]
        scheduler = owner.start("scheduler", PROGRAM, *start)
        self._await(scheduler, "scheduler", "cluster")
        self._run("cluster", "invite", invitation, "--state", self._state)
        join: list[str | Path] = [
            "cluster",
            "join",
            f"tls://{self._address}",
            "--name",
            "pc",
            "--state",
            self._other_state,
            "--json",
        ]
        machine = other.start("pc", PROGRAM, *join, "--invitation", invitation)
        self._await(machine, "pc", "joined")
        try:
            yield
        finally:
            other.end(machine, signal.SIGINT)
            owner.end(scheduler, signal.SIGINT)

    def _await(self, process: subprocess.Popen[bytes], name: str, event: str) -> None:
        """Wait until a program has reported an event."""
        log = self._folder / f"{name}.log"

        def is_there() -> bool:
            if process.poll() is not None:
                raise SystemExit(f"{name} ended: {log.read_text()}")
            lines = log.read_text().splitlines(keepends=True)
            return any(json.loads(line)["event"] == event for line in lines if line.endswith("\n"))

        wait_for(is_there, f"{event} of {name}", LONG_S)

    def _convert(self, request: ConversionRequest) -> Time:
        owner = self._cores[0]
        for core in self._cores:
            core.cpu_s = 0.0
        with Store(self._state) as store:
            queue = JobQueue(store)
            started = time.perf_counter()
            jobs = queue.add(
                JobRequest(ConvertTask(request), path, force=True) for path in sorted(self._titles.glob("*.iso"))
            )
            worker = owner.start(
                "worker", sys.executable, "-P", "-m", "discpress.engine.worker", "--state", self._state, "--idle", "0"
            )
            owner.end(worker)
            wall_s = time.perf_counter() - started
            done = [queue.job(number) for number in jobs]
        if {job.state for job in done} != {JobState.DONE}:
            raise SystemExit(f"jobs ended as { {str(job.state) for job in done} }; see {self._folder}")
        return Time(wall_s, (), sum(job.machine == "pc" for job in done))

    @property
    def cores_s(self) -> tuple[float, ...]:
        """The processor time of both cores since the queue began, as far as their processes have ended."""
        return tuple(core.cpu_s for core in self._cores)


def digests(titles: Path, request: ConversionRequest) -> dict[str, str]:
    """Remove the results, and return their digests."""
    found = {}
    for path in sorted(titles.glob(f"*.{request.format}")):
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        path.unlink()
    return found


def measure(folder: Path, cores: Sequence[int], name: str, titles: int, mib: int, rounds: int) -> dict[str, list[Time]]:
    """Measure one way to pack in alternating rounds."""
    images = folder / "games"
    images.mkdir(parents=True)
    for number in range(titles):
        (images / f"Game {number:02}.iso").write_bytes(slow_to_pack(mib * MIB, number))
    house, request = House(folder, cores, images), WAYS[name]
    found: dict[str, list[Time]] = {"alone": [], "together": []}
    for _ in range(rounds):
        results = []
        for who, convert in (("alone", house.alone), ("together", house.together)):
            done = convert(request)
            found[who].append(replace(done, cores_s=house.cores_s))
            results.append(digests(images, request))
            print(f"{name} {who}: {found[who][-1]}", flush=True)
        if results[0] != results[1] or len(results[0]) != titles:
            raise SystemExit(f"{name}: the results of two machines differ from those of one")
    return found


def main() -> int:
    """Measure, print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--titles", type=int, default=40)
    parser.add_argument("--lz4-mib", type=int, default=96, help="size of a title at LZ4 level 12 (default: 96)")
    parser.add_argument("--lzma-mib", type=int, default=24, help="size of a title at lzma (default: 24)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the titles go (default: a temporary folder)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        raise SystemExit("two cores are needed")
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="discpress-cluster-") as name:
        found = {
            way: measure(Path(name) / way, cores, way, options.titles, mib, options.rounds)
            for way, mib in (("lz4 12", options.lz4_mib), ("lzma", options.lzma_mib))
        }
    rows, worst = [], 0.0
    for way, times in found.items():
        pairs = list(zip(times["alone"], times["together"], strict=True))
        walls = [two.wall_s / one.wall_s for one, two in pairs]
        busy = [two.busy_s / one.busy_s for one, two in pairs]
        worst = max(worst, statistics.median(walls))
        shown = [spread([each.wall_s for each in times[who]]) for who in ("alone", "together")]
        rows.append([way, *shown, spread(walls), spread(busy), times["together"][-1].elsewhere])
    print_table(("way", "one, s", "two, s", "ratio", "ratio of the busier core", "titles elsewhere"), rows)
    facts = {way: {who: list(map(asdict, every)) for who, every in times.items()} for way, times in found.items()}
    write_json(options.json, facts)
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())

"""A cluster of real processes on a loopback address of its own: scheduler, machines, and the worker of the queue.

Owner and machines see one folder under different paths. Every wait has a deadline, and names what it waited for and
what the processes said.
"""

import contextlib
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from command_line import BIN, CommandLine, size_of
from gates import Gate

from discpress.engine.cluster.entry.invitation import write_invitation
from discpress.engine.cluster.files import ClusterFiles
from discpress.engine.cluster.owner import SEES
from discpress.engine.queue.jobs import Job, JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.queue.worker_process import LOG_NAME
from discpress.engine.request import ConversionRequest
from discpress.engine.shares.shares import Shares
from discpress.engine.store.store import Store

PATIENCE_S = 120.0
"""Longest wait for one step: a machine under load needs seconds, a hang must end the test soon."""
_POLL_S = 0.02
"""Interval of polls: several processes are waited for, each of which takes a while."""
_PAUSE = threading.Event()  # never set
PACKED = ConversionRequest(level=12, target="any")


class Process:
    """A real process, and what it said."""

    def __init__(self, words: list[str], log: Path, environment: dict[str, str]) -> None:
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, cwd="/"
            )

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the JSON events of a name that it has reported so far."""
        lines = [line for line in self.said.splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal, and wait for the end."""
        if not self.is_over:
            self._process.send_signal(number)
        self._process.wait(PATIENCE_S)


class ClusterHouse:
    """One cluster; use it as a context, so that no process stays."""

    def __init__(self, folder: Path, *, has_tls: bool = True, patience_s: float = PATIENCE_S) -> None:
        self.patience_s = patience_s
        self.folder = folder
        self.real = folder / "real"
        self.real.mkdir(parents=True)
        self.cli = CommandLine(folder, folder / "home")
        self.gate = self.cli.gate = Gate(self.cli.home)
        self.has_tls = has_tls
        # A loopback address that no other test uses: ports need not be tried.
        host = f"127.{random.SystemRandom().randrange(1, 255)}.{os.getpid() % 250 + 1}.{secrets.randbelow(250) + 1}"
        self.listen = f"{host}:8786"
        self.address = f"{'tls' if has_tls else 'tcp'}://{self.listen}"
        self.processes: list[Process] = []
        self.worker: Process | None = None
        self._log_start = 0
        self.scheduler: Process | None = None
        self.machine: Process | None = None
        self.owner_state = self.new_state("owner")
        self.store = Store(self.owner_state)
        self.queue = JobQueue(self.store)
        self.seen = self.view("owner")

    def new_state(self, name: str) -> Path:
        """Make a state folder for a machine, in which the share is known under a path of its own."""
        state = self.folder / f"{name}-state"
        state.mkdir(mode=0o700)
        view = self.folder / f"seen by {name}"
        view.symlink_to(self.real)
        with Store(state) as store:
            Shares(store.file).add(view)
        return state

    def view(self, name: str) -> Path:
        """Return the folder as a machine sees it."""
        return self.folder / f"seen by {name}"

    def start(self, *words: str, name: str) -> Process:
        """Start a command that stays."""
        command = [str(BIN / "discpress"), *words, "--json"]
        return self._started(command, name)

    def _started(self, command: list[str], name: str) -> Process:
        log = self.folder / f"{name}-{len(self.processes)}.log"
        process = Process(command, log, dict(self.cli.environment))
        self.processes.append(process)
        return process

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until a condition holds; what all processes said is part of the failure."""
        deadline = time.monotonic() + self.patience_s
        while not condition():
            if time.monotonic() > deadline:
                said = "\n".join(f"--- {each.log.name}\n{each.said}" for each in self.processes)
                jobs = "\n".join(f"{job.id} {job.state}: {self.queue.log(job.id)}" for job in self.queue.jobs())
                raise AssertionError(f"waited {self.patience_s} s for {what}\n{said}\n{jobs}")
            _PAUSE.wait(_POLL_S)

    def start_scheduler(self) -> Process:
        """Start the cluster, and wait until it listens."""
        words = ["cluster", "start", "--listen", self.listen, "--prove-only", "--state", str(self.owner_state)]
        process = self.start(*words, *([] if self.has_tls else ["--no-tls"]), name="scheduler")
        self.wait(lambda: bool(process.events("cluster")), "a scheduler that listens")
        self.scheduler = process
        return process

    def start_machine(self, name: str) -> Process:
        """Let a machine join, and wait until it was admitted: its own process says so, no list of machines."""
        state = self.folder / f"{name}-state"
        is_new = not state.exists()
        if is_new:
            self.new_state(name)
        words = ["cluster", "join", self.address, "--name", name, "--threads", "1", "--state", str(state)]
        if self.has_tls and is_new:
            invitation = self.folder / f"{name}.invitation"
            write_invitation(ClusterFiles.of_own(self.owner_state), invitation, self.address, name)
            words += ["--invitation", str(invitation)]
        process = self.start(*words, name=name)
        self.wait(lambda: bool(process.events("joined")), f"{name} to be admitted")
        self.machine = process
        return process

    def start_worker(self) -> Process:
        """Start the worker of the queue, unless one lives; it does not end by itself."""
        if self.worker is None or self.worker.is_over:
            self._log_start = max(0, size_of(self._worker_log))
            words = [sys.executable, "-P", "-m", "discpress.engine.worker", "--idle", "3600"]
            self.worker = self._started([*words, "--state", str(self.owner_state)], "worker")
        return self.worker

    @property
    def _worker_log(self) -> Path:
        return self.owner_state / LOG_NAME

    def wait_until_seen(self) -> None:
        """Wait until the worker has found the machine where it joined last: before, it would pack by itself."""
        assert self.machine is not None
        address = self.machine.events("joined")[-1]["address"]

        def is_seen() -> bool:
            if not self._worker_log.exists():
                return False
            lines = self._worker_log.read_bytes()[self._log_start :].decode().splitlines()
            return address in next((line for line in reversed(lines) if SEES in line), "")

        self.wait(is_seen, f"the worker to see {address}")

    def add(self, *paths: Path, request: ConversionRequest = PACKED) -> list[int]:
        """Queue conversions."""
        return self.queue.add(JobRequest(ConvertTask(request), path, force=True) for path in paths)

    def job(self, job_id: int) -> Job:
        """Return a job as it is now."""
        return self.queue.job(job_id)

    def wait_for_job(self, job_id: int, *states: JobState) -> Job:
        """Wait until a job has one of these states, or is over."""
        self.wait(lambda: self.job(job_id).is_over or self.job(job_id).state in states, f"job {job_id}")
        return self.job(job_id)

    def log(self, job_id: int) -> str:
        """Return the log of a job."""
        return "\n".join(self.queue.log(job_id))

    def leftovers(self) -> list[str]:
        """Return the names of parts and claims in the shared folder."""
        return sorted(path.name for path in self.real.rglob("*.discpress-part*"))

    def close(self) -> None:
        """Kill what still runs."""
        self.gate.open()
        for process in self.processes:
            process.kill()
        self.store.close()

    def __enter__(self) -> "ClusterHouse":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def running_cluster(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[ClusterHouse]:
    """Yield a cluster with one machine, `pc`, that was admitted."""
    with ClusterHouse(folder, patience_s=patience_s) as house:
        house.start_scheduler()
        house.start_machine("pc")
        yield house

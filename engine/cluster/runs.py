"""The titles that a machine packs for others: a process for each, which outlives a lost connection for a while."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import discpress.engine
from discpress.engine.cluster.payload import Payload, error_json, measured_json
from discpress.engine.errors import ClusterError, DiscpressError, SuspendedError
from discpress.engine.names import display_name
from discpress.engine.queue.worker_process import single_file
from discpress.engine.shares.paths import SharePath
from discpress.engine.store.model import JsonValue
from discpress.engine.store.rows.plain_json import load_object

_ENDS_S = 30.0
_POLL_S = 0.5
_COMMAND = (sys.executable, "-P", "-m", "discpress.engine.cluster.child")


def _environment() -> dict[str, str] | None:
    """Return the environment of a run; in that of a program in a single file, it finds the unpacked packages."""
    if single_file() is None:
        return None
    return {**os.environ, "PYTHONPATH": str(Path(discpress.engine.__file__).parents[2])}


class Run:
    """One process that packs a title."""

    def __init__(self, order: dict[str, JsonValue]) -> None:
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for this process, which stops it in order
        )
        self.progress: JsonValue = None
        self.checkpoint: JsonValue = None
        self.outcome: dict[str, JsonValue] = {}
        self.has_ended = threading.Event()
        self.send(json.dumps(order))
        self._reader = threading.Thread(target=self._read, daemon=True, name="cluster-run")
        self._reader.start()

    def send(self, line: str) -> None:
        """Send a line to the process, if it lives."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self._process.stdin.write(f"{line}\n")
                self._process.stdin.flush()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with contextlib.suppress(ValueError):
                for name, value in load_object(line).items():
                    self._take(name, value)
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        code = self._process.wait()
        if not self.outcome:
            self.outcome = {"error": error_json(ClusterError(f"the process that packed ended with {code}"))}
        self.has_ended.set()

    def _take(self, name: str, value: JsonValue) -> None:
        if name == "progress":
            self.progress = value
        elif name == "checkpoint":
            self.checkpoint = value
        else:
            self.outcome = {name: value}


class Runs:
    """The runs of a machine, by the names of their tasks."""

    def __init__(self, to_local: Callable[[SharePath], Path], threads: int) -> None:
        """`to_local` returns the path of a share's file here, or raises ShareError."""
        self._to_local = to_local
        self._threads = threads
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()
        self.is_leaving = False
        """Whether no task may wait for its run any longer: the connection is lost."""

    def work(self, facts: JsonValue) -> dict[str, JsonValue]:
        """Pack a title, or wait for the run that does so already; return `result` or `error`."""
        try:
            payload = Payload.from_plain(facts)
            run = self._begin(payload)
        except DiscpressError as error:
            return {"error": error_json(error)}
        while not run.has_ended.wait(_POLL_S):
            if self.is_leaving:
                return {"error": error_json(SuspendedError("the machine leaves the cluster"))}
        with self._lock:
            if self._runs.get(payload.task) is run:
                del self._runs[payload.task]
        return run.outcome

    def measure(self, facts: JsonValue) -> dict[str, JsonValue]:
        """Measure this machine with a title before it is packed; return `result` or `error`."""
        from discpress.engine.cluster.packing import measured  # noqa: PLC0415 - for machines that get work only

        try:
            payload = Payload.from_plain(facts)
            source, output = self._to_local(payload.source), self._to_local(payload.output)
            return {"result": measured_json(measured(payload, source, output, "", self._threads))}
        except DiscpressError as error:
            return {"error": error_json(error)}

    def _begin(self, payload: Payload) -> Run:
        with self._lock:
            run = self._runs.get(payload.task)
            if run is not None and not run.has_ended.is_set():
                return run
            source, output = self._to_local(payload.source), self._to_local(payload.output)
            if not output.parent.is_dir():
                raise ClusterError(f"{display_name(output.parent)}: this machine does not see the folder")
            order: dict[str, JsonValue] = {
                "payload": payload.to_plain(),
                "source": str(source),
                "output": str(output),
                "threads": self._threads,
            }
            run = self._runs[payload.task] = Run(order)
            return run

    def exchange(self, task: str, wish: str) -> dict[str, JsonValue]:
        """Pass on what the owner wants; return progress and last checkpoint of a task, if it runs here."""
        run = self._runs.get(task)
        if run is None or run.has_ended.is_set():
            return {"is_known": False}
        run.send(wish)
        return {"is_known": True, "progress": run.progress, "checkpoint": run.checkpoint}

    @property
    def titles(self) -> int:
        """Number of titles that are packed now."""
        return sum(not run.has_ended.is_set() for run in list(self._runs.values()))

    def stop(self) -> None:
        """Let all runs stop and keep their parts, and wait for their ends."""
        self.is_leaving = True
        runs = list(self._runs.values())
        for run in runs:
            run.send("suspend")
        for run in runs:
            run.has_ended.wait(_ENDS_S)

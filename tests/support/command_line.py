"""The programs in a home of their own: run within the test, or as processes that are watched and stopped by signals."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates import PACKING, Gate
from in_process import run_in_process
from patience import HANG_S, POLL_S, wait_for
from sample_images import as_disc

BIN = Path(sys.executable).parent
MIB = 1024 * 1024

CONVERTED_KEYS = [
    "schema", "event", "input", "files", "output", "output_files", "format", "block_size", "level", "index_shift",
    "original_bytes", "packed_bytes", "ratio", "crc32", "xxh3", "verified", "read_back", "elapsed_s",
]  # fmt: skip
"""Keys of the last JSON line of a conversion, in the order of the specification."""


class Processes:
    """What commands may be; tests/conftest.py sets this for each test, benchmarks have it all."""

    are_allowed = True
    """Whether real programs and workers may be started: in tests that are marked `e2e`."""
    are_wanted = True
    """Whether `CommandLine.run` starts one though nothing asks for that."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended."""

    exit_code: int
    """As a shell reports it; negative where a signal killed it."""
    stdout: bytes
    """All it said on stdout."""
    stderr: bytes
    """All it said on stderr."""

    @property
    def text(self) -> str:
        """Both streams, for messages and searches."""
        return (self.stdout + self.stderr).decode(errors="surrogateescape")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines on stdout; every line must be one."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        """The last JSON line."""
        return self.events[-1]


class CommandLine:
    """Where the programs are started: a working folder and a home that is nobody else's."""

    def __init__(self, folder: Path, home: Path | None = None) -> None:
        self.folder = folder
        self.home = home or folder.parent / f"{folder.name}-home"
        folder.mkdir(parents=True, exist_ok=True)
        self.home.mkdir(parents=True, exist_ok=True)
        self.gate: Gate | None = None
        """Where work of processes holds that are started once it is there."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Nothing of the tester's own settings; every Python warning is an error."""
        return {
            **({} if self.gate is None else self.gate.environment),
            "PATH": os.environ["PATH"],
            # Under a file size limit Python would leave half a .pyc for all who come after.
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_CONFIG_HOME": str(self.home / "config"),
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "error",
        }

    def run(self, *arguments: str | Path | bytes, program: str = "discpress", **options: Any) -> Finished:
        """Run a program to its end, within a test in the test's own process; `options` are those of `start`.

        All of them but `env` ask for a real process.
        """
        if Processes.are_wanted or options.keys() - {"env"}:
            return self.start(*arguments, program=program, **options).finish()
        environment = options.get("env", self.environment)
        script = BIN / program
        said = run_in_process(script, arguments, self.folder, environment, may_start_worker=Processes.are_allowed)
        return Finished(*said)

    def start(self, *arguments: str | Path | bytes, program: str = "discpress", **options: Any) -> "Running":
        """Start a real program and return at once; `options` go to Popen."""
        assert Processes.are_allowed, "a test that starts a process is marked `e2e`"
        prepare: Callable[[], object] = options.pop("preexec_fn", lambda: None)

        def prepare_child() -> None:
            # Tests that run in the background of a shell inherit an ignored SIGINT, and so would the program.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            prepare()

        defaults: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": self.folder,
            "env": self.environment,
            "preexec_fn": prepare_child,
        }
        return Running(subprocess.Popen([BIN / program, *arguments], **(defaults | options)))

    def start_frozen(
        self,
        *arguments: str | Path,
        when: Callable[[], bool],
        what: str,
        before: tuple[str, int] = (PACKING, 11),
        **options: Any,
    ) -> "Running":
        """Start a program and stop it (SIGSTOP) as soon as a condition holds, or a little later.

        It gets no further than `before`, chunks of a stage, however late that is; once it is thawed nothing holds it.
        """
        gate = self.close_gate(*before)
        running = self.start(*arguments, **options)
        assert running.freeze_when(when, what)
        gate.open()
        return running

    def close_gate(self, stage: str, place: int) -> Gate:
        """Let no process that is started from now on get any further than so many chunks of a stage."""
        if self.gate is None:
            self.gate = Gate(self.home)
        self.gate.close(stage, place)
        return self.gate

    def names(self) -> list[str]:
        """Every file and folder below the working folder, sorted."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))


class Running:
    """A started process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def finish(self, timeout_s: float = HANG_S) -> Finished:
        """Wait for its end and return what it said; a process that does not end is killed and reported."""
        try:
            stdout, stderr = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return Finished(self.process.returncode, stdout, stderr)

    def is_over(self) -> bool:
        """Return whether it has ended."""
        return self.process.poll() is not None

    def freeze_when(self, condition: Callable[[], bool], what: str) -> bool:
        """Stop the process (SIGSTOP) as soon as the condition holds; False when it ended before."""
        wait_for(lambda: condition() or self.is_over(), what, longest_poll_s=POLL_S)  # no moment is missed
        if self.is_over():
            return False
        self.process.send_signal(signal.SIGSTOP)
        wait_for(self._is_stopped, "a stopped process")
        return not self.is_over()

    def thaw(self, *signals: int) -> None:
        """Let a stopped process go on, with these signals waiting for it."""
        for number in signals:
            self.process.send_signal(number)
        self.process.send_signal(signal.SIGCONT)

    def _is_stopped(self) -> bool:
        """Return whether all its threads stand still: they stop one after the other."""
        try:
            stats = [path.read_text() for path in Path(f"/proc/{self.process.pid}/task").glob("*/stat")]
        except (FileNotFoundError, ProcessLookupError):  # a thread has ended meanwhile
            return False
        return all(stat.rpartition(") ")[2][0] in "TZX" for stat in stats)


def is_gone(pid: int) -> bool:
    """Return whether a process is no more, or only waits for its parent to notice.

    Its main thread may be through while others still hold what it had open, and the locks on that.
    """
    try:
        is_through = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] in "ZX"
        return is_through and len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill_wholly(pid: int) -> None:
    """Kill a process (SIGKILL) and wait until it is gone, with the locks that it held."""
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: is_gone(pid), "the end of a killed process")


def size_of(path: Path) -> int:
    """Return a file's size; -1 when it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def raise_on_control_bytes(said: bytes) -> None:
    """AssertionError when output holds anything but text and line ends: ESC, bell, bidi, undecodable bytes."""
    text = said.decode("utf-8")
    bad = {character for character in text if not character.isprintable() and character != "\n"}
    assert not bad, f"{sorted(map(ascii, bad))} in {text!r}"


def slow_to_pack(size: int, seed: int = 0) -> bytes:
    """Return a disc that LZ4 HC 12 packs at about 20 MB/s a core: long enough to be interrupted anywhere."""
    four_letters = bytes(b"disc"[value & 3] for value in range(256))
    return as_disc(random.Random(seed).randbytes(size).translate(four_letters))


def write_old(path: Path, data: bytes, age_s: float = 3600) -> Path:
    """Write a file that was last changed an hour ago, so that it may be moved at once; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    stamp = time.time_ns() - int(age_s * 1e9)
    os.utime(path, ns=(stamp, stamp))
    return path

"""Start of the worker: a separate process that outlives the terminal, started by the words that start discpress."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from discpress.engine import VERSION
from discpress.engine.errors import StoreError, StoreFullError, from_os_error, named_in
from discpress.engine.names import display_name
from discpress.engine.queue.snapshot import WorkerStatus
from discpress.engine.store.worker_lock import forget_stop, is_worker_alive, stop_worker, wait_for
from discpress.engine.system.files import absolute
from discpress.engine.system.processors import processor_time_s

SCRIPTS = frozenset({"discpress", "discpress.exe"})
LOG_NAME = "worker.log"
START_SILENT_S = 5.0
"""A new worker that has used no processor time for so long hangs, for example on the disk of the state folder."""
START_TIMEOUT_S = 60.0
"""Longest wait for a worker: a busy machine gives it little processor time. An early end is noticed at once."""
_Said: TypeAlias = Callable[[], WorkerStatus | None]
ENDS = "worker ends: "
"""Precedes the reason in the worker's log."""
_ASK_TIMEOUT_S = 2.0
_SILENT = -(2**31)
"""An exit code that no process has."""
# glibc gives each new thread its own arena, and each job has new threads: 45 MiB after 5,000 jobs instead of 34.
_ARENAS = "1"
# Creation flag of a new session on Windows; 0 elsewhere.
_DETACHED = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_LINGER = "this system ends programs at logout; run `loginctl enable-linger` to keep the queue running"


def ensure_worker(state_folder: Path, said: _Said | None = None) -> str:
    """Start a worker unless one lives, and return after one does, with a warning for the user, usually empty.

    `said` reads the worker's last status: with it, this waits for a new worker's first status, because a full disk ends
    it there. A worker of another release of discpress is stopped first. Raises StoreError if the worker ends or does
    not start, StoreFullError without free space.
    """
    if is_worker_alive(state_folder):
        running = _last_word(said)
        if running is None or running.version == VERSION:
            return ""
        # Its modules on the disk are no longer those that it loaded. Its jobs stay queued for the new worker.
        if not stop_worker(state_folder):
            return (
                f"a worker of {_release(running)} is still running; it was asked to stop, and a new one will then start"
            )
    forget_stop(state_folder)
    prefix, notice = _survive_logout()
    log_path = state_folder / LOG_NAME
    try:
        log_bytes = log_path.stat().st_size if log_path.exists() else 0
        exit_code = _spawn(prefix, state_folder, log_path, said)
        if exit_code and prefix:
            # systemd-run needs a user bus, which a bare SSH session may lack.
            exit_code, notice = _spawn([], state_folder, log_path, said), _LINGER
    except OSError as error:
        raise from_os_error(error, named_in(error, log_path), "start the worker") from error
    if exit_code:
        raise _failure(exit_code, log_path, log_bytes)
    return notice


def _release(status: WorkerStatus) -> str:
    return f"discpress {display_name(status.version)}" if status.version else "an older discpress"


def _spawn(prefix: list[str], state_folder: Path, log_path: Path, said: _Said | None) -> int:
    """Start a worker that outlives this process; return 0 if this or another worker lives, otherwise the exit code."""
    before = _last_word(said)
    command = [*prefix, *worker_words(state_folder)]
    with os.fdopen(os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={"MALLOC_ARENA_MAX": _ARENAS} | os.environ,
            start_new_session=True,
            creationflags=_DETACHED,
            close_fds=True,
        )

    def has_begun() -> bool:
        # Not by its process number: in a container a new worker may have the number of the last one.
        has_spoken = said is None or _last_word(said) not in {before, None}
        return has_spoken and is_worker_alive(state_folder)

    coming_up = ComingUp(lambda: processor_time_s(process.pid))
    wait_for(lambda: process.poll() is not None or has_begun() or coming_up.has_stalled(), START_TIMEOUT_S)
    # A worker that ends at once with 0 found another one that was faster.
    exit_code = process.returncode
    process.returncode = 0  # it outlives this process: nobody will wait for it, and that is not a leak
    if exit_code is None:
        return 0 if is_worker_alive(state_folder) else _SILENT
    return exit_code


def worker_words(state_folder: Path) -> list[str]:
    """Return the command that runs the worker of a state folder.

    An installed worker is started by its module, with `-P`, so that no file of the current folder is taken for one.
    A file that contains all of discpress can only be started as a whole.
    """
    state = ["--state", str(state_folder)]
    if (single := single_file()) is not None:
        return [*single, "queue", "run", "--quiet", *state]
    return [sys.executable, "-P", "-m", "discpress.engine.worker", *state]


def program_words() -> list[str]:
    """Return the command that starts discpress; it stays valid when modules move."""
    if (single := single_file()) is not None:
        return single
    script = Path(sys.argv[0])
    if script.name in SCRIPTS and script.is_file():
        return [str(absolute(script))]
    found = shutil.which("discpress")
    return [found] if found else [sys.executable, "-P", "-m", "discpress.tui"]


def single_file() -> list[str] | None:
    """Return the command of a program made by PyInstaller (`sys.frozen`) or of a zip file; None if it is installed."""
    if getattr(sys, "frozen", False):
        return [sys.executable]
    import zipfile  # noqa: PLC0415 - 10 ms, for what starts a worker or prints a unit only

    script = Path(sys.argv[0])
    # The scripts that pip writes on Windows are programs with a small zip file at their end.
    if script.suffix.lower() != ".exe" and script.is_file() and zipfile.is_zipfile(script):
        return [sys.executable, str(absolute(script))]
    return None


class ComingUp:
    """Watches a starting process: the caller waits for it while it does something."""

    def __init__(self, used_s: Callable[[], float | None], clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to watch; `used_s` returns the processor time that it has used, None if unknown."""
        self._used_s = used_s
        self._clock = clock
        self._seen = used_s()
        self._at = clock()

    def has_stalled(self) -> bool:
        """Return whether it has used no time for START_SILENT_S; never if its time is unknown."""
        used_s = self._used_s()
        if used_s is None or used_s != self._seen:
            self._seen, self._at = used_s, self._clock()
        return self._clock() - self._at >= START_SILENT_S


def _last_word(said: _Said | None) -> WorkerStatus | None:
    try:
        return None if said is None else said()
    except StoreError:  # busy: it is being written
        return None


def _failure(exit_code: int, log_path: Path, log_bytes: int) -> StoreError:
    """Return the reason no worker lives, from its exit code and the new part of its log."""
    if exit_code == StoreFullError.exit_code:
        return StoreFullError(
            f"the worker ended at once: {display_name(log_path.parent)}: its disk is full",
            hint="free some space there; requests are kept",
        )
    hint = f"see its log: {display_name(log_path)}"
    if exit_code == _SILENT:
        return StoreError("the worker did not start to work", hint=hint)
    why = f"it was killed by signal {-exit_code}" if exit_code < 0 else _last_line(log_path, log_bytes)
    return StoreError(f"the worker ended at once: {why or f'exit code {exit_code}'}", hint=hint)


def _last_line(path: Path, start: int) -> str:
    """Return the last line of a log after its first bytes, without the prefix of the worker's own lines."""
    try:
        with path.open("rb") as log:
            log.seek(start)
            lines = log.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    line = next((line for line in reversed(lines) if line.strip()), "")
    return display_name(line.rpartition(ENDS)[2].strip())


def _survive_logout() -> tuple[list[str], str]:
    """Return a prefix for the command if logind kills the processes of a session at logout, and a warning."""
    if not sys.platform.startswith("linux") or "XDG_SESSION_ID" not in os.environ or not _kills_user_processes():
        return [], ""
    if shutil.which("systemd-run") and "XDG_RUNTIME_DIR" in os.environ:
        return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--"], ""
    return [], _LINGER


def _kills_user_processes() -> bool:
    busctl = shutil.which("busctl")
    if busctl is None:
        return False
    manager = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")
    try:
        answer = subprocess.run(
            [busctl, "get-property", *manager, "KillUserProcesses"],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_ASK_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == b"b true"

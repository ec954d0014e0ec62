"""Starting the worker: a process of its own, that outlives the terminal."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.errors import StoreError
from engine.library.worker_lock import (
    forget_stop,
    is_stop_wanted,
    is_worker_alive,
    stop_worker,
    wait_for,
    worker_lock,
)
from engine.names import display_name

__all__ = [
    "LOG_NAME",
    "ensure_worker",
    "forget_stop",
    "is_stop_wanted",
    "is_worker_alive",
    "stop_worker",
    "worker_lock",
]

LOG_NAME = "worker.log"
START_TIMEOUT_S = 5.0
_ASK_TIMEOUT_S = 2.0
# glibc gives each new thread an arena of its own, and each job has new threads: 45 MiB after 5,000 jobs in place of 34.
_ARENAS = "1"
# What a new session is on Windows; 0 elsewhere.
_DETACHED = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
_LINGER = "this system ends programs at logout: `loginctl enable-linger` keeps the queue running"


def ensure_worker(state_folder: Path) -> str:
    """Start a worker unless one lives, and return once one does; what the user should know, mostly nothing.

    StoreError when it does not come up within five seconds.
    """
    if is_worker_alive(state_folder):
        return ""
    forget_stop(state_folder)
    prefix, notice = _survive_logout()
    log_path = state_folder / LOG_NAME
    if _spawn(prefix, state_folder, log_path):
        return notice
    # systemd-run needs a user bus, which a bare SSH session may lack.
    if prefix and _spawn([], state_folder, log_path):
        return _LINGER
    raise StoreError(
        f"the worker did not come up within {START_TIMEOUT_S:.0f} s", hint=f"its log is {display_name(log_path)}"
    )


def _spawn(prefix: list[str], state_folder: Path, log_path: Path) -> bool:
    """Start a worker that outlives this process; return whether one, this or another, lives."""
    command = [*prefix, sys.executable, "-P", "-m", "engine.work", "--state", str(state_folder)]
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

    def is_up() -> bool:
        # A worker that ends at once with 0 found another one that was faster.
        return is_worker_alive(state_folder) or process.poll() is not None

    is_alive = wait_for(is_up, START_TIMEOUT_S) and not process.returncode
    process.returncode = 0  # it goes on after us: nobody will wait for it, and that is no leak
    return is_alive


def _survive_logout() -> tuple[list[str], str]:
    """Return what to put before the command where logind kills what a session leaves behind, and a warning."""
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

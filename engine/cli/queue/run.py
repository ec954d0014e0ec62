"""`discpress queue run`: the worker in the foreground, for systemd and containers."""

import argparse
import os
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.progress import Control
from discpress.engine.store.statefile import prepare_folder
from discpress.engine.store.store import state_folder
from discpress.engine.store.worker_lock import is_worker_alive


def run_foreground(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue run`; return the exit code."""
    # The worker imports asyncio and all kinds of jobs, which the other queue commands do not need.
    from discpress.engine.worker.__main__ import run_worker  # noqa: PLC0415
    from discpress.engine.worker.scheduler import IDLE_S  # noqa: PLC0415

    folder = state_folder(None if arguments.state is None else Path(arguments.state), os.environ)
    prepare_folder(folder)
    if is_worker_alive(folder):
        printer.event("run", {"started": False}, "A worker is already running, so nothing was started.")
        return 0
    printer.event("run", {"started": True}, "The worker is running. Press Ctrl-C to stop it; its jobs stay queued.")
    idle_s = IDLE_S if arguments.idle is None else arguments.idle
    return run_worker(folder, idle_s, lambda: control.is_stopped)

"""`discpress queue run`: the worker in the foreground, for systemd and containers."""

import argparse
import contextlib
import math
import os
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import read_config
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.store.statefile import prepare_folder
from discpress.engine.store.store import state_folder
from discpress.engine.store.worker_lock import is_worker_alive

_POLL_S = 1.0
"""Seconds between two questions whether the present worker has ended, while this process watches folders."""


def run_foreground(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue run`; return the exit code."""
    # The worker imports asyncio and all kinds of jobs, which the other queue commands do not need.
    from discpress.engine.worker.process import run_worker  # noqa: PLC0415
    from discpress.engine.worker.scheduler import IDLE_S  # noqa: PLC0415

    folder = state_folder(None if arguments.state is None else Path(arguments.state), os.environ)
    prepare_folder(folder)
    rules = read_config().watch
    with contextlib.ExitStack() as stack:
        if rules:
            from discpress.engine.watch.aside import watching_aside  # noqa: PLC0415

            stack.enter_context(watching_aside(folder, read_config))
            watched = ", ".join(display_name(rule.folder) for rule in rules)
            printer.event("watching", {"folders": [str(rule.folder) for rule in rules]}, f"Watched: {watched}")
        while is_worker_alive(folder):
            if not rules:
                printer.event("run", {"started": False}, "A worker is already running, so nothing was started.")
                return 0
            control.wait(_POLL_S)  # it ends without work; then this process is the worker of the watched folders
        printer.event("run", {"started": True}, "The worker is running. Press Ctrl-C to stop it; its jobs stay queued.")
        default_s = math.inf if rules else IDLE_S
        return run_worker(folder, default_s if arguments.idle is None else arguments.idle, lambda: control.is_stopped)

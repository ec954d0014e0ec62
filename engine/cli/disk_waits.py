"""Waiting for disks that do not respond: a command warns, and can be stopped while it waits."""

import time
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.progress import Control
from discpress.engine.system.asking import ask_aside, touch, wait_for_answer

PATIENCE_S = 5.0


def paths_of(arguments: Namespace) -> list[Path]:
    """Return the paths that a command line reads or writes; they need not exist."""
    named = [*getattr(arguments, "inputs", ()), *getattr(arguments, "files", ())]
    named += getattr(arguments, "folder", None) or ()
    if getattr(arguments, "command", "") == "trash":  # scan tolerates a silent folder, and list reads none
        named += arguments.folders
    if getattr(arguments, "command", "") == "share" and arguments.action in {"add", "test"}:
        named.append(arguments.share)
    named += [
        getattr(arguments, name, None) for name in ("output", "output_dir", "against", "checksum_file", "dir", "device")
    ]
    return [Path(each) for each in named if each and "\0" not in each]


def wait_for_disks(paths: Iterable[Path], printer: Printer, control: Control) -> None:
    """Return when the disks of all paths have responded, if only with an error.

    A thread asks the disks: one that hangs would make the command itself deaf to Ctrl-C. Raises CancelledError if
    stopped before.
    """
    asked = Path()

    def ask() -> None:
        nonlocal asked
        for asked in paths:
            touch(asked)

    began, is_told = time.monotonic(), False

    def look() -> None:
        nonlocal is_told
        control.check()
        if not is_told and time.monotonic() - began >= PATIENCE_S:
            printer.notice("its disk does not answer; waiting for it. Press Ctrl-C to stop", asked)
            is_told = True

    wait_for_answer(ask_aside(ask), look)

"""Disks that do not answer: a command says what it waits for, and can be stopped while it waits."""

import time
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.progress import Control
from discpress.engine.system.asking import ask_aside, touch, wait_for_answer

PATIENCE_S = 5.0


def paths_of(arguments: Namespace) -> list[Path]:
    """Return what a command line names that is read or written, whether or not it is there."""
    named = [*getattr(arguments, "inputs", ()), *getattr(arguments, "files", ())]
    named += getattr(arguments, "folder", None) or ()
    if getattr(arguments, "command", "") == "trash":  # a scan goes on beside a folder that is silent, a list reads none
        named += arguments.folders
    named += [getattr(arguments, name, None) for name in ("output", "output_dir", "against", "checksum_file", "dir")]
    return [Path(each) for each in named if each and "\0" not in each]


def wait_for_disks(paths: Iterable[Path], printer: Printer, control: Control) -> None:
    """Return when the disks of all paths have answered, if only by an error; CancelledError when stopped before.

    Looked at by the command itself, one that hangs would leave it deaf to Ctrl-C.
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
            printer.notice("its disk does not answer: this waits until it does; Ctrl-C ends it", asked)
            is_told = True

    wait_for_answer(ask_aside(ask), look)

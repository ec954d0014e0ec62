"""Questions on the terminal."""

import argparse
import contextlib
import os
import sys

from discpress.engine.errors import CancelledError, UsageError
from discpress.engine.progress import Control
from discpress.engine.system.asking import ask_aside, wait_for_answer

_LINE_BYTES = 4096  # terminals give no longer line


def is_confirmed(question: str, refusal: str, arguments: argparse.Namespace, control: Control) -> bool:
    """Ask for a yes; UsageError with the refusal if nobody can answer."""
    if sys.stdin is None or not sys.stdin.isatty() or arguments.json:
        raise UsageError(refusal)
    return ask(f"{question} [y/N] ", control).strip().lower() in {"y", "yes"}


def ask(question: str, control: Control) -> str:
    """Ask on the terminal; a signal or the loss of the terminal ends the question.

    A thread reads the line, because a signal just before the read would otherwise go unnoticed until there is a line.
    It reads from the descriptor, because Python cannot exit while a thread waits in its buffered reader.
    """
    with contextlib.suppress(OSError, AttributeError):
        sys.stderr.write(question)
        sys.stderr.flush()
    try:
        line = wait_for_answer(ask_aside(lambda: os.read(sys.stdin.fileno(), _LINE_BYTES)), control.check)
    except OSError as error:
        raise CancelledError from error
    if not line:
        raise CancelledError
    return line.decode(errors="replace")

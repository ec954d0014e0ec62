"""Runs the program of the setting `on_done`: no shell, JSON on its standard input, a limit on its time."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence

from discpress.engine.names import display_name
from discpress.engine.store.model import JsonValue

LIMIT_S = 60.0
"""A program that runs longer is killed with all it has started."""


def run_program(words: Sequence[str], facts: Mapping[str, JsonValue], limit_s: float = LIMIT_S) -> str:
    """Run a program with one line of JSON on its standard input; return the problem as words, empty if it ended with 0.

    It runs in `/`, in a session of its own, and what it prints goes nowhere.
    """
    name = display_name(words[0])
    line = json.dumps(facts, ensure_ascii=True).encode() + b"\n"
    try:
        process = subprocess.Popen(
            list(words),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        return f"on_done: {name} cannot be started: {error.strerror or error}"
    with process:
        try:
            # A program that does not read its input is none of our business: communicate() ignores a closed pipe.
            process.communicate(line, timeout=limit_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            return f"on_done: {name} ran longer than {limit_s:.0f} s and was killed"
    return f"on_done: {name} ended with exit code {process.returncode}" if process.returncode else ""


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

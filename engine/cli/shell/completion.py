"""`discpress completion`: prints the completion script of a shell, and the words that it asks for."""

import argparse
import re
from collections.abc import Iterable
from importlib.resources import files

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.parsing.library import SCRIPTS
from discpress.engine.cli.state import open_store
from discpress.engine.errors import UsageError
from discpress.engine.progress import Control
from discpress.engine.store.store import Store
from discpress.engine.targets import TARGETS

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
"""Bash evaluates the words of a completion: none may hold anything that a shell expands, whatever a disc is called."""


def run_completion(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `completion`; return the exit code."""
    if arguments.list is None:
        if arguments.shell is None:
            raise UsageError("name a shell", hint=f"one of {', '.join(SCRIPTS)}")
        script = files("discpress.engine.cli.shell").joinpath(SCRIPTS[arguments.shell]).read_text(encoding="utf-8")
        printer.event("completion", {"shell": arguments.shell, "script": script}, script.rstrip("\n"))
        return 0
    if arguments.list == "targets":
        words = list(TARGETS)
    else:
        with open_store(arguments, printer) as store:
            words = [word for word in _words(store, arguments.list) if _SAFE.fullmatch(word)]
    printer.event("words", {"list": arguments.list, "words": words}, "\n".join(words))
    return 0


def _words(store: Store, kind: str) -> Iterable[str]:
    """Return the job numbers, the batch names or the serials of a state file."""
    if kind == "titles":
        return sorted({title.disc.serial for title in store.titles()})
    from discpress.engine.queue.queue import JobQueue  # noqa: PLC0415 - 40 ms, for the words of the queue only

    jobs = JobQueue(store).jobs()
    if kind == "jobs":
        return [str(job.id) for job in jobs]
    return dict.fromkeys(job.batch for job in jobs)

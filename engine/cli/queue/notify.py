"""`discpress queue notify`: a test of the settings `on_done` and `webhook`."""

import argparse
import os
import threading

from discpress.engine.cli.output.printers import Printer
from discpress.engine.cli.state import read_config
from discpress.engine.config import config_path
from discpress.engine.errors import UsageError
from discpress.engine.names import display_name
from discpress.engine.progress import Control
from discpress.engine.store.model import JsonValue


def run_notify(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue notify`; return the exit code."""
    # Only this command and the worker send anything.
    from discpress.engine.worker.batch_end.post import post  # noqa: PLC0415
    from discpress.engine.worker.batch_end.program import run_program  # noqa: PLC0415

    config = read_config()
    if not config.on_done and config.webhook is None:
        path = display_name(config_path(os.environ))
        raise UsageError("the settings tell nobody", hint=f"set on_done or webhook in {path} (docs/queue.md)")
    facts: dict[str, JsonValue] = {"event": "test", "title": "discpress", "message": "This is a test.", "priority": 3}
    told: list[tuple[str, str]] = []
    if config.on_done:
        told.append((display_name(config.on_done[0]), run_program(config.on_done, facts)))
    if config.webhook is not None:
        control.check()
        message = {**facts, "topic": config.webhook.topic} if config.webhook.topic else facts
        problem = post(config.webhook, message, lambda seconds: _pause(seconds, control))
        told.append((display_name(config.webhook.host), problem))
    for name, problem in told:
        text = problem or f"{name}: told"
        printer.event("notify", {"name": name, "problem": problem}, text)
    return int(any(problem for _, problem in told))


def _pause(seconds: float, control: Control) -> bool:
    """Wait; CancelledError after Ctrl-C."""
    for _ in range(round(seconds * 10)):
        control.check()
        threading.Event().wait(0.1)
    return False

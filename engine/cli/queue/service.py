"""`discpress queue service`: a unit for systemd that continues the queue after a reboot."""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from discpress.engine.cli.output.printers import Printer
from discpress.engine.progress import Control
from discpress.engine.queue.worker_process import program_words
from discpress.engine.store.store import state_folder

UNIT_NAME = "discpress-queue.service"
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:,@~ ()[]")
_DOUBLED = {ord("%"): "%%", ord("$"): "$$"}
_UNIT = """\
# Save this as ~/.config/systemd/user/{name}; then:
#   systemctl --user daemon-reload
#   systemctl --user enable --now {name}
#   loginctl enable-linger            so that it runs while nobody is logged in
[Unit]
Description=discpress: continue the queue

[Service]
ExecStart={command}
Restart=on-failure
Nice=10

[Install]
WantedBy=default.target
"""


def run_service(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
    """Carry out `queue service`; return the exit code."""
    folder = state_folder(None if arguments.state is None else Path(arguments.state), os.environ)
    text = unit(program_words(), folder)
    printer.event("service", {"name": UNIT_NAME, "unit": text}, text.rstrip("\n"))
    return 0


def unit(program_words: Sequence[str], folder: Path) -> str:
    """Return the unit that starts the worker of a state folder at boot."""
    words = [*program_words, "queue", "run", "--state", str(folder)]
    return _UNIT.format(name=UNIT_NAME, command=" ".join(map(_quoted, words)))


def _quoted(word: str) -> str:
    """Return a word quoted for systemd, by systemd.service(5) and systemd.syntax(7)."""
    text = "".join(chr(byte) if byte in _PLAIN else _DOUBLED.get(byte, f"\\x{byte:02x}") for byte in os.fsencode(word))
    return text if text and " " not in text and text == word else f'"{text}"'

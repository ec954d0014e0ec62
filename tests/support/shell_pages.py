"""The completion scripts and the manual page, made from the parser by libraries."""

import argparse
import re

import shtab
from argparse_manpage.manpage import Manpage

from discpress.engine import VERSION
from discpress.engine.cli.parsing.commands import build_parser

_LIST = "discpress completion --list"
_COMPLETIONS = {
    "DIR": shtab.DIRECTORY,
    "FOLDER": shtab.DIRECTORY,
    "FILE|FOLDER": shtab.FILE,
    "FILE": shtab.FILE,
    "IMAGE": shtab.FILE,
    "INPUT": shtab.FILE,
    "ID|all": shtab.cmd(f"{_LIST} jobs 2>/dev/null; echo all"),
    "ID|gain": shtab.cmd(f"{_LIST} jobs 2>/dev/null; echo gain"),
    "BATCH": shtab.cmd(f"{_LIST} batches 2>/dev/null"),
    "TITLE": shtab.cmd(f"{_LIST} titles 2>/dev/null"),
}
"""What completes an argument, by its name in the help."""
_TARGETS = shtab.cmd(f"{_LIST} targets")


def actions_of(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return the arguments of a parser and of all its commands."""
    found: list[argparse.Action] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in dict.fromkeys(action.choices.values()):
                found += actions_of(each)
        else:
            found.append(action)
    return found


def completed_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands, whose arguments know what completes them."""
    parser = build_parser()
    for action in actions_of(parser):
        found = _TARGETS if action.dest == "target" else _COMPLETIONS.get(str(action.metavar))
        if found is not None:
            action.complete = found  # type: ignore[attr-defined]
    return parser


def script_of(shell: str) -> str:
    """Return the completion script of a shell."""
    return str(shtab.complete(completed_parser(), shell=shell)).rstrip("\n") + "\n"


def manual_page() -> str:
    """Return the manual page, without the day on which it was made, and with the usage of commands as it is set."""
    data = {
        "project_name": "discpress",
        "prog": "discpress",
        "description": "a library manager for disc image collections",
        "version": VERSION,
        "manual_title": "discpress",
    }
    text = str(Manpage(build_parser(), format="pretty", _data=data))
    text = re.sub(r'^(\.TH \S+ \S+) "[^"]*"', rf'\1 "discpress {VERSION}"', text, count=1, flags=re.MULTILINE)
    usage = re.compile(r"^(usage: .*?)\n\n", re.MULTILINE | re.DOTALL)
    return usage.sub(lambda found: f".nf\n{found[1]}\n.fi\n\n", text).rstrip("\n") + "\n"

"""Arguments of `discpress` without a subcommand: the folders and options of the app."""

import argparse
import os
from collections.abc import Collection, Sequence
from concurrent.futures import wait
from pathlib import Path

from discpress.engine.cli.parsing.arguments import add_state
from discpress.engine.cli.parsing.parser import Parser
from discpress.engine.errors import UsageError
from discpress.engine.names import display_name
from discpress.engine.system.asking import ask_aside
from discpress.engine.system.files import NO_FOLDER, folder_problem
from discpress.engine.targets import AUTO, TARGETS

_PATIENCE_S = 2.0
"""A disk that sleeps takes longer, and is as good as not asked."""


def parse_app_words(words: Sequence[str], commands: Collection[str]) -> argparse.Namespace:
    """Return the arguments of the app; UsageError names the word that is no folder, with the command it resembles."""
    parser = Parser(prog="discpress", description="Open the library of disc images on the terminal.")
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="a folder with images")
    parser.add_argument("--read-only", action="store_true", help="look, and change nothing")
    parser.add_argument("--ascii", action="store_true", default=None, help="draw with ASCII only")
    parser.add_argument("--target", metavar="NAME", help=f"what will play the images: {', '.join((AUTO, *TARGETS))}")
    add_state(parser)
    try:
        arguments = parser.parse_words(words)
    except UsageError as error:
        commanded = next((word for word in words if word in commands), None)
        if commanded is None:
            raise
        raise _misplaced(commanded) from error
    if arguments.target is not None and arguments.target not in (AUTO, *TARGETS):
        raise UsageError(
            f"{display_name(arguments.target)}: no such target", hint=f"allowed are {', '.join((AUTO, *TARGETS))}"
        )
    for word in arguments.folders:
        _check_folder(word, commands)
    return arguments


def _misplaced(command: str) -> UsageError:
    return UsageError(f"{command}: a command is the first word", hint=f"write options after it: discpress {command}")


def _check_folder(word: str, commands: Collection[str]) -> None:
    kind = ask_aside(lambda: (folder_problem(Path(word)), os.path.lexists(word)))
    if wait([kind], _PATIENCE_S).not_done:
        return  # its disk does not answer: what is known of it is shown, and the scan says so
    problem, is_there = kind.result()
    if not problem:
        return
    shown = display_name(word)
    if problem != NO_FOLDER:
        raise UsageError(f"{shown}: {problem}", hint="name a folder that you may look into")
    if is_there:
        raise UsageError(f"{shown}: is a file; the app opens folders", hint=f"discpress info {shown} shows an image")
    if word in commands:
        raise _misplaced(word)
    import difflib  # noqa: PLC0415 - for mistakes only

    meant = difflib.get_close_matches(word, commands, n=1)
    hint = f"did you mean discpress {meant[0]}?" if meant else "discpress --help lists the commands"
    raise UsageError(f"{shown}: neither a command nor a folder", hint=hint)

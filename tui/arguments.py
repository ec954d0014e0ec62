"""What `discpress` takes when no subcommand is named: the folders and options of the app."""

import argparse
import difflib
from collections.abc import Collection, Sequence
from pathlib import Path

from engine.cli.arguments import add_state
from engine.cli.parser import Parser
from engine.errors import UsageError
from engine.names import display_name
from engine.targets import AUTO, TARGETS


def parse_app_words(words: Sequence[str], commands: Collection[str]) -> argparse.Namespace:
    """Return the arguments of the app; UsageError names the word that is no folder, with the command it resembles."""
    parser = Parser(prog="discpress", description="Open the library of disc images on the terminal.")
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="where the images are")
    parser.add_argument("--read-only", action="store_true", help="look, and change nothing")
    parser.add_argument("--ascii", action="store_true", default=None, help="draw with ASCII only")
    parser.add_argument("--target", metavar="NAME", help=f"what will play the images: {', '.join((AUTO, *TARGETS))}")
    add_state(parser)
    arguments = parser.parse_words(words)
    if arguments.target is not None and arguments.target not in (AUTO, *TARGETS):
        raise UsageError(
            f"{display_name(arguments.target)}: no such target", hint=f"allowed are {', '.join((AUTO, *TARGETS))}"
        )
    for word in arguments.folders:
        _check_folder(word, commands)
    return arguments


def _check_folder(word: str, commands: Collection[str]) -> None:
    if Path(word).is_dir():
        return
    shown = display_name(word)
    if Path(word).exists():
        raise UsageError(f"{shown}: is a file; the app opens folders", hint=f"discpress info {shown} shows an image")
    meant = difflib.get_close_matches(word, commands, n=1)
    hint = f"did you mean discpress {meant[0]}?" if meant else "discpress --help lists the commands"
    raise UsageError(f"{shown}: neither a command nor a folder", hint=hint)

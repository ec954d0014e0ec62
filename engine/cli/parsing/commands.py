"""The parser of `discpress`: all commands, or the one that a command line names."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, cast

from discpress.engine import VERSION
from discpress.engine.cli.parsing.arguments import EXIT_CODES
from discpress.engine.cli.parsing.parser import Parser
from discpress.engine.imports import named

_Adder: TypeAlias = Callable[..., None]
_QUEUE = "queue"
ADDERS = {
    "convert": "discpress.engine.cli.parsing.images:add_convert",
    "repair": "discpress.engine.cli.parsing.images:add_repair",
    "info": "discpress.engine.cli.parsing.images:add_info",
    "doctor": "discpress.engine.cli.parsing.images:add_doctor",
    "verify": "discpress.engine.cli.parsing.images:add_verify",
    "undo": "discpress.engine.cli.parsing.trash:add_undo",
    "trash": "discpress.engine.cli.parsing.trash:add_trash",
    "scan": "discpress.engine.cli.parsing.library:add_scan",
    "ls": "discpress.engine.cli.parsing.library:add_ls",
    "playlist": "discpress.engine.cli.parsing.library:add_playlist",
    "set": "discpress.engine.cli.parsing.library:add_set",
    "estimate": "discpress.engine.cli.parsing.library:add_estimate",
    "dat": "discpress.engine.cli.parsing.dats:add_dat",
    "identify": "discpress.engine.cli.parsing.dats:add_identify",
    "rename": "discpress.engine.cli.parsing.dats:add_rename",
    "duplicates": "discpress.engine.cli.parsing.dats:add_duplicates",
    "demo": "discpress.engine.cli.parsing.library:add_demo",
    "seek": "discpress.engine.cli.parsing.benchmark:add_seek",
    "throughput": "discpress.engine.cli.parsing.benchmark:add_throughput",
    _QUEUE: "discpress.engine.cli.parsing.queue:add_queue",
    "history": "discpress.engine.cli.parsing.queue:add_history",
    "watch": "discpress.engine.cli.parsing.library:add_watch",
    "deploy": "discpress.engine.cli.parsing.deploy:add_deploy",
    "share": "discpress.engine.cli.parsing.share:add_share",
    "cluster": "discpress.engine.cli.parsing.cluster:add_cluster",
    "serve": "discpress.engine.cli.parsing.library:add_serve",
    "completion": "discpress.engine.cli.parsing.library:add_completion",
}
"""The function that adds each command, in the order of the help; the modules of other commands are not imported."""
_LISTS = (["-h"], ["--help"], ["--version"])
"""The command lines that show no option of a command."""


class _NameOnly:
    """Stands in for the parser of a command in the list of commands: takes options, and keeps none."""

    def __init__(self, **_options: Any) -> None:
        pass

    def __getattr__(self, _name: str) -> "_NameOnly":
        return self

    def __call__(self, *_words: Any, **_options: Any) -> "_NameOnly":
        return self


def build_parser(words: Sequence[str] = ()) -> Parser:
    """Return the parser of `discpress`; for a command line that begins with a command, only with that command.

    For one that asks for the list of commands, they have no options: to make all of them takes a fifth of its time.
    """
    parser = Parser(
        prog="discpress",
        description="Make disc images smaller and keep them readable: every result is verified, no original is lost.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"discpress {VERSION}")
    parser_class = _NameOnly if [*words] in _LISTS else Parser
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=parser_class)
    for name in words[:1] if words and words[0] in ADDERS else ADDERS:
        add = cast(_Adder, named(ADDERS[name]))
        # Of the queue, whose actions are many, only what the next word needs.
        add(commands, *([words[1:]] if name == _QUEUE else []))
    return parser

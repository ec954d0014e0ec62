"""Entry points of the command line, its error handling, and the exit codes.

0 done, 1 some input failed, 2 usage, 3 damaged image, 4 not enough space, 128 + signal (130, 143, 129).
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, cast

from discpress.engine.cli.disk_waits import paths_of, wait_for_disks
from discpress.engine.cli.output.printers import JsonPrinter, OutputLostError, Printer, ReaderGoneError, TextPrinter
from discpress.engine.cli.parsing.commands import build_parser
from discpress.engine.cli.parsing.parser import Parser
from discpress.engine.cli.signals import cancelling
from discpress.engine.errors import DiscpressError, UsageError, from_os_error, named_in
from discpress.engine.imports import named, no_collections
from discpress.engine.progress import Control

_Command: TypeAlias = Callable[[argparse.Namespace, Printer, Control], int]
COMMANDS = {
    "convert": "discpress.engine.cli.images.convert:run_convert",
    "repair": "discpress.engine.cli.images.repair:run_repair",
    "info": "discpress.engine.cli.images.inspect:run_info",
    "doctor": "discpress.engine.cli.images.inspect:run_doctor",
    "verify": "discpress.engine.cli.images.verify:run_verify",
    "undo": "discpress.engine.cli.library.undo:run_undo",
    "trash": "discpress.engine.cli.library.trash:run_trash",
    "scan": "discpress.engine.cli.library.commands:run_scan",
    "ls": "discpress.engine.cli.library.commands:run_ls",
    "playlist": "discpress.engine.cli.library.playlist:run_playlist",
    "set": "discpress.engine.cli.library.title_settings:run_set",
    "estimate": "discpress.engine.cli.library.estimate:run_estimate",
    "seek": "discpress.engine.cli.lab.commands:run_seek",
    "throughput": "discpress.engine.cli.lab.commands:run_throughput",
    "dat": "discpress.engine.cli.dats.commands:run_dat",
    "identify": "discpress.engine.cli.dats.identify:run_identify",
    "rename": "discpress.engine.cli.dats.rename:run_rename",
    "duplicates": "discpress.engine.cli.dats.duplicates:run_duplicates",
    "demo": "discpress.engine.cli.library.commands:run_demo",
    "queue": "discpress.engine.cli.queue.commands:run_queue",
    "history": "discpress.engine.cli.queue.commands:run_history",
    "watch": "discpress.engine.cli.library.watch:run_watch",
    "deploy": "discpress.engine.cli.library.deploy:run_deploy",
    "share": "discpress.engine.cli.library.share:run_share",
    "cluster": "discpress.engine.cli.cluster.commands:run_cluster",
    "serve": "discpress.engine.cli.web.serve:run_serve",
    "completion": "discpress.engine.cli.shell.completion:run_completion",
}
"""The function of each command; only the one that runs is imported, because all together take 50 ms."""


def run(argv: Sequence[str]) -> int:
    """Run `discpress` with these arguments and return its exit code."""
    try:
        with no_collections():
            arguments = build_parser(argv).parse_words(argv)
            command = command_of(arguments.command)
    except UsageError as error:
        return _refuse(error, argv)
    return run_command(command, arguments)


def command_of(name: str) -> _Command:
    """Return the function of a command."""
    with no_collections():
        return cast(_Command, named(COMMANDS[name]))


def run_iso2zso() -> None:
    """Run `iso2zso`: `discpress convert` under the name that guides mention."""
    with no_collections():
        from discpress.engine.cli.images.convert import iso2zso_arguments, run_convert  # noqa: PLC0415 - see COMMANDS
        from discpress.engine.cli.parsing.images import add_convert_options  # noqa: PLC0415 - see COMMANDS

    parser = Parser(
        prog="iso2zso",
        description="Convert a disc image to ZSO and verify the result; the same as discpress convert.",
        epilog="example: iso2zso -c 12 game.iso game.zso",
    )
    add_convert_options(parser, inputs_help="input.iso [output.zso]")

    def command(arguments: argparse.Namespace, printer: Printer, control: Control) -> int:
        return run_convert(iso2zso_arguments(arguments), printer, control)

    try:
        arguments = parser.parse_words(sys.argv[1:])
    except UsageError as error:
        sys.exit(_refuse(error, sys.argv[1:]))
    sys.exit(run_command(command, arguments))


def _refuse(error: UsageError, argv: Sequence[str]) -> int:
    """Report a command line that could not be parsed, as JSON if it contains `--json`."""
    _open_closed_streams()
    printer: Printer = JsonPrinter() if "--json" in argv else TextPrinter()
    with contextlib.suppress(OutputLostError):
        printer.error(error)
    return error.exit_code


def _open_closed_streams() -> None:
    """Replace stdout or stderr by the null device if the program was started without it (`2>&-`)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 - open to the end


def run_command(command: _Command, arguments: argparse.Namespace) -> int:
    """Run one command; turn its failures into messages and exit codes."""
    _open_closed_streams()
    printer: Printer = JsonPrinter() if arguments.json else TextPrinter(quiet=getattr(arguments, "quiet", False))
    try:
        return _run(command, arguments, printer)
    except (BrokenPipeError, ReaderGoneError):
        # The reader of stdout went away (| head): stay silent, and avoid a second failure when Python flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OutputLostError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        hint = "the command finished but its output could not be written; redirect the output and run it again"
        with contextlib.suppress(OutputLostError):
            TextPrinter().error(DiscpressError(f"the output cannot be written: {error}", hint=hint))
    return 1


def _run(command: _Command, arguments: argparse.Namespace, printer: Printer) -> int:
    control = Control()
    try:
        with cancelling(control):
            wait_for_disks(paths_of(arguments), printer, control)
            return command(arguments, printer, control)
    except DiscpressError as error:
        printer.error(error)
        return error.exit_code
    except (BrokenPipeError, OutputLostError):
        raise
    except OSError as error:
        printer.error(from_os_error(error, named_in(error, Path("output")), "continue"))
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort: a bug must not look like lost data
        printer.error(DiscpressError(f"internal error: {error!r}", hint="report it with the lines below"))
        import traceback  # noqa: PLC0415 - for bugs only

        traceback.print_exc()
        return 1

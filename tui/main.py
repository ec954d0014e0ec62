"""The `discpress` command: a subcommand goes to the command line, everything else opens the app."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from discpress.engine.cli.main import COMMANDS, run
from discpress.engine.errors import CancelledError, DiscpressError
from discpress.engine.imports import no_collections
from discpress.engine.names import display_name

_COMMAND_LINE_OPTIONS = {"-h", "--help", "--version"}


def run_discpress() -> None:
    """Run discpress and exit with its code; Textual is imported only for the app."""
    words = sys.argv[1:]
    is_app = not words or (words[0] not in COMMANDS and words[0] not in _COMMAND_LINE_OPTIONS)
    if words and words[0] == "demo" and _is_tty() and "--json" not in words:
        _leave(_demo(words))
    _leave(_app(words) if is_app else run(words))


def _leave(code: int) -> NoReturn:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        # The terminal is gone: Python would fail to flush as well, and turn the code into 120.
        os._exit(code)
    sys.exit(code)


def _demo(words: Sequence[str]) -> int:
    """Make the sample library as `demo` does, then open the app on it."""
    from discpress.engine.cli.library.commands import demo_folder
    from discpress.engine.cli.parsing.commands import build_parser
    from discpress.engine.demo.library import make_demo

    def demo() -> int:
        arguments = build_parser(words).parse_words(words)
        folder = demo_folder(arguments)
        print(f"making the sample library in {display_name(folder)}")
        with _interruptible():
            make_demo(folder)
        options = [] if arguments.state is None else ["--state", arguments.state]
        return _app([str(folder), *options], sort="size")  # the first row is a title that shrinks well

    return _behind_a_door(demo)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the block in order: what it had begun is taken away."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt as error:
        raise CancelledError from error
    finally:
        signal.signal(signal.SIGINT, before)


def _app(words: Sequence[str], sort: str | None = None) -> int:
    def app() -> int:
        from discpress.tui.arguments import parse_app_words
        from discpress.tui.terminal.capabilities import check_terminal, prepare_textual

        arguments = parse_app_words(words, COMMANDS)
        check_terminal(os.environ, is_tty=_is_tty())
        prepare_textual()
        with no_collections():
            from discpress.tui.app.launch import open_app

        return open_app(
            [Path(each).absolute() for each in arguments.folders],
            state=None if arguments.state is None else Path(arguments.state),
            target=arguments.target,
            is_ascii=arguments.ascii,
            is_read_only=arguments.read_only,
            sort=sort,
        )

    return _behind_a_door(app)


def _behind_a_door(act: Callable[[], int]) -> int:
    """Run what may fail for reasons of the user's, and say them."""
    try:
        return act()
    except DiscpressError as error:
        with contextlib.suppress(OSError, AttributeError):
            print(f"discpress: {error}", file=sys.stderr)
            if error.hint:
                print(f"  {display_name(error.hint)}", file=sys.stderr)
        return error.exit_code


def _is_tty() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))

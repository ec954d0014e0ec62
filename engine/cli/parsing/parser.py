"""The parser class of all commands: options may stand between inputs, and errors are UsageErrors."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from discpress.engine.errors import UsageError
from discpress.engine.names import display_name

_SHIELD = "\0"


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of ending the program; messages are safe to show."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._subcommands: Any = None

    def add_subparsers(self, **options: Any) -> Any:
        """Add commands, as argparse does."""
        self._subcommands = super().add_subparsers(**options)
        return self._subcommands

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(display_name(message), hint=f"run {self.prog} --help to see what is allowed")

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse a command line; options may stand anywhere before `--`, as `convert a.iso -c 3 b.iso`."""
        if self._subcommands is None:
            # argparse drops the `--` and parses again; it would take names after it for options.
            before, after = _split(words)
            return _unshielded(self.parse_intermixed_args([*before, *map(_shielded, after)]))
        if words and words[0] in self._subcommands.choices:
            parser: Parser = self._subcommands.choices[words[0]]
            arguments = parser.parse_words(words[1:])
            setattr(arguments, self._subcommands.dest, words[0])
            return arguments
        return self.parse_args(words)


def _split(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Return the words before the first `--` and those after it."""
    if "--" not in words:
        return words, ()
    place = words.index("--")
    return words[:place], words[place + 1 :]


def _shielded(word: str) -> str:
    """Return a word in a form that no option can have; a command line's words never contain a zero byte."""
    return f"{_SHIELD}{word}" if word.startswith("-") else word


def _unshielded(arguments: argparse.Namespace) -> argparse.Namespace:
    for name, value in vars(arguments).items():
        if isinstance(value, str):
            setattr(arguments, name, value.removeprefix(_SHIELD))
        elif isinstance(value, list):
            setattr(arguments, name, [each.removeprefix(_SHIELD) if isinstance(each, str) else each for each in value])
    return arguments

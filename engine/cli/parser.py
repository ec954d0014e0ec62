"""The parser that all commands share: options may stand between inputs, and a refusal is an error like any other."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from engine.errors import UsageError
from engine.names import display_name


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError instead of ending the program, its words safe to show."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._subcommands: Any = None

    def add_subparsers(self, **options: Any) -> Any:
        """Add commands, as argparse does."""
        self._subcommands = super().add_subparsers(**options)
        return self._subcommands

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(display_name(message), hint=f"{self.prog} --help shows what is allowed")

    def parse_words(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse a command line; options may stand anywhere, as `convert a.iso -c 3 b.iso`."""
        if self._subcommands is None:
            return self.parse_intermixed_args(words)
        if words and words[0] in self._subcommands.choices:
            parser: Parser = self._subcommands.choices[words[0]]
            arguments = parser.parse_words(words[1:])
            setattr(arguments, self._subcommands.dest, words[0])
            return arguments
        return self.parse_args(words)

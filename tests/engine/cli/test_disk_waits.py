"""Which disks a command asks for an answer before it begins."""

from pathlib import Path

import pytest

from discpress.engine.cli.disk_waits import paths_of
from discpress.engine.cli.parsing.commands import build_parser


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("info a b", ["a", "b"]),
        ("convert a -o b", ["a", "b"]),
        ("convert a -O b", ["a", "b"]),
        ("queue add a", ["a"]),
        ("verify a --against b", ["a", "b"]),
        ("verify a --checksum-file b", ["a", "b"]),
        ("undo --list --folder a --folder b", ["a", "b"]),
        ("trash list a b", ["a", "b"]),
        ("demo --dir a", ["a"]),
        ("share add a", ["a"]),
        ("share test a", ["a"]),
        ("share remove a", []),
        ("share list", []),
        ("scan a", []),
        ("ls a", []),
    ],
)
def test_all_that_is_read_or_written_is_asked_and_nothing_else(words: str, names: list[str]) -> None:
    """A scan goes on beside a folder that is silent, and a list reads no folder at all."""
    arguments = build_parser().parse_words(words.split())
    assert paths_of(arguments) == list(map(Path, names))

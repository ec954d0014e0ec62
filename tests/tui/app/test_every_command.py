"""Every command of the table is run by its key in a test, at every place where it is valid."""

import importlib.util
from pathlib import Path

import pytest

from discpress.tui.commands import COMMANDS, Command, Place, commands_at

pytestmark = pytest.mark.slow

# What is typed there goes into the input: `?` is no help, and `!` shows no messages.
_TYPED_AT_FIRST_RUN = {"help", "messages"}


def _places_of(command: Command) -> set[Place]:
    if Place.ANYWHERE not in command.places:
        return set(command.places)
    return set(Place) - {Place.ANYWHERE} - ({Place.FIRST_RUN} if command.name in _TYPED_AT_FIRST_RUN else set())


def _tested() -> set[tuple[str, Place]]:
    """What the tests of this folder say that they run; each of them is held to it by `commands_run`."""
    found = set()
    for path in sorted(Path(__file__).parents[1].rglob("test_*.py")):
        if path == Path(__file__):
            continue
        spec = importlib.util.spec_from_file_location(f"read_{path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for each in vars(module).values():
            marks = getattr(each, "pytestmark", [])
            found |= {(mark.args[0], place) for mark in marks if mark.name == "runs" for place in mark.args[1:]}
    return found


def test_every_command_has_a_test_at_every_place() -> None:
    wanted = {(command.name, place) for command in COMMANDS for place in _places_of(command)}
    assert sorted(wanted - _tested()) == []


def test_a_test_for_a_command_that_is_not_there_is_found() -> None:
    known = {(command.name, place) for place in Place for command in commands_at(place)}
    assert sorted(_tested() - known) == []

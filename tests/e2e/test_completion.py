"""`discpress completion`: the scripts, and words from the library and the queue that no shell expands."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY
from command_line import CommandLine

from discpress.engine.cli.parsing.library import WORD_LISTS
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.store import Store
from discpress.engine.targets import TARGETS


@pytest.mark.parametrize(("shell", "start"), [("bash", "# AUTO"), ("zsh", "#compdef discpress"), ("fish", "# AUTO")])
def test_the_script_of_a_shell_is_printed(shell: str, start: str, cli: CommandLine) -> None:
    said = cli.run("completion", shell)
    assert (said.exit_code, said.text.startswith(start)) == (0, True)


def test_without_a_shell_the_error_names_them(cli: CommandLine) -> None:
    said = cli.run("completion")
    assert said.exit_code == 2
    assert "bash, zsh, fish" in said.text


@pytest.fixture
def known(cli: CommandLine) -> CommandLine:
    """A library with a disc whose serial a shell would run, and a queue."""
    with Store(cli.home / "state" / "discpress") as store:
        hostile = replace(LIBRARY[0], path=Path("/games/x.iso"), disc=LIBRARY[0].disc._replace(serial="$(touch x)"))
        store.save_titles([*LIBRARY, hostile])
        JobQueue(store).add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
    return cli


def words(cli: CommandLine, kind: str) -> list[str]:
    return cli.run("completion", "--list", kind).text.split()


def test_words_come_from_the_library_and_the_queue(known: CommandLine) -> None:
    assert words(known, "targets") == list(TARGETS)
    assert (words(known, "jobs"), words(known, "batches")) == (["1"], ["1"])
    assert "SLUS-21115" in words(known, "titles")


def test_no_word_has_what_a_shell_expands(known: CommandLine) -> None:
    assert not [word for word in words(known, "titles") if "$" in word]


@pytest.mark.parametrize("kind", WORD_LISTS)
def test_without_a_library_there_are_no_errors(kind: str, cli: CommandLine) -> None:
    assert cli.run("completion", "--list", kind).exit_code == 0

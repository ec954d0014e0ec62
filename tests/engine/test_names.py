"""Names from outside: safe on a terminal, and sorted as people count."""

import os
import re
import shlex
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discpress.engine.names import display_name, natural_key, shell_word

OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of characters that a terminal acts on or cannot be sent."""


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Okami (USA).iso", "Okami (USA).iso"),
        ("[t-en] [/b] game.iso", "[t-en] [/b] game.iso"),
        ("Pokémon 大神 🎮.iso", "Pokémon 大神 🎮.iso"),
        ("two\nlines", "two\\nlines"),
        ("car\rriage\tTab", "car\\rriage\\tTab"),
        ("\x1b[2Jgone", "\\e[2Jgone"),
        ("nul\0", "nul\\x00"),
        ("c1\x9b31m", "c1\\x9b31m"),
        ("del\x7f", "del\\x7f"),
        ("\u202eosi.exe", "\\u202eosi.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("line\u2028", "line\\u2028"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("raw\udcff", "raw\\xff"),
        ("lone\ud800", "lone\\ud800"),
    ],
)
def test_a_name_is_shown_safely(name: str, shown: str) -> None:
    assert shown == display_name(name)


def test_bytes_that_do_not_decode_are_shown_in_hex() -> None:
    assert display_name(b"caf\xe9.iso") == "caf\\xe9.iso"


def test_a_path_is_shown_whole() -> None:
    assert display_name(Path("/discs/a\nb.iso")) == "/discs/a\\nb.iso"


@given(name=st.text(st.characters()) | st.binary())
def test_nothing_that_a_terminal_obeys_is_left(name: str | bytes) -> None:
    assert set() == {unicodedata.category(character) for character in display_name(name)} & OBEYED


@given(name=st.text(st.characters()) | st.binary())
def test_a_shown_name_can_be_sent_to_any_terminal(name: str | bytes) -> None:
    shown = display_name(name)
    assert shown == shown.encode().decode()


@given(name=st.text(st.characters()) | st.binary())
def test_a_shown_name_is_shown_as_itself(name: str | bytes) -> None:
    assert display_name(name) == display_name(display_name(name))


def test_numbers_in_names_are_sorted_by_their_value() -> None:
    names = ["Game 10", "game 2", "Game 1", "Game", "10 Games", "2 Games"]
    assert sorted(names, key=natural_key) == ["2 Games", "10 Games", "Game", "Game 1", "game 2", "Game 10"]


def test_case_does_not_count_in_the_order() -> None:
    assert natural_key("OKAMI") == natural_key("okami")


def by_parts(name: str) -> list[tuple[int, str] | str]:
    """Return texts and numbers of a name in turn: a number is its count of digits, and these."""
    parts = re.split(r"([0-9]+)", name.casefold())
    return [(len(part.lstrip("0")), part.lstrip("0")) if place % 2 else part for place, part in enumerate(parts)]


@given(st.lists(st.text("aB 019é\udcff", max_size=6) | st.text(st.characters(exclude_characters="\0")), max_size=6))
def test_names_are_sorted_by_their_texts_and_numbers_in_turn(names: list[str]) -> None:
    assert sorted(names, key=natural_key) == sorted(names, key=by_parts)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_word_for_a_shell_can_be_shown(name: str) -> None:
    assert display_name(shell_word(name)) == shell_word(name)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_a_word_for_a_shell_is_read_as_it_was(name: str) -> None:
    if display_name(name) == name:
        assert shlex.split(shell_word(name)) == [name]


@pytest.mark.skipif(not os.path.exists("/bin/bash"), reason="no bash here")  # noqa: PTH110 - a plain question
@pytest.mark.e2e
@pytest.mark.parametrize("name", ["It's \x1b[31m.iso", "back\\slash\n0.iso", "\udcff raw byte.iso", "$HOME `x`.iso"])
def test_bash_reads_a_word_for_a_shell_as_it_was(name: str) -> None:
    command = ["/bin/bash", "-c", f"printf %s {shell_word(name)}"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == os.fsencode(name)

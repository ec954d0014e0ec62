"""New names: those that every system takes, and those for OPL."""

import pytest

from discpress.engine.convert.renaming.names import clean_name, opl_name
from discpress.engine.targets import TARGETS


@pytest.mark.parametrize("letter", ["a", "é"])
def test_a_long_name_is_cut_to_what_opl_reads(letter: str) -> None:
    name = opl_name("SLUS-20312", 300 * letter)
    assert name.startswith(f"SLUS_203.12.{letter}")
    assert len(name.encode()) == TARGETS["opl"].max_name


def test_a_title_that_opl_reads_since_2023_stays_whole() -> None:
    title = 148 * "a"
    assert opl_name("SLUS-20312", title) == f"SLUS_203.12.{title}"


@pytest.mark.parametrize(
    ("name", "clean"), [("CON", "_CON"), ("nul.", "_nul"), ("Com1 .x", "_Com1 .x"), ("Con Air", "Con Air")]
)
def test_a_name_that_windows_reserves_gets_a_sign_before_it(name: str, clean: str) -> None:
    assert clean_name(name) == clean

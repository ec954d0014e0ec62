"""ul.cfg of OPL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from split_images import opl_entry

from discpress.engine.images.sets.opl_list import find_game, name_crc, read_list


@pytest.mark.parametrize(("name", "crc"), [(b"Fixture UL Game", 0x41552A45), (b"X", 0xDB5FB40D), (b"", 0)])
def test_the_checksum_is_that_of_opl(name: bytes, crc: int) -> None:
    """The values were computed by OPL's own function in C."""
    assert name_crc(name) == crc


def test_an_entry_is_read() -> None:
    (game,) = read_list(opl_entry("Split Game", parts=5))
    assert (game.name, game.serial, game.parts) == ("Split Game", "SLUS_203.12", 5)


def test_a_game_is_found_by_its_checksum_among_those_of_one_serial() -> None:
    games = list(read_list(opl_entry("One") + opl_entry("Two")))
    found = find_game(games, "slus_203.12", name_crc(b"Two"))
    assert found is not None
    assert found.name == "Two"
    assert find_game(games, "SLUS_203.12", 1) is None


def test_the_only_game_of_a_serial_is_found_whatever_the_checksum() -> None:
    games = list(read_list(opl_entry("One") + opl_entry("Two", "SLES_000.01")))
    found = find_game(games, "SLUS_203.12", 1)
    assert found is not None
    assert found.name == "One"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list(data: bytes) -> None:
    assert all(0 <= game.parts < 256 for game in read_list(data))

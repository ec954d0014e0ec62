"""The list of split games that OPL reads."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from split_images import opl_entry

from discpress.engine.deploy.records import UlGame
from discpress.engine.deploy.ul_cfg import PART_BYTES, has_game, part_names, ul_game, with_game
from discpress.engine.errors import DamagedImageError, UsageError
from discpress.engine.images.sets.opl_list import read_list
from discpress.engine.units import GIB

GAME = UlGame("Fixture UL Game", "SLUS_203.12", 3, is_cd=False)
NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=32).map(str.strip)
SERIALS = st.from_regex(r"[A-Z]{4}_[0-9]{3}\.[0-9]{2}", fullmatch=True)
GAMES = st.builds(UlGame, NAMES, SERIALS, st.integers(1, 10), st.booleans())


def test_the_parts_have_the_names_that_opl_opens() -> None:
    """The checksum was computed by OPL's own function in C."""
    assert part_names(GAME) == tuple(f"ul.41552A45.SLUS_203.12.0{number}" for number in range(3))


def test_an_entry_has_the_bytes_that_iso2opl_writes() -> None:
    name = b"Fixture UL Game".ljust(32, b"\0")
    assert with_game(b"", GAME) == name + b"ul.SLUS_203.12\0\x03\x14\0\0\0\0\x08" + bytes(10)


def test_a_cd_has_another_medium() -> None:
    assert with_game(b"", UlGame("Disc", "SLUS_203.12", 1, is_cd=True))[48] == 0x12


@pytest.mark.parametrize(("size_bytes", "parts"), [(1, 1), (GIB, 1), (GIB + 1, 2), (8 * GIB, 8)])
def test_parts_have_one_gibibyte(size_bytes: int, parts: int) -> None:
    assert PART_BYTES == GIB
    assert ul_game("Game", "SLUS_203.12", size_bytes, is_cd=False).parts == parts


def test_a_game_of_more_parts_than_programs_agree_on_is_refused() -> None:
    with pytest.raises(UsageError, match="more than OPL's parts hold"):
        ul_game("Game", "SLUS_203.12", 10 * GIB + 1, is_cd=False)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Ōkami", "kami"), ("x" * 40, "x" * 32), ("大神", "SLUS_203.12"), ("x" * 31 + " y", "x" * 31)],
)
def test_a_name_has_at_most_32_ascii_characters(name: str, kept: str) -> None:
    assert ul_game(name, "SLUS_203.12", 1, is_cd=False).name == kept


@pytest.mark.slow
@given(st.lists(st.binary(min_size=64, max_size=64), max_size=4), GAMES)
@settings(max_examples=60)
def test_other_entries_keep_every_byte(foreign: list[bytes], game: UlGame) -> None:
    data = b"".join(foreign)
    added = with_game(data, game)
    assert added.startswith(data)
    assert len(added) == len(data) + 64
    assert has_game(added, game)
    assert with_game(added, game) == added


@given(GAMES)
@settings(max_examples=40)
def test_an_entry_reads_as_it_was_written(game: UlGame) -> None:
    (read,) = read_list(with_game(b"", game))
    assert (read.name, read.serial, read.parts) == (game.name, game.serial, game.parts)
    assert {f"{read.crc:08X}"} == {name.split(".")[1] for name in part_names(game)}


def test_an_entry_with_other_parts_is_replaced_in_its_place() -> None:
    before = opl_entry("First", "SLES_000.01")
    after = opl_entry("Last", "SLES_000.02")
    listed = with_game(before + opl_entry("Fixture UL Game", parts=9) + after, GAME)
    assert listed == before + with_game(b"", GAME) + after


def test_an_entry_that_differs_only_in_unread_bytes_stays() -> None:
    strange = bytearray(with_game(b"", GAME))
    strange[-1] = strange[20] = 7  # after the end of the name, and in the reserved bytes
    assert with_game(bytes(strange), GAME) == strange


def test_a_list_with_a_cut_entry_is_refused() -> None:
    with pytest.raises(DamagedImageError, match=r"ul\.cfg: its length of 65 bytes is no multiple of 64"):
        with_game(bytes(65), GAME)


@pytest.mark.slow
@given(st.binary(max_size=200), GAMES)
@settings(max_examples=60)
def test_any_bytes_are_a_list_or_refused(data: bytes, game: UlGame) -> None:
    if len(data) % 64:
        with pytest.raises(DamagedImageError):
            with_game(data, game)
    else:
        assert has_game(with_game(data, game), game)

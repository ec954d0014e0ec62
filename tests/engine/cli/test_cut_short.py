"""Half an image: every command reports it alike, and the library shows it."""

from pathlib import Path

import pytest
from command_line import write_old
from memory_cds import ps2_disc
from queue_desk import Desk

DATA = Path(__file__).parents[2] / "data"
NAME = "Okami [t-en by X] [red].iso"


@pytest.fixture
def half(desk: Desk) -> Path:
    """The first half of a disc, as an unfinished download leaves it."""
    disc = ps2_disc(kib=200)
    path = write_old(desk.folder / NAME, disc[: len(disc) // 4096 * 2048])
    desk.ask("scan", desk.folder)
    return path


def test_ls_shows_half_a_disc(desk: Desk, half: Path) -> None:
    _, events = desk.ask("ls", desk.folder)
    assert [event["state"] for event in events if event.get("path") == str(half)] == ["cut-short"]


def test_the_doctor_fails_for_half_a_disc(desk: Desk, half: Path) -> None:
    code, events = desk.ask("doctor", half)
    assert (code, [(each["level"], each["code"]) for each in events if each["event"] == "finding"]) == (
        3,
        [("error", "volume-size")],
    )


def test_a_deep_check_of_half_a_disc_records_no_damage_of_blocks(desk: Desk, half: Path) -> None:
    assert desk.ask("doctor", "--deep", half)[0] == 3
    test_ls_shows_half_a_disc(desk, half)


@pytest.mark.parametrize("command", ["info", "verify"])
def test_other_commands_tell_it(command: str, desk: Desk, half: Path) -> None:
    code, _, said = desk.say(command, half)
    assert (code, "its end is missing" in said) == (0, True)


def test_info_fails_for_half_a_chd_without_codecs(desk: Desk) -> None:
    whole = (DATA / "golden-cds" / "data.none.chd").read_bytes()
    path = write_old(desk.folder / "Game.chd", whole[: len(whole) // 2])
    assert desk.ask("info", path)[0] == 3

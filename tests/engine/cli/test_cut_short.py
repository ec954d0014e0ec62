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


def test_a_repair_of_half_a_disc_names_its_path_and_the_way_out(desk: Desk, half: Path) -> None:
    code, (error, _) = desk.ask("repair", "-n", half)
    assert (code, error["message"].startswith(f"{half}: cut short"), "get the file again" in error["hint"]) == (
        3,
        True,
        True,
    )


def test_a_repair_of_no_disc_names_no_way_that_leads_nowhere(desk: Desk) -> None:
    path = write_old(desk.folder / "Notes.iso", b"This is a text that somebody called an image.\n" * 900)
    _, (skipped, _) = desk.ask("repair", "-n", path)
    assert (skipped["code"], "name the file" in skipped["message"]) == ("no-disc", False)
    assert "name the file to convert it anyway" in desk.say("convert", "-n", "-r", desk.folder)[1]

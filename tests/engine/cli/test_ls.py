"""`discpress ls` of folders that are not there, or not in the library."""

from pathlib import Path

import pytest
from queue_desk import Desk
from sample_images import mixed, write_image

from discpress.engine.cli.library import commands


def test_a_folder_that_is_nowhere_is_an_error(desk: Desk) -> None:
    code, out, said = desk.say("ls", "/no/such/folder")
    assert (code, said.splitlines()[0]) == (2, "discpress: error: /no/such/folder: no such folder")
    assert "empty" not in out + said


def test_a_filter_in_place_of_a_folder_gets_its_option(desk: Desk) -> None:
    code, _, err = desk.say("ls", "fmt:cue sys:ps1")
    assert (code, "use --filter 'fmt:cue sys:ps1' for the titles that match" in err) == (2, True), err


def test_other_folders_are_listed_all_the_same(desk: Desk) -> None:
    write_image(desk.folder / "game.iso", mixed(100_000))
    desk.ask("scan", desk.folder)
    code, events = desk.ask("ls", desk.folder, "/no/such/folder")
    assert (code, [event["event"] for event in events]) == (2, ["error", "title", "library"])


def test_a_file_is_no_folder(desk: Desk) -> None:
    path = write_image(desk.folder / "game.iso", mixed(100_000))
    assert desk.say("ls", path)[0] == 2


def test_a_folder_that_was_not_scanned_is_named_with_the_way_to_scan_it(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "It's new"
    folder.mkdir()
    code, _, said = desk.say("ls", folder)
    assert (code, "run discpress scan" in said, str(folder) in said) == (0, True, True)


def test_a_folder_that_went_with_its_disk_still_shows_its_titles(desk: Desk) -> None:
    write_image(desk.folder / "away" / "game.iso", mixed(100_000))
    desk.ask("scan", desk.folder)
    (desk.folder / "away").rename(desk.folder.parent / "unmounted")
    code, events = desk.ask("ls", desk.folder / "away")
    assert (code, [event["event"] for event in events][-1]) == (0, "library")


def test_a_long_table_is_printed_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Short", "A much longer name 日本", "Tall", "Wide"):
        write_image(desk.folder / f"{name}.iso", mixed(100_000))
    desk.ask("scan", desk.folder)
    _, whole, _ = desk.say("ls")

    monkeypatch.setattr(commands, "_LINES_AT_ONCE", 2)
    _, parts, _ = desk.say("ls")

    assert parts == whole
    assert len(whole.splitlines()) == 6

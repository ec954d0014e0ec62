"""Links that lead nowhere for this user: only they are passed by, never the folder that they are in."""

import os
from pathlib import Path
from typing import Any

import pytest
from command_line import write_old
from foreign_images import cue, raw_dump
from queue_desk import Desk
from sample_images import GOLDEN

from discpress.engine.cli.main import run

PS2 = (GOLDEN / "ps2.iso").read_bytes()
NAMES = ["Raw.cue", "Saga (Disc 1).iso", "Saga (Disc 2).iso"]


@pytest.fixture
def folder(desk: Desk) -> Path:
    """A folder with a sheet and a game of two discs, and links to themselves that have such names."""
    write_old(desk.folder / "Raw.cue", cue("RAW.bin"))
    write_old(desk.folder / "Raw.bin", raw_dump(PS2))
    for name in NAMES[1:]:
        write_old(desk.folder / name, PS2)
    for name in ("Loop.cue", "Saga (Disc 3).iso", "Split.iso.001"):
        (desk.folder / name).symlink_to(name)
    return desk.folder


def names_in(events: list[dict[str, Any]], key: str, event: str) -> list[str]:
    return sorted(Path(each[key]).name for each in events if each["event"] == event and not each.get("error"))


def test_a_scan_finds_what_is_next_to_them(desk: Desk, folder: Path) -> None:
    _, events = desk.ask("scan", folder)
    assert names_in(events, "path", "title") == NAMES


@pytest.mark.parametrize("command", [("verify", "-r"), ("identify",)])
def test_a_command_takes_what_is_next_to_them(command: tuple[str, ...], desk: Desk, folder: Path) -> None:
    _, events = desk.ask(*command, folder)
    assert names_in(events, "input", "verified" if command[0] == "verify" else "identified") == NAMES


def test_a_playlist_names_the_discs_next_to_them(folder: Path) -> None:
    assert run(["playlist", str(folder)]) == 0
    assert (folder / "Saga.m3u").read_text().splitlines() == NAMES[1:]


@pytest.mark.parametrize("is_named", [True, False])
def test_a_place_where_this_user_may_not_look_stops_no_other_file(
    is_named: bool, desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = folder / "Locked.cue"
    locked.symlink_to("/locked/disc.cue")
    real = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        if options.get("follow_symlinks", True) and not isinstance(path, int) and Path(os.fsdecode(path)) == locked:
            raise PermissionError(13, "Permission denied", path)
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    code, events = desk.ask("verify", *([locked] if is_named else []), "-r", folder)
    assert names_in(events, "input", "verified") == NAMES
    assert [each["code"] for each in events if each["event"] == "error"] == ["storage"] * is_named
    assert code == int(is_named)

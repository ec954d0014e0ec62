"""The datfiles in the app: the same counts as on the command line."""

from pathlib import Path

import pytest
from app_desk import opened
from command_line import write_old
from dat_lists import rom, write_list
from memory_cds import ps2_disc

from discpress.engine.cli.main import run
from discpress.tui.commands import Place
from discpress.tui.screens.dats.datfiles import DatfilesScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen

runs = pytest.mark.runs
pytestmark = pytest.mark.slow
AT = Place.DATFILES


@runs("show_datfiles", Place.LIBRARY)
@runs("show_queue", AT)
@runs("back", AT)
async def test_a_key_shows_the_lists_with_their_counts(tmp_path: Path) -> None:
    folder, disc = tmp_path / "[b]", ps2_disc("SLUS_203.12")
    write_old(folder / "Okami [t-en by X] [red].iso", disc)
    games = {"Harbour [b] (USA)": [rom("x.iso", disc)], "Other (USA)": [rom("y.iso", b"other")]}
    found = write_list(tmp_path / "ps2.dat", games, name="Sony - [red] PlayStation 2")
    for words in (["scan", str(folder)], ["dat", "add", str(found)], ["identify", str(folder)]):
        assert run([*words, "--state", str(tmp_path / "state")]) == 0
    async with opened(tmp_path, titles=(), folders=[folder], width=140) as desk:
        await desk.press("I")
        desk.in_front(DatfilesScreen)
        assert desk.rows == ["Sony - [red] PlayStation 2, Redump | 2026-08-01 | 2 | 1 | 0 | 0 | 0 | 0 | 1"]
        assert desk.lines("summary") == "1 datfile: you have 1 of 2 games"
        assert "0 not decoded yet, 0 other revisions" in desk.lines("about")
        await desk.resize(80, 24)
        assert "MISSING" in desk.text
        await desk.press("w")
        desk.in_front(QueueScreen)
        await desk.press("escape", "escape")
        desk.in_front(LibraryScreen)


async def test_without_lists_the_screen_names_the_command(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.press("I")
        assert desk.lines("summary") == "No datfile is loaded: run discpress dat add FILE."

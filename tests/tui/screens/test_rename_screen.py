"""New names in the app: the plan by key, the rename, and its words."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import LIBRARY, opened
from command_line import write_old
from dat_lists import rom, write_list
from memory_cds import ps2_disc

from discpress.engine.cli.main import run
from discpress.engine.convert.renaming.names import Pattern
from discpress.engine.convert.renaming.plan import FileRename, RenamePlan
from discpress.engine.store.rows.keys import path_key
from discpress.tui.commands import Keys, Place
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.rename import RenameScreen, about_plan, result_of, summary_of

runs = pytest.mark.runs
AT = Place.RENAME
DVD = ps2_disc("SLUS_203.12")
OLD, GAME = "Okami [t-en by X] [red].iso", "Harbour: The [b] Game (USA)"
NEW, OPL = "Harbour_ The [b] Game (USA).iso", "SLUS_203.12.Harbour_ The [b] Game.iso"
PLAN = RenamePlan(
    replace(LIBRARY[0], path=Path("/games/[b]/old.cue")),
    (FileRename("1.bin", "New (Track 1).bin"), FileRename("old.cue", "New.cue")),
    "Redump 2026-08-01: exact: New",
)
STAYS = RenamePlan(LIBRARY[1], problem="no list has this very disc")


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A folder with an identified DVD and one that no list has."""
    folder = tmp_path / "[b]"
    write_old(folder / OLD, DVD)
    write_old(folder / "other.iso", ps2_disc("SLUS_203.13"))
    found = write_list(tmp_path / "ps2.dat", {GAME: [rom("x.iso", DVD)]})
    for words in (["scan", str(folder)], ["dat", "add", str(found)], ["identify", str(folder / OLD)]):
        assert run([*words, "--state", str(tmp_path / "state")]) == 0
    return folder


@pytest.mark.slow
@runs("rename", Place.LIBRARY)
@runs("rename_titles", AT)
@runs("choose_names", AT)
@runs("show_queue", AT)
@runs("back", AT)
async def test_n_plans_names_and_enter_renames_what_a_list_has(games: Path, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[games], width=140) as desk:
        desk.view.marks |= {path_key(games / OLD), path_key(games / "other.iso")}
        await desk.press("n")
        desk.in_front(RenameScreen)
        rows = [row.split(" | ") for row in sorted(desk.rows, reverse=True)]
        assert [row[0] for row in rows] == ["other.iso", OLD]
        assert [row[2] for row in rows] == ["", NEW]
        assert [row[3].partition(":")[0] for row in rows] == ["stays", "Redump 2026-08-01"]
        assert "1 of 2 titles can be renamed" in desk.lines("summary")
        await desk.press("N", "down", "enter")
        assert any(OPL in row for row in desk.rows)
        await desk.press("w")
        desk.in_front(QueueScreen)
        await desk.press("escape", "escape")
        desk.in_front(LibraryScreen)
        assert (games / OLD).exists()
        await desk.press("n", "enter")
        desk.in_front(LibraryScreen)
        assert desk.told == [f"Renamed to {NEW}: discpress rename --undo takes it back."]
        assert (games / NEW).read_bytes() == DVD
        assert games / NEW in desk.view.titles
        assert desk.view.marks == {path_key(games / "other.iso")}
    assert run(["rename", "--undo", "--state", str(tmp_path / "state")]) == 0
    assert (games / OLD).read_bytes() == DVD


@pytest.mark.slow
async def test_a_title_whose_plan_is_another_by_now_stays(games: Path, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[games]) as desk:
        desk.view.marks |= {path_key(games / OLD)}
        await desk.press("n")
        write_old(games / NEW, b"somebody's")
        await desk.press("enter")
        desk.in_front(RenameScreen)
        assert desk.told[0].startswith("Nothing was renamed. 1 title failed: ")
        assert f"{NEW} exists already" in desk.told[0]
        assert (games / NEW).read_bytes() == b"somebody's"
        await desk.press("enter")
        assert desk.told == ["Nothing to rename here. Move the cursor to a title to see why."]


def test_the_first_line_counts_what_can_be_renamed_and_names_the_pattern() -> None:
    text, _ = summary_of([PLAN, STAYS], Pattern.OPL, Keys(), has_lists=True)
    assert text == "1 of 2 titles can be renamed   N names: SLUS_203.12.Title, which OPL reads"
    assert "discpress dat add" in summary_of([STAYS], Pattern.LIST, Keys(), has_lists=False)[0]
    assert "not there any more" in summary_of([], Pattern.LIST, Keys(), has_lists=True)[0]


def test_the_lines_below_have_the_whole_name_and_the_reason() -> None:
    assert ["".join(text for text, _ in line) for line in about_plan(PLAN, 80)] == [
        "-> New.cue",
        "Redump 2026-08-01: exact: New; 1 other file with it",
    ]
    assert about_plan(STAYS, 80)[-1] == [("stays: no list has this very disc", "bad")]


def test_the_result_tells_of_failures_and_of_the_way_back() -> None:
    new = Path("/games/New.cue")
    assert result_of([new, new], [], [], Keys()) == "Renamed 2 titles: discpress rename --undo takes it back."
    assert result_of([], ["x: gone"], [], Keys()) == "Nothing was renamed. 1 title failed: x: gone"
    assert result_of([new], [], ["a list"], Keys()).endswith("Press ! for all messages.")

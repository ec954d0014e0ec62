"""The discs of one game in the app: one row that unfolds and folds by its keys, on the smallest terminal as well."""

from pathlib import Path

import pytest
from app_desk import FAMILY, opened

from discpress.tui.commands import Place

runs = pytest.mark.runs
AT = Place.LIBRARY


@runs("unfold", AT)
@runs("fold", AT)
async def test_right_shows_the_discs_of_a_game_and_left_folds_them(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"saga", "enter", titles=FAMILY) as desk:
        assert "  ▸ Saga (2 discs)" in desk.text
        assert "7.81 GiB 4.98 GiB" in desk.text
        await desk.press("right", "down")
        assert "▾ Saga (disc 1)" in desk.text
        assert desk.view.rows[desk.table.cursor].path.name == "Saga (Disc 2).iso"
        await desk.press("left")
        assert (len(desk.rows), desk.title) == (1, "Saga")


async def test_a_row_that_does_not_fold_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, "right", titles=FAMILY) as desk:
        assert desk.told == ["This row stands for one image."]
        await desk.press("left")
        assert desk.told == ["There is nothing to fold here."]


async def test_a_game_is_planned_with_all_its_discs(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"saga", "enter", "c", titles=FAMILY) as desk:
        assert [row.split(" | ")[0] for row in desk.rows] == ["Saga (disc 1) SLUS-20001", "Saga (disc 2) SLUS-20002"]


@runs("group", AT)
async def test_a_library_is_grouped_folded_and_marked_by_its_groups(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "G", "down", "down", "enter", titles=FAMILY, width=200, height=50) as desk:
        assert [row.split(" | ")[1] for row in desk.rows[:2]] == ["▾ PS2", "Dense Films"]
        assert desk.title == "Dense Films"
        await desk.press("left")
        assert [row.split(" | ")[1] for row in desk.rows[:2]] == ["▸ PS2", "▾ PSP"]
        assert "titles   8 images" in desk.lines("pane")
        await desk.press("enter", "right")
        assert desk.told == ["All titles of this group are shown."]
        await desk.press("space")
        assert len(desk.view.marks) == 8


async def test_a_group_is_not_measured_copied_or_given_a_target_and_a_search_unfolds_it(tmp_path: Path) -> None:
    async with opened(tmp_path, "G", "down", "down", "enter", "left", titles=FAMILY) as desk:
        for key in "b", "y", "T":
            await desk.press(key)
            assert desk.told == ["This row is a group. Move the cursor to one of its titles."]
        await desk.press("colon", *"velvet", "enter")
        assert desk.title == "Velvet"


async def test_the_palette_groups_and_the_benchmark_steps_from_title_to_title(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"group by folder", "enter", titles=FAMILY) as desk:
        assert desk.view.groups.by == "folder"
        await desk.press("down", "b")
        assert f"1 of {len(desk.view.groups.without_heads(desk.view.rows))}" in desk.text
        await desk.press("left")
        assert desk.told == ["This is the first title of the library."]

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

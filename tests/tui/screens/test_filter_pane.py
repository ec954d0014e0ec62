"""The pane of filters beside the library, by mouse and by keys."""

from pathlib import Path

import pytest
from app_desk import LIBRARY, opened

from discpress.tui.commands import Place
from discpress.tui.widgets.facets import Facets

pytestmark = pytest.mark.slow

runs = pytest.mark.runs


async def test_a_click_on_a_count_filters_by_it_and_once_more_no_longer(tmp_path: Path) -> None:
    async with opened(tmp_path, width=160, height=40) as desk:
        y = next(y for y, text in enumerate(desk.lines("facets").splitlines()) if text.startswith("PSP"))
        assert "PSP" in desk.lines("facets")
        await desk.click("#facets", 3, y + 1)
        assert [each.title for each in desk.view.rows] == ["Pocket Orrery: The Game"]
        await desk.click("#facets", 3, y + 1)
        assert len(desk.view.rows) == len(LIBRARY)


@runs("filter_pane", Place.LIBRARY)
async def test_counts_are_chosen_by_keys_one_of_a_kind_and_once_more_no_longer(tmp_path: Path) -> None:
    async with opened(tmp_path, "tab", width=200, height=50) as desk:
        assert "enter: take  esc: back" in desk.text
        await desk.press("enter")
        assert desk.view.filter_text == "sys:ps2"
        await desk.press("end", "space")
        assert desk.view.filter_text == "sys:ps2 state:ready"
        await desk.press("home", "down", "j", "enter")
        assert desk.view.filter_text == "state:ready sys:psp"
        await desk.press("enter")
        assert desk.view.filter_text == "state:ready"
        await desk.press("escape", "space")
        assert (len(desk.view.marks), desk.app.focused) == (1, desk.table)
        assert "tab: choose" in desk.text


async def test_the_cursor_of_the_filter_pane_stays_on_its_count_and_in_sight(tmp_path: Path) -> None:
    async with opened(tmp_path, "tab", "end", width=160, height=16) as desk:
        pane = desk.app.screen.query_one("#facets", Facets)
        assert pane.lines[-1][0][0].strip() in desk.text
        await desk.press("enter", "home", "home")
        assert "PS2" in desk.text


async def test_a_terminal_that_shrinks_takes_the_keys_from_the_filter_pane(tmp_path: Path) -> None:
    async with opened(tmp_path, "tab", width=160, height=40) as desk:
        await desk.resize(120, 36)
        assert desk.app.focused is desk.table
        await desk.press("tab")
        assert desk.told == ["The filter pane needs 160 columns. Press / to type a filter."]
        assert desk.app.focused is desk.table

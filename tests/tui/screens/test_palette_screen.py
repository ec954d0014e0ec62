"""The palette: commands and titles by a few letters, and what Enter does with them."""

from pathlib import Path

import pytest
from app_desk import opened

from discpress.tui.screens.detail import DetailScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.palette import PaletteScreen
from discpress.tui.screens.plan import PlanScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.tune import TuneScreen


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("conv", "c"),
        ("convert", "c"),
        ("queue", "w"),
        ("tune", "t"),
        ("mark all", "a"),
        ("re-scan", "r"),
        ("clip", "y"),
        ("undo", "u"),
    ],
)
async def test_the_best_match_is_the_first(typed: str, keys: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *typed) as desk:
        assert desk.in_front(PaletteScreen).hits[0].name == keys


@pytest.mark.parametrize(
    ("typed", "screen"), [("conv", PlanScreen), ("queue", QueueScreen), ("tune", TuneScreen), ("details", DetailScreen)]
)
async def test_enter_does_what_the_cursor_stands_on(typed: str, screen: type[LibraryScreen], tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "ctrl+p", *typed, "enter") as desk:
        desk.in_front(screen)


async def test_a_command_of_anywhere_is_done_too(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"quit", "enter") as desk:
        assert desk.has_ended


async def test_the_arrows_move_while_the_input_keeps_the_focus(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", "down", "down") as desk:
        assert desk.table.cursor == 2
        assert desk.app.focused is desk.app.screen.query_one("#palette")
        await desk.press("up")
        assert desk.table.cursor == 1
        await desk.press("pagedown")
        assert desk.table.cursor > 5
        await desk.press("pageup", "pageup")
        assert desk.table.cursor == 0


@pytest.mark.parametrize("typed", ["saga", "slus20002", "SLUS-20002"])
async def test_titles_are_found_too(typed: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *typed) as desk:
        assert any(hit.name == "PS2 title" for hit in desk.in_front(PaletteScreen).hits)


async def test_a_title_is_gone_to_though_a_filter_hides_it(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"saga", "enter", "w", "colon", *"velvet", "enter") as desk:
        desk.in_front(LibraryScreen)
        assert desk.title == "Velvet"
        assert desk.view.filter_text == ""


async def test_nothing_found_and_enter_do_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"zzzz", "enter") as desk:
        assert desk.in_front(PaletteScreen).hits == []
        await desk.press("escape")
        desk.in_front(LibraryScreen)


async def test_a_bracket_is_a_letter(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon") as desk:
        await desk.paste("[t-en")
        assert [hit.text for hit in desk.in_front(PaletteScreen).hits] == ["Okami SLUS-21115"]


async def test_a_row_that_is_clicked_twice_is_done(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"queue") as desk:
        await desk.click("#palette-list", 12, 1)
        desk.in_front(QueueScreen)


async def test_a_title_comes_before_commands_that_only_have_its_letters(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"vel") as desk:
        assert desk.in_front(PaletteScreen).hits[0].text.startswith("Velvet")

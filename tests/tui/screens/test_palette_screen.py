"""The palette: commands and titles by a few letters, and what Enter does with them."""

from pathlib import Path

import pytest
from app_desk import opened

from discpress.engine.config import load_config
from discpress.tui.screens.detail import DetailScreen
from discpress.tui.screens.help import HelpScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.palette import PaletteScreen
from discpress.tui.screens.plan import PlanScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.tune import TuneScreen

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("conv", "c"),
        ("convert", "c"),
        ("queue", "w"),
        ("tune", "t"),
        ("mark all", "a"),
        ("rescan", "r"),
        ("copy", "y"),
        ("trash", "u"),
        ("sort", "s"),
    ],
)
async def test_the_best_match_is_the_first(typed: str, keys: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *typed) as desk:
        assert desk.in_front(PaletteScreen).hits[0].key == keys


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
        assert any(hit.key == "PS2 title" for hit in desk.in_front(PaletteScreen).hits)


async def test_a_title_is_gone_to_though_a_filter_hides_it(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"saga", "enter", "w", "colon", *"velvet", "enter") as desk:
        desk.in_front(LibraryScreen)
        assert desk.title == "Velvet"
        assert desk.view.filter_text == ""


async def test_nothing_found_and_enter_do_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"zzzz", "enter") as desk:
        assert desk.in_front(PaletteScreen).hits == []
        assert "Nothing here has these words" in desk.text
        await desk.press("escape")
        desk.in_front(LibraryScreen)


async def test_a_bracket_is_a_letter(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon") as desk:
        await desk.paste("[t-en")
        assert [hit.name for hit in desk.in_front(PaletteScreen).hits] == ["Okami SLUS-21115"]


async def test_a_row_that_is_clicked_twice_is_done(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"queue") as desk:
        await desk.click("#palette-list", 12, 1)
        desk.in_front(QueueScreen)


async def test_a_title_comes_before_commands_that_only_have_its_letters(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"vel") as desk:
        assert desk.in_front(PaletteScreen).hits[0].name.startswith("Velvet")


async def test_a_word_inside_a_sentence_finds_no_command(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon") as desk:
        for typed in ("title", "discs", "clipboard", "choose"):
            await desk.paste(typed)
            assert not [hit for hit in desk.in_front(PaletteScreen).hits if typed not in hit.name.lower()], typed


async def test_a_theme_is_found_by_its_name(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, "colon", *"theme: lig", "enter") as desk:
        assert desk.app.theme == "discpress-light"
        assert load_config(config_file).theme == "light"


async def test_a_target_is_found_by_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"pcsx2") as desk:
        assert desk.in_front(PaletteScreen).hits[0].name == "Target: PCSX2 (PS2)"
        await desk.press("enter")
        assert dict(desk.session.config.targets) == {"ps2": "pcsx2"}


async def test_a_column_to_sort_by_is_found_by_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"sort by sav", "enter") as desk:
        assert desk.view.sort_key == "saving"


async def test_a_format_is_found_in_tune(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "t", "T", "end", "enter", "colon", *"format: cso", "enter") as desk:
        assert "format CSO" in desk.lines("text")


async def test_read_only_offers_no_value_that_is_saved(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", *"theme", is_read_only=True) as desk:
        assert desk.in_front(PaletteScreen).hits == []


async def test_the_help_is_searched_by_key_name_and_sentence(tmp_path: Path) -> None:
    async with opened(tmp_path, "question_mark") as desk:
        for typed, first in (("w", "w"), ("queue", "w"), ("restore", "u"), ("clipboard", "y")):
            await desk.paste(typed)
            assert desk.in_front(HelpScreen).hits[0].key == first


async def test_the_help_runs_the_line_under_the_cursor(tmp_path: Path) -> None:
    async with opened(tmp_path, "question_mark", *"queue", "enter") as desk:
        desk.in_front(QueueScreen)


async def test_a_line_of_the_help_that_only_explains_runs_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, "question_mark", *"sys:ps2", "enter") as desk:
        assert desk.rows[0].startswith("sys:ps2 | Filter word | System")
        desk.in_front(HelpScreen)


async def test_the_help_names_the_command_for_the_settings_file(tmp_path: Path) -> None:
    async with opened(tmp_path, "question_mark", *"queue") as desk:
        assert "Name in the settings file: show_queue" in " ".join(desk.lines("about").split())

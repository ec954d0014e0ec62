"""Keys that come in one burst, as on a slow line: what is not there any more takes none of them."""

import random
from pathlib import Path

import pytest
from app_desk import Desk, opened, title
from headless_app import settle
from textual import events

from discpress.tui.commands import Place, bindings_at
from discpress.tui.screens.detail import DetailScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.palette import PaletteScreen
from discpress.tui.screens.trash import TrashScreen

pytestmark = pytest.mark.slow


async def burst(desk: Desk, *keys: str) -> None:
    """Send keys without waiting for what each of them does."""
    for key in keys:
        desk.app.post_message(events.Key(key, key if len(key) == 1 else None))
    await settle(desk.pilot)


@pytest.mark.parametrize("count", [2, 3, 5])
async def test_a_palette_that_is_answered_twice_takes_no_other_screen_with_it(count: int, tmp_path: Path) -> None:
    async with opened(tmp_path, "colon") as desk:
        desk.in_front(PaletteScreen)
        await burst(desk, *["enter"] * count)
        assert not desk.has_ended
        assert any(isinstance(each, LibraryScreen) for each in desk.app.screen_stack)


@pytest.mark.parametrize("opening", ["enter", "u", "w", "colon", "t", "c", "b", "comma"])
async def test_screens_that_are_left_at_once_do_no_harm(opening: str, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=[title("One.iso", 100)]) as desk:
        for _ in range(8):
            for key in (opening, "escape"):
                desk.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await settle(desk.pilot)
        assert not desk.has_ended


async def test_what_is_found_late_finds_no_screen_and_does_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path, "enter", titles=[title("One.iso", 100)]) as desk:
        detail = desk.app.screen
        assert isinstance(detail, DetailScreen)
        await desk.press("escape", "u")
        trash = desk.app.screen
        assert isinstance(trash, TrashScreen)
        await desk.press("escape")
        detail._found([], "too late")
        trash._say_silence()
        await settle(desk.pilot)
        desk.in_front(LibraryScreen)


LEAVING = {"q", "ctrl+q", "ctrl+c"}
EVERY_KEY = sorted({key for place in Place for each in bindings_at(place) for key in each.key.split(",")} - LEAVING)
COMMON = ["enter", "escape", "up", "down", "left", "right", "tab", "space"]


@pytest.mark.parametrize("seed", range(3))
async def test_bursts_of_any_keys_end_nothing(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    async with opened(tmp_path) as desk:
        for _ in range(40):
            keys = [chance.choice(EVERY_KEY + COMMON * 2) for _ in range(chance.randint(1, 8))]
            for key in keys:
                desk.app.post_message(events.Key(key, key if len(key) == 1 else None))
            if chance.random() < 0.5:
                await settle(desk.pilot)
            assert not desk.has_ended, keys
        await settle(desk.pilot)
        assert any(isinstance(each, LibraryScreen) for each in desk.app.screen_stack)


async def test_keys_behind_the_one_that_leaves_do_no_harm(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await burst(desk, "q", "c", "enter", "q", "t")
        assert desk.app.return_code == 0


async def test_a_key_of_a_burst_finds_the_screen_that_the_key_before_it_opens(tmp_path: Path) -> None:
    """The screen is asked for by a message, and the second key is in the queue before that."""
    async with opened(tmp_path, titles=[title("One.iso", 100)]) as desk:
        await burst(desk, "c", "o")
        assert "originals: move to trash" in desk.text


async def test_the_letter_of_a_column_may_be_typed_ahead(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await burst(desk, "s", "s", "down")
        assert (desk.view.sort_key, desk.table.cursor) == ("saving", 1)


async def test_a_filter_may_be_typed_ahead_and_so_may_the_command_behind_it(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=[title("One.iso", 100), title("Two.iso", 100)]) as desk:
        await burst(desk, "slash", *"two", "enter", "c")
        assert "Two.zso" in desk.text
        assert "One.zso" not in desk.text


async def test_a_paste_goes_into_the_filter_that_the_key_before_it_opens(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=[title("One.iso", 100), title("Two.iso", 100)]) as desk:
        desk.app.post_message(events.Key("slash", "/"))
        desk.app.post_message(events.Paste("two"))
        await settle(desk.pilot)
        assert "1 of 2 shown" in desk.text


async def test_a_widget_that_is_taken_down_with_a_key_does_not_keep_the_next_one(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=[title("One.iso", 100)]) as desk:
        await burst(desk, "enter", "escape", "escape", "t", "escape", "u")
        desk.in_front(TrashScreen)

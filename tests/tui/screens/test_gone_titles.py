"""Titles whose files go away while a screen is about them: that is said, and no key does harm."""

from pathlib import Path

import pytest
from app_desk import Desk, opened, title

from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.tui.commands import Place, bindings_at

pytestmark = pytest.mark.slow

NAMES = ("One.iso", "Two.iso")
LEAVING = {"q", "escape", "ctrl+q"}


async def lose(desk: Desk, *names: str) -> None:
    """Let a scan find that files are gone."""
    desk.store.forget([Path("/games") / name for name in names])
    await desk.look()


@pytest.mark.parametrize(
    ("opening", "place"), [("c", Place.PLAN), ("t", Place.TUNE), ("b", Place.BENCH), ("enter", Place.DETAIL)]
)
async def test_no_key_ends_the_app_where_the_title_is_gone(opening: str, place: Place, tmp_path: Path) -> None:
    keys = [key for each in bindings_at(place) for key in each.key.split(",")]
    async with opened(tmp_path, opening, titles=[title("One.iso", 100)]) as desk:
        await lose(desk, "One.iso")
        screen = desk.app.screen
        for key in sorted(set(keys) - LEAVING):
            await desk.press(key)
            if desk.app.screen is not screen:
                await desk.press("escape")
            assert not desk.has_ended, key
            assert desk.app.screen is screen, key


async def test_a_plan_without_titles_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path, "c", titles=[title("One.iso", 100)]) as desk:
        await lose(desk, "One.iso")
        assert "not there any more" in desk.lines("summary")
        await desk.press("enter")
        assert "not there any more" in desk.told[-1]


async def test_a_plan_goes_on_with_the_titles_that_are_left(tmp_path: Path) -> None:
    async with opened(tmp_path, "a", "c", titles=[title(name, 100) for name in NAMES]) as desk:
        await lose(desk, "One.iso")
        assert "not there any more" not in desk.lines("summary")
        assert len(desk.rows) == 1


async def test_tune_says_it_and_keeps_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, "t", titles=[title("One.iso", 100)]) as desk:
        await lose(desk, "One.iso")
        assert "The file is not there any more." in desk.lines("text")
        await desk.press("1")
        assert desk.told[-1] == "The file is not there any more."


async def test_tune_goes_on_with_the_titles_that_are_left(tmp_path: Path) -> None:
    async with opened(tmp_path, "a", "t", titles=[title(name, 100) for name in NAMES]) as desk:
        await lose(desk, "One.iso")
        assert desk.lines("text").startswith("Tune Two")
        assert desk.session.background_tasks.pending(TaskKind.GRID) == 2


async def test_the_details_say_it_for_each_key_that_needs_the_title(tmp_path: Path) -> None:
    keys = {each.action: each.key.split(",")[0] for each in bindings_at(Place.DETAIL)}
    async with opened(tmp_path, "enter", titles=[title("One.iso", 100)]) as desk:
        await lose(desk, "One.iso")
        for number, action in enumerate(("plan", "repair", "target_next"), 1):
            await desk.press(keys[action])
            said = [notice.text for notice in desk.app.notifier.shown]
            assert said == ["The file is not there any more."] * number, action


async def test_the_bench_says_it(tmp_path: Path) -> None:
    async with opened(tmp_path, "b", titles=[title("One.iso", 100)]) as desk:
        await lose(desk, "One.iso")
        assert "its file is gone" in desk.lines("head")

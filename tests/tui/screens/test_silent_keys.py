"""No key is silent: on every kind of row it does something that can be seen, or a message gives the reason."""

from pathlib import Path
from typing import Any

import pytest
from app_desk import LIBRARY, Desk, opened, title
from headless_app import paint
from textual.widgets import Input

from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.commands import Place, bindings_at

pytestmark = pytest.mark.slow

LEAVING = {"back", "quit", "confirm"}
BY_NAME = {each.path.name: each for each in LIBRARY}
ROWS = ("Game 2.iso", "Dense Films.iso", "Velvet.zso", "Broken.cso", "Saga (Disc 1).iso")
"""Ready, hardly to be packed, packed, unreadable, one of a set."""


def keys_of(place: Place) -> list[str]:
    return [each.key.split(",")[0] for each in bindings_at(place) if each.action not in LEAVING]


def seen(desk: Desk) -> tuple[Any, ...]:
    """What a user sees: the screen with its colours, messages, and what stands in the clipboard and in an input."""
    notices = len(desk.app.notifier.shown)
    return desk.app.screen, paint(desk.app), notices, desk.app.clipboard, desk.typed, desk.app.focused


async def silent_keys(desk: Desk, place: Place) -> list[str]:
    """Press each key of a place, and go back to its screen; return the keys without an answer."""
    silent, screen = [], desk.app.screen
    for key in keys_of(place):
        before = seen(desk)
        await desk.press(key)
        if seen(desk) == before:
            silent.append(key)
        assert all("\n" not in notice and notice.strip() for notice in desk.told), key
        if desk.app.screen is not screen or isinstance(desk.app.focused, Input):
            await desk.press("escape")
        assert desk.app.screen is screen, key
    return silent


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    ("place", "opening"), [(Place.LIBRARY, ""), (Place.DETAIL, "enter"), (Place.PLAN, "c"), (Place.BENCH, "b")]
)
async def test_every_key_answers_on_every_kind_of_title(place: Place, opening: str, name: str, tmp_path: Path) -> None:
    async with opened(tmp_path, *filter(None, [opening]), titles=[BY_NAME[name]]) as desk:
        assert await silent_keys(desk, place) == []


@pytest.mark.parametrize("name", ["Game 2.iso", "Velvet.zso"])
async def test_every_key_of_tune_answers(name: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "t", titles=[BY_NAME[name]]) as desk:
        assert await silent_keys(desk, Place.TUNE) == []


async def test_every_key_of_tune_answers_for_an_iso(tmp_path: Path) -> None:
    async with opened(tmp_path, "t", titles=[BY_NAME["Game 2.iso"]]) as desk:
        await desk.press("f", "end", "enter")
        assert "An ISO has no blocks" in desk.lines("text")
        for key in ("up", "down", "left", "right", "A", "g"):
            before = seen(desk)
            await desk.press(key)
            assert seen(desk) != before, key


async def test_tune_names_the_ends_of_the_grid(tmp_path: Path) -> None:
    async with opened(tmp_path, "t", titles=[BY_NAME["Game 2.iso"]]) as desk:
        await desk.press(*["up"] * 9)
        assert desk.told[-1] == "This is the smallest block size."
        await desk.press(*["right"] * 20)
        assert desk.told[-1] == "This is the highest level."


async def test_every_key_of_an_empty_library_answers(tmp_path: Path) -> None:
    (tmp_path / "games").mkdir()
    async with opened(tmp_path, titles=[], folders=[tmp_path / "games"]) as desk:
        assert await silent_keys(desk, Place.LIBRARY) == []


async def test_every_key_answers_if_the_filter_hides_all(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=LIBRARY) as desk:
        for key in keys_of(Place.LIBRARY):
            await desk.press("slash", "x", "x", "x", "enter")
            before = seen(desk)
            await desk.press(key)
            assert seen(desk) != before, key
            while len(desk.app.screen_stack) > 1:
                await desk.press("escape")


async def test_every_key_of_an_empty_queue_answers(tmp_path: Path) -> None:
    async with opened(tmp_path, "w") as desk:
        assert await silent_keys(desk, Place.QUEUE) == []


async def test_every_key_of_an_empty_trash_answers(tmp_path: Path) -> None:
    async with opened(tmp_path, "u") as desk:
        for each in bindings_at(Place.TRASH):
            if each.action not in {*LEAVING, "clear_filter"}:
                before = seen(desk)
                await desk.press(each.key.split(",")[0])
                assert seen(desk) != before, each.key
                if isinstance(desk.app.focused, Input):
                    await desk.press("escape")


async def one_job(desk: Desk, state: JobState) -> None:
    """Show a queue with one job in that state."""
    (job,) = desk.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
    if state is not JobState.QUEUED:
        desk.queue.start(job)
    match state:
        case JobState.DONE:
            desk.queue.finish(job, {})
        case JobState.FAILED:
            desk.queue.fail(job, SpaceError("the disk is full", hint="free some"))
        case JobState.SKIPPED:
            desk.queue.skip(job, "it would grow")
        case _:
            pass
    await desk.look()
    await desk.press("w")


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.DONE, JobState.FAILED, JobState.SKIPPED])
async def test_every_key_answers_on_every_kind_of_job(state: JobState, tmp_path: Path) -> None:
    silent, keys = [], keys_of(Place.QUEUE)
    while keys:
        async with opened(tmp_path / str(len(keys)), titles=[title("Game 2.iso", 100)]) as desk:
            await one_job(desk, state)
            screen, jobs = desk.app.screen, desk.queue.jobs()
            while keys and desk.app.screen is screen and desk.queue.jobs() == jobs:  # the job is as it was
                key, before = keys.pop(), seen(desk)
                await desk.press(key)
                if seen(desk) == before and desk.queue.jobs()[0].wanted is None:
                    silent.append(key)
                if desk.app.screen is not screen or isinstance(desk.app.focused, Input):
                    await desk.press("escape")
    assert silent == []


async def test_every_key_of_the_settings_answers(tmp_path: Path) -> None:
    async with opened(tmp_path, "comma") as desk:
        assert await silent_keys(desk, Place.SETTINGS) == []


@pytest.mark.parametrize("place", [Place.PLAN, Place.DETAIL, Place.TUNE])
async def test_every_key_answers_after_the_title_has_gone(place: Place, tmp_path: Path) -> None:
    opening = {Place.PLAN: "c", Place.DETAIL: "enter", Place.TUNE: "t"}[place]
    asks = {"plan", "tune", "bench", "confirm", "originals", "conflict", "even_useless", "choose_folder", "forget"}
    async with opened(tmp_path, opening, titles=[title("One.iso", 100)]) as desk:
        desk.store.forget([Path("/games/One.iso")])
        await desk.look()
        for each in bindings_at(place):
            if each.action in asks:
                before = seen(desk)
                await desk.press(each.key.split(",")[0])
                assert seen(desk) != before, each.key

"""The commands that are valid on every screen, by their keys: help, palette, leaving, suspending."""

import os
import signal
from pathlib import Path

import pytest
from app_desk import LIBRARY, Desk, opened
from app_places import KEYS_TO, go_to

from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.model import Title
from discpress.tui.commands import Place, all_key_labels, commands_at
from discpress.tui.screens.base import DiscScreen
from discpress.tui.screens.help import HelpScreen
from discpress.tui.screens.palette import PaletteScreen

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
EVERYWHERE = (*KEYS_TO, Place.FIRST_RUN)


def titles_of(place: Place) -> tuple[Title, ...]:
    """The first run is shown where nothing is known."""
    return () if place is Place.FIRST_RUN else LIBRARY


async def leave(desk: Desk, place: Place, key: str) -> None:
    await desk.press(key)
    if place is Place.LOG:  # a job waits: the question comes
        await desk.press("enter")
    assert desk.has_ended


@runs("help", *KEYS_TO)
@runs("messages", *KEYS_TO)
@pytest.mark.parametrize("place", KEYS_TO)
async def test_help_lists_every_key_of_its_place_and_the_messages_are_shown_again(place: Place, tmp_path: Path) -> None:
    async with opened(tmp_path, width=120, height=60) as desk:
        await go_to(desk, place)
        await desk.press("question_mark")
        desk.in_front(HelpScreen)
        for command in commands_at(place):
            assert f"{all_key_labels(command, {})} | {command.title} | {command.help}" in desk.rows
        await desk.press("escape")
        desk.app.notifier.notify("a message")
        await desk.press("exclamation_mark", "exclamation_mark")
        assert "a message" in desk.lines("text")
        await desk.press("escape")
        assert desk.in_front(DiscScreen).PLACE is place
        await leave(desk, place, "ctrl+c")


async def check_palette(desk: Desk, place: Place) -> None:
    """It lists what is valid at its place."""
    await desk.press("ctrl+p")
    listed = [hit.about for hit in desk.in_front(PaletteScreen).hits]
    assert listed == [command.help for command in commands_at(place) if command.in_palette]
    await desk.press("escape")
    assert desk.in_front(DiscScreen).PLACE is place


async def check_redraw(desk: Desk) -> None:
    """It draws the screen again."""
    forgotten = []
    desk.app.forget_screen = lambda: forgotten.append(desk.app.screen)
    await desk.press("ctrl+l")
    assert forgotten == [desk.app.screen]


async def check_suspension(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is stopped as a whole, and goes on."""
    sent: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "kill", lambda _, number: sent.append(number))
        patch.setattr(type(desk.app._driver), "can_suspend", True)
        await desk.press("ctrl+z")
    assert sent in ([signal.SIGTSTP], [signal.SIGSTOP])
    assert not desk.has_ended


@runs("palette", *EVERYWHERE)
@runs("redraw", *EVERYWHERE)
@runs("suspend_process", *EVERYWHERE)
@runs("quit_anywhere", *EVERYWHERE)
@pytest.mark.parametrize("place", EVERYWHERE)
async def test_palette_redraw_suspension_and_leaving_work(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One app for all of them: none of the first three leaves a mark."""
    async with opened(tmp_path, titles=titles_of(place)) as desk:
        await go_to(desk, place)
        await check_palette(desk, place)
        await check_redraw(desk)
        await check_suspension(desk, monkeypatch)
        await leave(desk, place, "ctrl+q")


async def test_ctrl_c_leaves_the_first_run(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await leave(desk, Place.FIRST_RUN, "ctrl+c")


@pytest.mark.parametrize("opening", [["colon"], ["w", "x"], ["down", "c", "F"], ["comma", "plus"], ["s"]])
@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
async def test_a_question_does_not_lock_the_user_in(opening: list[str], key: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        (job,) = desk.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
        desk.queue.start(job)
        await desk.look()
        await desk.press(*opening)
        await desk.press(key)
        desk.queue.finish(job, {})
        await desk.press("escape", "ctrl+q")
        assert desk.has_ended

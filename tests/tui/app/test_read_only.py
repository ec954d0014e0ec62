"""--read-only: what writes is not there, neither by a key nor in footer, help and palette."""

from pathlib import Path

import pytest
from app_desk import opened
from app_places import go_to

from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.commands import COMMANDS, Place
from discpress.tui.screens.base import DiscScreen
from discpress.tui.screens.help import HelpScreen
from discpress.tui.screens.palette import PaletteScreen

pytestmark = pytest.mark.slow

PLACES = (Place.LIBRARY, Place.DETAIL, Place.DUPLICATES, Place.DATFILES, Place.QUEUE, Place.LOG, Place.BENCH)
"""What can be reached; the other screens are for writing."""
WRITING = [(place, command) for place in PLACES for command in COMMANDS if command.writes and place in command.places]


def test_every_screen_that_is_for_writing_is_opened_by_a_command_that_writes() -> None:
    openers = {
        "tune": Place.TUNE,
        "plan": Place.PLAN,
        "rename": Place.RENAME,
        "deploy": Place.DEVICE,
        "show_trash": Place.TRASH,
        "show_settings": Place.SETTINGS,
    }
    hidden = {
        place for command in COMMANDS if command.writes for name, place in openers.items() if command.name == name
    }
    assert hidden | set(PLACES) | {Place.ANYWHERE, Place.FIRST_RUN} == set(Place)


@pytest.mark.parametrize("place", PLACES)
async def test_its_keys_only_say_why(place: Place, tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, is_read_only=True) as desk:
        desk.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))] * 2)
        await desk.look()
        await go_to(desk, place)
        jobs = desk.queue.jobs()
        for key in (key for at, command in WRITING if at is place for key in command.keys.split(",")):
            desk.app.notifier.notify("another message")
            await desk.press(key)
            assert desk.in_front(DiscScreen).PLACE is place, key
            assert desk.told[-1] == "discpress was started with --read-only: it changes nothing.", key
        assert desk.queue.jobs() == jobs
        assert all(job.state is JobState.QUEUED for job in jobs)
        assert not config_file.exists()


@pytest.mark.parametrize("place", PLACES)
async def test_it_is_in_no_list_of_what_can_be_done(place: Place, tmp_path: Path) -> None:
    writing = [command for _, command in WRITING]
    async with opened(tmp_path, is_read_only=True, width=200, height=60) as desk:
        await go_to(desk, place)
        footer = desk.text.splitlines()[-1]
        assert not any(f" {command.label}  " in footer for command in writing if command.in_footer)
        await desk.press("ctrl+p")
        assert not {hit.about for hit in desk.in_front(PaletteScreen).hits} & {command.help for command in writing}
        await desk.press("escape", "question_mark")
        assert not {hit.about for hit in desk.in_front(HelpScreen).hits} & {command.help for command in writing}


async def test_looking_and_marking_still_work(tmp_path: Path) -> None:
    async with opened(tmp_path, "space", "slash", *"saga", "enter", "s", "s", "y", is_read_only=True) as desk:
        assert len(desk.view.marks) == 1
        assert len(desk.view.rows) == 2


async def test_the_first_run_opens_a_folder_and_keeps_nothing(tmp_path: Path, config_file: Path) -> None:
    (tmp_path / "games").mkdir()
    async with opened(tmp_path, titles=(), is_read_only=True) as desk:
        await desk.paste(str(tmp_path / "games"))
        await desk.press("enter")
        assert desk.session.folders == (tmp_path / "games",)
        assert not config_file.exists()


@pytest.mark.parametrize("way", [(), ("w",)])
async def test_no_hint_names_the_key_of_what_is_not_there(way: tuple[str, ...], tmp_path: Path) -> None:
    async with opened(tmp_path, *way, is_read_only=True) as desk:
        assert "queue: empty" in desk.text or "The queue is empty." in desk.text
        assert "converts the marked" not in desk.text
        assert "press c" not in desk.text


async def test_the_first_run_promises_that_nothing_is_changed(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), is_read_only=True) as desk:
        assert "Nothing is changed. Escape leaves." in desk.said

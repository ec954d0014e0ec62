"""A disk that does not answer freezes no screen: what asks it is held until the test lets it go."""

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
from app_desk import LIBRARY, Desk, opened

from discpress.engine.deploy.device import read_device
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.store.model import Title
from discpress.engine.system.asking import ask_aside
from discpress.tui import arguments
from discpress.tui.app import disk_queries as inquiry
from discpress.tui.app.disk_queries import DiskQueries
from discpress.tui.app.last_device import save_device
from discpress.tui.arguments import parse_app_words
from discpress.tui.screens.bench import BenchScreen
from discpress.tui.screens.detail import DetailScreen
from discpress.tui.screens.first_run import FirstRun
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.plan import PlanScreen
from discpress.tui.screens.trash import TrashScreen

pytestmark = pytest.mark.slow


class SilentDisk:
    """Stands before functions that look at a disk: they come back when it is woken up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._answers = threading.Event()
        self.asked = 0

    def hold(self, target: str, real: Callable[..., Any]) -> None:
        def held(*values: Any, **named: Any) -> Any:
            self.asked += 1
            self._answers.wait()
            return real(*values, **named)

        self._monkeypatch.setattr(target, held)

    def hold_folder(self, folder: Path) -> None:
        real = Path.stat

        def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
            if path == folder:
                self._answers.wait()
            return real(path, follow_symlinks=follow_symlinks)

        self._monkeypatch.setattr(Path, "stat", stat)

    def wake(self) -> None:
        self._answers.set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentDisk]:
    monkeypatch.setattr(inquiry, "TIMEOUT_S", 0.05)
    disk = SilentDisk(monkeypatch)
    yield disk
    disk.wake()


async def key(desk: Desk, *keys: str) -> None:
    """Press keys without waiting for what they ask of a disk."""
    for each in keys:
        await desk.pilot.press(each)


async def test_the_plan_says_so_can_be_left_and_comes_when_it_answers(tmp_path: Path, disk: SilentDisk) -> None:
    async with opened(tmp_path) as desk:
        from discpress.tui.views.plan import plan_titles

        disk.hold("discpress.tui.screens.plan.plan_titles", plan_titles)
        await key(desk, "a", "c")
        await desk.until(lambda: "does not answer" in desk.lines("summary"))
        await key(desk, "enter")
        await desk.until(lambda: isinstance(desk.app.screen, PlanScreen))
        assert desk.queue.jobs() == []
        await key(desk, "o", "o", "o")
        disk.wake()
        await desk.until(lambda: "originals: move to trash" in desk.lines("summary"))
        await key(desk, "escape")
        await desk.until(lambda: isinstance(desk.app.screen, LibraryScreen))


async def test_a_plan_that_is_changed_asks_a_silent_disk_once(tmp_path: Path, disk: SilentDisk) -> None:
    async with opened(tmp_path) as desk:
        from discpress.tui.views.plan import plan_titles

        disk.hold("discpress.tui.screens.plan.plan_titles", plan_titles)
        await key(desk, "a", "c")
        await desk.until(lambda: disk.asked == 1)
        await key(desk, "o", "e", "h", "o", "e")
        await desk.until(lambda: "does not answer" in desk.lines("summary"))
        assert disk.asked == 1
        disk.wake()


async def test_a_device_that_does_not_answer_is_planned_when_it_does(tmp_path: Path, disk: SilentDisk) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "state").mkdir()
    save_device(tmp_path / "state", tmp_path / "stick", DeviceKind.BATOCERA)
    async with opened(tmp_path) as desk:
        disk.hold("discpress.engine.queue.titles.deploying.read_device", read_device)
        await key(desk, "W")
        await desk.until(lambda: "does not answer" in desk.lines("summary"))
        await key(desk, "enter")
        assert desk.queue.jobs() == []
        disk.wake()
        await desk.until(lambda: "free now" in desk.lines("summary"))
        await key(desk, "escape")
        await desk.until(lambda: isinstance(desk.app.screen, LibraryScreen))


async def test_the_doctor_says_so_and_finds_what_there_is_later(tmp_path: Path, disk: SilentDisk) -> None:
    async with opened(tmp_path, "down", "down") as desk:
        disk.hold("discpress.tui.screens.detail.examine", lambda path, target: [])
        await key(desk, "enter")
        await desk.until(lambda: isinstance(desk.app.screen, DetailScreen))
        await desk.until(lambda: "its disk does not answer" in desk.lines("text"))
        disk.wake()
        await desk.until(lambda: "nothing found" in desk.lines("text"))


async def test_a_job_for_a_title_on_it_is_not_queued_and_that_is_said(tmp_path: Path, disk: SilentDisk) -> None:
    async with opened(tmp_path, "down", "down") as desk:
        disk.hold("discpress.tui.screens.detail.examine", lambda path, target: [])
        disk.hold("discpress.tui.screens.detail.holder_of", lambda path: path)
        await key(desk, "enter", "V")
        await desk.until(lambda: any("its disk does not answer" in each for each in desk.told))
        assert desk.queue.jobs() == []
        disk.wake()


async def test_a_test_of_a_title_on_it_is_not_queued_and_that_is_said(tmp_path: Path, disk: SilentDisk) -> None:
    async with opened(tmp_path, "down", "down", "b") as desk:
        desk.in_front(BenchScreen)
        disk.hold("discpress.tui.screens.bench.lab_request", lambda path, request, name: None)
        await key(desk, "m")
        await desk.until(lambda: any("its disk does not answer" in each for each in desk.told))
        assert desk.queue.jobs() == []


async def test_the_trash_says_so(tmp_path: Path, disk: SilentDisk) -> None:
    from discpress.engine.convert.trash.stopped import list_with_stopped

    async with opened(tmp_path) as desk:
        disk.hold("discpress.tui.screens.trash.list_with_stopped", list_with_stopped)
        await key(desk, "u")
        await desk.until(lambda: isinstance(desk.app.screen, TrashScreen))
        await desk.until(lambda: "a disk does not answer" in desk.lines("status"))
        disk.wake()
        await desk.until(lambda: "0 files in the trash" in desk.lines("status"))


@pytest.mark.parametrize(
    ("titles", "keys"), [((), ()), (LIBRARY, ("comma",))], ids=["at the first start", "in the settings"]
)
async def test_a_folder_that_does_not_answer_is_said_and_another_one_can_be_typed(
    tmp_path: Path, disk: SilentDisk, titles: tuple[Title, ...], keys: tuple[str, ...]
) -> None:
    (tmp_path / "games").mkdir()
    disk.hold_folder(tmp_path / "games")
    async with opened(tmp_path, *keys, titles=titles) as desk:
        if keys:
            await key(desk, "plus")
        await desk.paste(f"{tmp_path}/games")
        await key(desk, "enter")
        await desk.until(lambda: "its disk does not answer" in desk.said)
        await key(desk, "x")
        await desk.until(lambda: desk.typed.endswith("gamesx"))
        disk.wake()


async def test_tab_waits_for_nobody(tmp_path: Path, disk: SilentDisk) -> None:
    async with opened(tmp_path, titles=()) as desk:
        desk.in_front(FirstRun)
        disk.hold("discpress.tui.widgets.folder_input.complete", lambda text: f"{text}ames/")
        await key(desk, "g", "tab", "x")
        await desk.until(lambda: desk.typed == "~/gx")
        disk.wake()


async def test_the_app_ends_while_a_disk_does_not_answer(tmp_path: Path, disk: SilentDisk) -> None:
    async with opened(tmp_path) as desk:
        disk.hold("discpress.tui.screens.trash.list_with_stopped", lambda folders: None)
        await key(desk, "u")
        await desk.until(lambda: disk.asked == 1)
        await key(desk, "ctrl+q")
        await desk.until(lambda: desk.has_ended)


def test_a_folder_of_the_command_line_that_does_not_answer_is_opened(
    monkeypatch: pytest.MonkeyPatch, disk: SilentDisk
) -> None:
    monkeypatch.setattr(arguments, "_PATIENCE_S", 0.01)
    disk.hold_folder(Path("/mnt/nas/games"))
    assert parse_app_words(["/mnt/nas/games"], ()).folders == ["/mnt/nas/games"]


async def test_an_error_of_the_disk_is_raised_in_who_asks() -> None:
    def fail() -> None:
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        await DiskQueries().ask(fail)


async def test_an_answer_that_nobody_waits_for_any_more_harms_nobody() -> None:
    may_answer = threading.Event()
    asked = DiskQueries()
    waiting = asyncio.create_task(asked.ask(may_answer.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    may_answer.set()
    assert await asked.ask(lambda: 42) == 42


def test_a_question_keeps_no_process_from_ending() -> None:
    never = threading.Event()
    answer = ask_aside(never.wait)
    assert not wait([answer], 0.01).done
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "ask-aside")
    never.set()

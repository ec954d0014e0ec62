"""A large library: what concerns many titles is done in steps or in a thread, so that keys are answered meanwhile."""

import asyncio
from pathlib import Path

import pytest
from app_desk import LIBRARY, opened, title

from discpress.engine.library import arranging
from discpress.engine.queue import cache
from discpress.engine.queue.jobs import Action, JobRequest
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.states import State
from discpress.tui.app import polling, session
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen

pytestmark = pytest.mark.slow


async def test_many_changed_titles_are_read_aside_and_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_MANY", 2)
    async with opened(tmp_path) as desk:
        desk.store.save_titles([title(f"New {number}.iso", 100) for number in range(3)])
        desk.store.forget([LIBRARY[0].path])
        await desk.look()
        await desk.until(lambda: len(desk.view.titles) == len(LIBRARY) + 2)
        assert sum("New" in row for row in desk.rows) == 3
        desk.store.save_titles([title("Other.iso", 100)])
        await desk.look()
        await desk.until(lambda: any("Other" in row for row in desk.rows))


async def test_the_estimates_of_many_titles_are_all_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_ASKED_AT_ONCE", 2)
    titles = [title(f"Game {number}.iso", 100) for number in range(7)]
    async with opened(tmp_path, titles=titles) as desk:
        await desk.until(lambda: desk.session.background_tasks.pending(TaskKind.ESTIMATE) == len(titles))
        await desk.until(lambda: desk.session.calls > 0)


async def test_many_titles_are_sorted_and_grouped_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arranging, "MANY", 2)
    titles = [title("b/Alpha.iso", 300), title("a/Beta.iso", 100), title("a/Gamma.iso", 200)]
    async with opened(tmp_path, titles=titles) as desk:
        await desk.press("s", "z")
        await desk.until(lambda: [row.file_bytes >> 20 for row in desk.view.rows] == [300, 200, 100])
        await desk.press("G", "down", "enter")
        await desk.until(lambda: len(desk.view.rows) == 5)
        assert [desk.view.groups.is_head(row) for row in desk.view.rows] == [True, False, False, True, False]


async def test_changes_of_many_titles_are_arranged_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as desk:
        monkeypatch.setattr(arranging, "MANY", 2)
        desk.store.save_titles([title("New.iso", 100)])
        desk.queue.add([JobRequest(ConvertTask(), LIBRARY[0].path)])
        await desk.look()
        await desk.until(lambda: desk.view.totals.states[State.WORKING] == 1)
        assert any("New" in row for row in desk.rows)
        assert desk.view.totals.images == len(LIBRARY) + 1


async def test_many_jobs_are_read_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MANY", 2)
    async with opened(tmp_path, width=120) as desk:
        desk.queue.ask(desk.queue.add(JobRequest(ConvertTask(), each.path) for each in LIBRARY[:3]), Action.PAUSE)
        await desk.look()
        await desk.until(lambda: "3 paused" in desk.text)


async def test_each_screen_takes_the_jobs_in_in_a_step_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[object] = []

    def note(*_: object) -> None:
        steps.append(asyncio.current_task())

    async with opened(tmp_path, "w") as desk:
        monkeypatch.setattr(LibraryScreen, "on_snapshot", note)
        monkeypatch.setattr(QueueScreen, "on_snapshot", note)
        desk.queue.add([JobRequest(ConvertTask(), LIBRARY[0].path)])
        await desk.look()
        await desk.until(lambda: len(steps) == 2)
        assert len({*steps, asyncio.current_task()}) == 3

"""Leaving: with and without jobs, and what is said on the shell afterwards."""

from contextlib import closing
from pathlib import Path

import pytest
from app_desk import Desk, opened

from discpress.engine.config import Config
from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.store import Store
from discpress.engine.store.worker_lock import is_worker_alive
from discpress.tui.app.session import Session
from discpress.tui.commands import Place
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.screens.library import LibraryScreen

pytestmark = pytest.mark.slow


async def with_job(desk: Desk, count: int = 1) -> list[int]:
    """Have jobs in the queue, the first of them running."""
    jobs = desk.queue.add(JobRequest(ConvertTask(), Path(f"/games/Game {each}.iso")) for each in range(1, count + 1))
    assert desk.queue.start(jobs[0])
    await desk.look()
    return jobs


async def test_without_jobs_it_leaves_at_once_and_says_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, "q") as desk:
        assert desk.has_ended
        assert desk.app.return_code == 0
        assert desk.app.quit_flow.summary == []


async def test_with_jobs_it_asks_and_the_focus_leaves_them_to_the_worker(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_job(desk)
        await desk.press("q")
        desk.in_front(Confirm)
        assert "1 job is not done yet." in desk.said
        assert desk.app.focused is not None
        assert desk.app.focused.id == "leave"
        await desk.press("enter")
        assert desk.has_ended
        assert desk.app.quit_flow.summary == ["1 in the queue: discpress queue watch follows them"]
        assert [job.state for job in desk.queue.jobs()] == [JobState.RUNNING]


@pytest.mark.parametrize("is_in_time", [True, False])
async def test_stopping_them_stops_the_worker_first(
    is_in_time: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[Path] = []

    def stop(folder: Path) -> bool:
        stopped.append(folder)
        return is_in_time

    monkeypatch.setattr("discpress.tui.app.session.stop_worker", stop)
    async with opened(tmp_path) as desk:
        await with_job(desk, 2)
        await desk.press("q")
        assert "2 jobs are not done yet." in desk.said
        await desk.press("right", "enter")
        assert stopped == [desk.session.state_folder]
        assert desk.has_ended
        said = "The worker has not stopped yet: it does as soon as it can."
        assert (said in desk.app.quit_flow.summary) is not is_in_time


@pytest.mark.parametrize("keys", [["right", "right", "enter"], ["escape"], ["left", "enter"]])
async def test_staying_stays(keys: list[str], tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_job(desk)
        await desk.press("q", *keys)
        desk.in_front(LibraryScreen)
        assert not desk.has_ended


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_asking_twice_asks_once(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_job(desk)
        await desk.press("q", key)
        assert len([screen for screen in desk.app.screen_stack if isinstance(screen, Confirm)]) == 1


async def test_paused_jobs_do_not_hold_up_the_user(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_job(desk)
        assert desk.queue.pause(jobs[0]) is JobState.PAUSED
        await desk.press("q")
        assert desk.has_ended
        assert desk.app.quit_flow.summary == ["1 in the queue: discpress queue watch follows them"]


async def test_the_summary_tells_what_was_done_since_the_start(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        one, two, three = await with_job(desk, 3)
        desk.queue.finish(one, {"source_bytes": 700 << 20, "packed_bytes": 400 << 20})
        assert desk.queue.start(two)
        desk.queue.fail(two, SpaceError("no room"))
        await desk.look()
        await desk.press("q", "enter")
        assert desk.app.quit_flow.summary == [
            "1 converted; the results are 300 MiB smaller",
            "1 failed: discpress queue list says why",
            "1 in the queue: discpress queue watch follows them",
        ]
        assert three


async def test_a_button_can_be_clicked(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_job(desk)
        await desk.press("q")
        await desk.click("#stay", 2, 0)
        assert desk.in_front(LibraryScreen).PLACE is Place.LIBRARY


def test_after_the_worker_was_stopped_none_is_started(tmp_path: Path) -> None:
    """An estimate that was asked for meanwhile would call one."""
    with closing(Session(Store(tmp_path / "state"), Config(), ())) as session:
        session.stop_worker()
        assert session.start_worker() == ""
        assert not is_worker_alive(tmp_path / "state")

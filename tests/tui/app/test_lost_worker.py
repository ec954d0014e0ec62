"""A worker that died with work left is replaced, and no other: the state file is as a killed one leaves it."""

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from app_desk import Desk, DeskSession, opened, work
from headless_app import settle

from discpress.engine.errors import StoreFullError
from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.snapshot import WorkerState, WorkerStatus
from discpress.engine.queue.tasks.records import ScanTask, VerifyTask
from discpress.engine.store.worker_lock import worker_lock
from discpress.tui.app.session import ON_SCREEN, Session

REPLACED = "The worker had ended; a new one goes on with the queue."


@contextlib.asynccontextmanager
async def left(
    folder: Path, *, state: WorkerState = WorkerState.WORKING, host: str = "", jobs: int = 1, **options: Any
) -> AsyncIterator[Desk]:
    """An app whose worker said this last."""
    async with opened(folder, **options) as desk:
        desk.queue.add([JobRequest(VerifyTask(), folder / "gone.iso")] * jobs)
        desk.queue.set_worker(WorkerStatus(2**22 + 1, host or socket.gethostname(), state, 1.0))
        yield desk


async def watch(desk: Desk) -> int:
    """Let the app look after its worker; return how often it called for one."""
    assert isinstance(desk.session, DeskSession)
    before = desk.session.calls
    desk.app.worker_control.watch()
    await settle(desk.pilot)
    return desk.session.calls - before


@pytest.mark.slow
@pytest.mark.parametrize("state", [each for each in WorkerState if each is not WorkerState.GONE])
async def test_a_worker_that_died_is_replaced_and_that_is_told(state: WorkerState, tmp_path: Path) -> None:
    async with left(tmp_path, state=state, has_worker=True) as desk:
        assert (await watch(desk), desk.told) == (1, [REPLACED])
        assert desk.queue.is_idle()


@pytest.mark.slow
async def test_one_that_was_stopped_is_not(tmp_path: Path) -> None:
    async with left(tmp_path, state=WorkerState.GONE) as desk:
        assert (await watch(desk), desk.told) == (0, [])


@pytest.mark.slow
async def test_one_of_another_machine_is_not(tmp_path: Path) -> None:
    async with left(tmp_path, host="elsewhere") as desk:
        assert (await watch(desk), desk.told) == (0, [])


@pytest.mark.slow
async def test_one_that_had_nothing_to_do_is_not(tmp_path: Path) -> None:
    async with left(tmp_path, state=WorkerState.IDLE, jobs=0) as desk:
        assert (await watch(desk), desk.told) == (0, [])


@pytest.mark.slow
async def test_one_that_lives_is_not(tmp_path: Path) -> None:
    async with left(tmp_path) as desk:
        with worker_lock(desk.session.state_folder):
            assert (await watch(desk), desk.told) == (0, [])


@pytest.mark.slow
async def test_one_that_lives_and_begins_nothing_is_told_of(tmp_path: Path) -> None:
    said = "The worker, process 4194305, begins nothing: it may have been stopped."
    async with left(tmp_path, state=WorkerState.IDLE) as desk:
        with worker_lock(desk.session.state_folder):
            assert (await watch(desk), desk.told) == (0, [])
            assert (await watch(desk), desk.told) == (0, [said])


@pytest.mark.slow
@pytest.mark.parametrize("event", ["start", "wait", "errand"])
async def test_one_that_begins_something_or_says_why_not_is_not_told_of(event: str, tmp_path: Path) -> None:
    async with left(tmp_path, state=WorkerState.IDLE, jobs=2) as desk:
        job, _ = desk.queue.jobs()
        if event == "start":
            desk.queue.start(job.id)
        elif event == "wait":  # for room: the other one waits behind it
            desk.queue.set_waiting(job.id, "16 GiB must be free, 1 GiB are")
        else:
            desk.session.background_tasks.ask([(tmp_path, ScanTask())], ON_SCREEN)
        with worker_lock(desk.session.state_folder):
            await watch(desk)
            await watch(desk)
            assert desk.told == []


@pytest.mark.slow
async def test_read_only_none_is_replaced(tmp_path: Path) -> None:
    async with left(tmp_path, is_read_only=True) as desk:
        assert (await watch(desk), desk.told) == (0, [])


@pytest.mark.slow
async def test_that_none_comes_up_is_told_once(tmp_path: Path) -> None:
    async with left(tmp_path, has_worker=False) as desk:
        assert (await watch(desk), await watch(desk), desk.told) == (1, 1, ["The worker has ended."])


@pytest.mark.slow
async def test_none_is_started_once_the_jobs_are_stopped(tmp_path: Path) -> None:
    async with left(tmp_path) as desk:
        desk.session.stop_worker()
        await watch(desk)
        assert desk.told == []


@pytest.mark.slow
async def test_one_that_did_not_come_up_is_called_again_and_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        calls.append("failed")
        raise StoreFullError("the worker ended at once: its disk is full")

    def succeed(state_folder: Path, _: object) -> str:
        calls.append("came up")
        work(state_folder)
        return ""

    calls: list[str] = []
    monkeypatch.setattr(DeskSession, "start_worker", Session.start_worker)
    async with left(tmp_path, state=WorkerState.GONE) as desk:
        monkeypatch.setattr("discpress.tui.app.session.ensure_worker", fail)
        desk.app.worker_control.start()
        await settle(desk.pilot)
        assert desk.told == ["the worker ended at once: its disk is full"]
        desk.app.notifier.shown.clear()
        await watch(desk)
        assert desk.told == []
        monkeypatch.setattr("discpress.tui.app.session.ensure_worker", succeed)
        await watch(desk)
        await watch(desk)
        assert (calls, desk.told) == (["failed", "failed", "came up"], [REPLACED])

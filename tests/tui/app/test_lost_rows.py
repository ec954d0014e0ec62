"""The app on a state file with rows that cannot be read: it shows the others, and says what is missing."""

import asyncio
from pathlib import Path

import pytest
from app_desk import LIBRARY, Desk, make_app, opened, running, work
from hostile_state import Cell, put

from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.store import FILE_NAME, Store
from discpress.tui.screens.log import LogScreen

pytestmark = pytest.mark.slow


def spoil(folder: Path, table: str, column: str, value: str) -> None:
    assert put(folder / "state" / FILE_NAME, Cell(table, column, 0), value)


async def test_titles_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    spoil(tmp_path, "titles", "links", "'many'")
    async with running(app) as pilot:
        desk = Desk(pilot)
        await desk.look()
        assert len(desk.view.titles) == len(LIBRARY) - 1
        assert any("1 title cannot be read" in told for told in desk.told)


async def test_a_job_that_cannot_be_read_is_in_the_queue_and_its_log_says_why(tmp_path: Path) -> None:
    with Store(tmp_path / "state") as store:
        JobQueue(store).add([JobRequest(ConvertTask(ConversionRequest()), LIBRARY[0].path)])
    spoil(tmp_path, "queue_jobs", "parameters", "'['")
    async with opened(tmp_path, "w") as desk:
        assert "its entry in the state file cannot be read (parameters)" in desk.text
        await asyncio.to_thread(work, desk.session.state_folder)
        await desk.look()
        assert desk.queue.job(1).state is JobState.FAILED
        await desk.press("l")
        desk.in_front(LogScreen)
        assert "job 1 cannot be run: its entry in the state file" in " ".join(desk.text.split())


@pytest.mark.parametrize("value", ["'{'", "x'ff'", "'{\"steps\": null}'"])
async def test_the_bench_shows_no_test_that_cannot_be_read(tmp_path: Path, value: str) -> None:
    async with opened(tmp_path) as desk:
        desk.store.file.write(lambda connection: connection.execute("INSERT INTO lab_live VALUES (1, '{}')"))
        spoil(tmp_path, "lab_live", "facts", value)
        await desk.press("b")
        assert "SEEK LATENCY" in desk.text

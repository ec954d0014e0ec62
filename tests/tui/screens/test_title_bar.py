"""The title bar: places with their counts, and the way to them by a click."""

from pathlib import Path

from app_desk import opened

from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.widgets.title_bar import TitleBar


async def test_it_counts_titles_and_jobs_and_has_the_saving(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        desk.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
        await desk.look()
        bar = desk.app.screen.query_one(TitleBar)
        assert bar.text.split() == [
            *["discpress", "Library", "10", "Queue", "1", "Trash", "Benchmark", "saves"],
            *bar.text.split()[-2:],
        ]


async def test_a_click_on_a_place_opens_it_and_on_the_library_goes_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.click("#top", desk.text.splitlines()[0].index("Queue"), 0)
        desk.in_front(QueueScreen)
        await desk.click("#top", desk.text.splitlines()[0].index("Library"), 0)
        desk.in_front(LibraryScreen)


async def test_the_places_are_there_on_the_smallest_terminal(tmp_path: Path) -> None:
    async with opened(tmp_path, width=60, height=16) as desk:
        assert desk.text.splitlines()[0].startswith(" Library 10  Queue  Trash  Benchmark ")

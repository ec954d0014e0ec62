"""Copies of a disc in the app: shown by a key, one kept by the user, the others moved by the worker."""

from collections.abc import Callable
from pathlib import Path

import pytest
from app_desk import Desk, opened
from command_line import write_old
from memory_cds import ps2_disc
from sample_images import convert_image

from discpress.engine.cli.main import run
from discpress.engine.formats import ImageFormat
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.trash import DuplicatesTask
from discpress.engine.store.rows.keys import path_key
from discpress.tui.commands import Place
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.screens.dats.duplicates import DuplicatesScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen

runs = pytest.mark.runs
pytestmark = pytest.mark.slow
AT = Place.DUPLICATES
ISO, ZSO = "Okami [t-en by X] [red].iso", "Okami.zso"


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A folder with two discs as ISO and ZSO each, all decoded once."""
    folder = tmp_path / "[b]"
    for place, serial in (("ps2", "SLUS_203.12"), ("more", "SLUS_203.13")):
        iso = write_old(folder / place / ISO, ps2_disc(serial, kib=200 if place == "ps2" else 100))
        convert_image(iso, folder / place / ZSO, ImageFormat.ZSO, level=1)
        write_old(folder / place / ZSO, (folder / place / ZSO).read_bytes())
    for words in (["scan", str(folder)], ["identify", str(folder)]):
        assert run([*words, "--state", str(tmp_path / "state")]) == 0
    return folder


def plan(desk: Desk) -> list[tuple[str, str]]:
    """The plan of each row with the name of its copy; discs have the number of their copies."""
    cells = [row.split(" | ") for row in desk.rows]
    return [(each[0], each[3].rpartition("/")[2] if each[1] else each[3].partition(": ")[2]) for each in cells]


@runs("show_duplicates", Place.LIBRARY)
@runs("keep_copy", AT)
@runs("trash_copies", AT)
@runs("show_queue", AT)
@runs("back", AT)
@runs("copy_path", AT)
async def test_the_user_keeps_a_copy_and_the_worker_moves_the_others(games: Path, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.press("U")
        desk.in_front(DuplicatesScreen)
        disc = ("", "2 copies of one disc")
        assert plan(desk) == [disc, ("", ISO), ("", ZSO), disc, ("", ISO), ("", ZSO)]
        assert "2 discs in several copies   space keeps a copy" in desk.lines("summary")
        await desk.press("Z")
        assert desk.told == ["Nothing is chosen. Press space on the copy that you want to keep."]
        await desk.press("space")
        assert desk.told == ["Move the cursor to the copy that you want to keep."]
        await desk.press("down", "enter", "down", "space")
        assert plan(desk)[:3] == [disc, ("trash", ISO), ("keep", ZSO)]
        assert "1 title of 1 disc, " in desk.lines("summary")
        await desk.press("y")
        assert "ps2" in desk.told[0]
        await desk.press("space")
        assert [mark for mark, _ in plan(desk)] == [""] * 6
        await desk.press("space", "Z")
        desk.in_front(Confirm)
        await desk.press("escape")
        assert (games / "ps2" / ISO).exists()
        await desk.press("Z", "right", "enter")
        await desk.look()
        assert not (games / "ps2" / ISO).exists()
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE]
        assert plan(desk) == [disc, ("", ISO), ("", ZSO)]
        assert games / "ps2" / ISO not in desk.view.titles
        await desk.press("w")
        desk.in_front(QueueScreen)
        assert desk.rows[0].startswith("duplicates ")
        await desk.press("escape", "escape")
        desk.in_front(LibraryScreen)
    assert {path.name for path in (games / "more").iterdir()} == {ISO, ZSO}


async def test_a_disc_that_a_job_works_on_is_left_alone_and_marks_narrow_the_list(games: Path, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[games], width=140) as desk:
        desk.view.marks |= {path_key(games / "more" / ZSO)}
        await desk.press("U")
        assert len(desk.rows) == 3
        await desk.press("down", "space", "Z", "right", "enter")
        (job,) = desk.queue.jobs()
        assert isinstance(job.task, DuplicatesTask)
        assert (job.path, job.task.copies) == (games / "more" / ISO, (games / "more" / ZSO,))
        await desk.look()
        assert [row.split(" | ")[4] for row in desk.rows[1:]] == ["a job keeps one of its copies"] * 2
        await desk.press("space")
        assert desk.told == ["A job of the queue keeps one copy of this disc already."]


def unread(path: Path) -> None:
    """Let the file be cut short."""
    path.write_bytes(path.read_bytes()[:-2048])


def gone(path: Path) -> None:
    """Remove the file."""
    path.unlink()


@pytest.mark.parametrize("spoil", [unread, gone], ids=["damaged", "gone"])
async def test_nothing_moves_if_the_kept_copy_is_not_whole_by_then(
    spoil: Callable[[Path], None], games: Path, tmp_path: Path
) -> None:
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.press("U", "down", "down", "space")
        spoil(games / "ps2" / ZSO)
        await desk.press("Z", "right", "enter")
        await desk.look()
        assert [job.state for job in desk.queue.jobs()] == [JobState.FAILED]
        assert (games / "ps2" / ISO).exists()


async def test_without_copies_the_screen_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await desk.press("U")
        desk.in_front(DuplicatesScreen)
        assert "No disc has several copies, as far as your titles are decoded." in desk.lines("summary")
        for key in ("space", "Z", "y"):
            await desk.press(key)
            assert desk.told == ["No disc here has several copies. Titles are compared once they are decoded."]


async def test_the_pane_names_the_neighbour_and_the_key(games: Path, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[games]) as desk:
        desk.in_front(LibraryScreen)
        said = " ".join(desk.lines("pane").split())
        assert f"holds the same disc as {ZSO}" in said
        assert "U: keep one copy, free the other" in said

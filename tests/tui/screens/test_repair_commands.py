"""Repairs from the library, by their keys."""

from pathlib import Path
from typing import Any

import pytest
from app_desk import opened
from command_line import write_old
from loader_models import opl_decode
from queued_jobs import task_as
from sample_images import GOLDEN

from discpress.engine.queue.tasks.records import RepairTask
from discpress.tui.commands import Place
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.plan import PlanScreen

pytestmark = pytest.mark.slow

runs = pytest.mark.runs


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A folder with two images that no PS2 loads, and one that loads."""
    folder = tmp_path / "games"
    write_old(folder / "large.zso", (GOLDEN / "ps2.maxcso-16384.zso").read_bytes())
    write_old(folder / "other.cso", (GOLDEN / "ps2.maxcso-2048.v1.cso").read_bytes())
    write_old(folder / "plain.iso", (GOLDEN / "ps2.iso").read_bytes())
    return folder


def on(games: Path, *, has_worker: bool = True) -> dict[str, Any]:
    """What opens the app on a folder."""
    return {"titles": (), "folders": [games], "has_worker": has_worker}


@runs("repair", Place.LIBRARY)
async def test_all_that_a_ps2_cannot_load_is_filtered_and_repaired_with_three_keys(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, **on(games)) as desk:
        await desk.look()
        await desk.look()
        await desk.press("slash", *"state:wont", "enter", "a", "R", "enter")
        desk.in_front(LibraryScreen)
        assert sorted(path.name for path in games.glob("[!.]*")) == ["large.zso", "other.zso", "plain.iso"]
        for name in ("large.zso", "other.zso"):
            assert opl_decode((games / name).read_bytes()) == (GOLDEN / "ps2.iso").read_bytes()


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("opening", "block"), [((), "pane"), (("enter",), "text")])
async def test_a_title_that_is_not_loaded_names_the_key_that_repairs_it(
    opening: tuple[str, ...], block: str, width: int, tmp_path: Path, games: Path
) -> None:
    async with opened(tmp_path, width=width, height=40, **on(games)) as desk:
        await desk.look()
        await desk.press("slash", *"large", "enter", *opening)
        await desk.until(lambda: "looking ..." not in desk.lines(block))
        assert "R rewrites it for its target" in desk.lines(block)
        assert "block size 16384 cannot" in desk.lines(block)
        assert "-b 2048" not in desk.lines(block)


async def test_the_plan_shows_the_reason_of_the_row(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, **on(games)) as desk:
        await desk.look()
        await desk.look()
        await desk.press("slash", *"state:wont", "enter", "a", "R")
        desk.in_front(PlanScreen)
        assert "2 titles" in desk.lines("summary")
        assert "originals: move to trash after verification" in desk.lines("summary")
        row = next(number for number, text in enumerate(desk.rows) if "ZSO" in text and "repair" in text)
        await desk.press(*["down"] * row)
        assert "cannot be loaded" in desk.lines("about")


async def test_a_title_that_loads_is_left_out_with_the_reason(tmp_path: Path, games: Path) -> None:
    for name in ("large.zso", "other.cso"):
        (games / name).unlink()
    async with opened(tmp_path, **on(games)) as desk:
        await desk.look()
        await desk.look()
        await desk.press("R")
        assert "OPL and PCSX2 load it as it is" in desk.lines("about")
        await desk.press("enter")
        assert desk.told == ["Nothing to repair here. Move the cursor to a title to see why."]
        assert desk.queue.jobs() == []


async def test_a_repair_is_queued_as_one(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, **on(games, has_worker=True)) as desk:
        await desk.look()
        await desk.look()
        await desk.press("slash", *"state:wont", "enter", "a", "R", "enter")
        tasks = [task_as(RepairTask, job) for job in desk.queue.jobs() if job.kind == "repair"]
        assert {task.request.target for task in tasks} == {"opl+pcsx2"}
        assert all(task.request.trash_source for task in tasks)
        assert len(tasks) == 2


async def test_kept_originals_leave_out_what_would_have_their_name(tmp_path: Path, games: Path) -> None:
    (games / "other.cso").unlink()
    (games / "plain.iso").unlink()
    async with opened(tmp_path, **on(games)) as desk:
        await desk.look()
        await desk.look()
        await desk.press("R", "o")
        assert "nothing to do" in desk.lines("summary")
        assert "o moves the old file to the trash first" in " ".join(desk.lines("about").split())


@runs("repair", Place.DETAIL)
async def test_a_title_is_repaired_from_its_details(tmp_path: Path, games: Path) -> None:
    for name in ("plain.iso", "other.cso"):
        (games / name).unlink()
    async with opened(tmp_path, **on(games)) as desk:
        await desk.look()
        await desk.look()
        await desk.press("enter", "R", "enter")
        assert opl_decode((games / "large.zso").read_bytes()) == (GOLDEN / "ps2.iso").read_bytes()

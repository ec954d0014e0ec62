"""What people come for, in no more keys than promised."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from app_desk import Desk, opened, title
from command_line import write_old
from sample_images import GOLDEN
from trash_sets import make_set, put_away

from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.trash import others_of
from discpress.tui.screens.library import LibraryScreen

BEST_FIVE = ("s", "s", *["space"] * 5, "c", "enter")
EMPTY_TRASH = ("u", "X", "x")
REPAIR_ALL = ("R", "a", "enter")


@pytest.mark.parametrize(("keys", "most"), [(BEST_FIVE, 9), (EMPTY_TRASH, 3), (REPAIR_ALL, 4)])
def test_a_journey_is_no_longer_than_promised(keys: Sequence[str], most: int) -> None:
    assert len(keys) <= most


@pytest.mark.slow
async def test_the_five_titles_that_save_most_are_converted(tmp_path: Path) -> None:
    titles = [title(f"{number}.iso", 1000, 900 - 10 * (number * 7 % 20), title=f"T{number}") for number in range(20)]
    async with opened(tmp_path, *BEST_FIVE, titles=titles) as desk:
        best = sorted(titles, key=lambda each: -(each.saving_percent or 0))[:5]
        assert {job.path for job in desk.queue.jobs()} == {each.path for each in best}
        desk.in_front(LibraryScreen)


@pytest.mark.slow
async def test_a_trash_of_400_is_emptied(tmp_path: Path) -> None:
    games = tmp_path / "games"
    make_set(games)
    entry = put_away(games).folder
    for number in range(1, 400):
        shutil.copytree(entry, entry.with_name(f"20260101T000000.000000Z-{number:04x}"))
    async with opened(tmp_path, *EMPTY_TRASH, titles=(), folders=[games]) as desk:
        (job,) = desk.queue.jobs()
        assert job.kind is TaskKind.PURGE
        assert 1 + len(others_of(job.task)) == 400


async def settled(desk: Desk) -> None:
    """Let the worker's scan come in, then what it has found."""
    await desk.look()
    await desk.look()


@pytest.mark.slow
async def test_every_title_that_a_ps2_cannot_load_is_repaired(tmp_path: Path) -> None:
    games = tmp_path / "games"
    write_old(games / "large.zso", (GOLDEN / "ps2.maxcso-16384.zso").read_bytes())
    write_old(games / "other.cso", (GOLDEN / "ps2.maxcso-2048.v1.cso").read_bytes())
    write_old(games / "plain.iso", (GOLDEN / "ps2.iso").read_bytes())
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await settled(desk)
        await desk.press(*REPAIR_ALL)
        await desk.look()
        assert [job.state for job in desk.queue.jobs() if job.kind is TaskKind.REPAIR] == [JobState.DONE] * 2
        assert sorted(path.name for path in games.glob("[!.]*")) == ["large.zso", "other.zso", "plain.iso"]

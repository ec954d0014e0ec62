"""The plan's commands, by their keys."""

import errno
from pathlib import Path
from typing import Any, NoReturn

import pytest
from app_desk import Desk, opened, title
from command_line import write_old
from queued_jobs import task_as
from sample_images import mixed

from discpress.engine.config import Config
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.tui.commands import Place
from discpress.tui.dialogs.ask_folder import AskFolder
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.plan import PlanScreen
from discpress.tui.screens.tune import TuneScreen

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
AT = Place.PLAN
TWO_GAMES = ("down", "down", "space", "space", "c")


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A folder with two images."""
    for number in (1, 2):
        write_old(tmp_path / "games" / f"Game {number}.iso", mixed(200_000, seed=number))
    return tmp_path / "games"


def at_work(games: Path) -> dict[str, Any]:
    """What opens the app on a folder with a worker."""
    return {"titles": (), "folders": [games], "has_worker": True}


async def plan_all(desk: Desk) -> None:
    await desk.look()
    await desk.look()
    await desk.press("a", "c")


async def test_it_says_what_will_happen(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES) as desk:
        said = desk.lines("summary")
        assert "2 titles: read 2.05 GiB, write about 1.09 GiB ±1 %" in said
        assert "originals: keep" in said
        assert "results: next to each original" in said
        assert "if the name exists: skip (if it appears later: the job fails)" in said
        assert [row.split(" | ")[3] for row in desk.rows] == ["ZSO 2K/9", "ZSO 2K/9"]
        assert desk.queue.jobs() == []


async def test_it_counts_the_room_of_the_disk(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, **at_work(games)) as desk:
        await plan_all(desk)
        room = next(line for line in desk.lines("summary").splitlines() if line.endswith(games.name))
        assert "free now" in room
        assert "after" in room


async def test_a_disk_without_room_is_said(tmp_path: Path, games: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discpress.engine.system.filesystems.disk_usage", lambda folder: (512, 2**40))
    async with opened(tmp_path, **at_work(games)) as desk:
        await plan_all(desk)
        assert "512 B" in desk.lines("summary")
        assert "NOT ENOUGH" in desk.lines("summary")


@runs("confirm", AT)
async def test_confirming_converts_and_goes_back(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, **at_work(games)) as desk:
        await plan_all(desk)
        await desk.press("c")  # it has opened the plan: a key that repeats does not start it
        desk.in_front(PlanScreen)
        await desk.press("enter")
        desk.in_front(LibraryScreen)
        assert desk.view.marks == set()
        assert sorted(path.name for path in games.iterdir()) == [
            "Game 1.iso", "Game 1.zso", "Game 2.iso", "Game 2.zso",
        ]  # fmt: skip


async def test_what_cannot_be_converted_is_not_queued(tmp_path: Path) -> None:
    async with opened(tmp_path, "c", "enter") as desk:
        desk.in_front(PlanScreen)
        assert "nothing to do" in desk.lines("summary")
        assert "1 left out" in desk.lines("summary")
        assert "index is cut off" in desk.lines("about")
        assert desk.told[-1].startswith("Nothing to convert here")
        assert desk.queue.jobs() == []


async def test_a_title_in_the_queue_is_left_out(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES, "enter") as desk:
        desk.view.marks.update(desk.view.titles.keys)
        await desk.press("c")
        left_out = {row.title.title: row.reason for row in desk.in_front(PlanScreen).rows if row.reason}
        assert left_out["Game 2"] == left_out["Game 10"] == "is in the queue already"
        assert left_out["Velvet"] == "is ZSO already"


@runs("plan_all", AT)
async def test_a_plans_all_ready_titles_that_are_shown(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "c", "a") as desk:
        planned = {row.title.title for row in desk.in_front(PlanScreen).rows}
        assert planned == {"Okami", "Game 2", "Game 10", "Saga", "Pocket Orrery: The Game", "紙灯籠の街"}
        await desk.press("a")
        assert desk.told == ["The plan has all titles shown that are ready already."]


async def test_a_plans_no_title_that_a_filter_hides(tmp_path: Path) -> None:
    async with opened(tmp_path, "slash", *"game", "enter", "c", "a") as desk:
        assert {row.title.title for row in desk.in_front(PlanScreen).rows} >= {"Game 2", "Game 10"}
        assert "Okami" not in {row.title.title for row in desk.in_front(PlanScreen).rows}


@runs("show_queue", AT)
async def test_w_shows_the_queue(tmp_path: Path) -> None:
    async with opened(tmp_path, "c", "w", "escape") as desk:
        desk.in_front(PlanScreen)


@runs("originals", AT)
async def test_o_moves_the_originals_into_the_trash(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, **at_work(games)) as desk:
        await plan_all(desk)
        await desk.press("o")
        assert "originals: move to trash" in desk.lines("summary")
        await desk.press("enter")
        names = sorted(path.name for path in games.iterdir())
        assert names == [".discpress-trash", "Game 1.zso", "Game 2.zso"]


async def test_a_job_keeps_its_title_when_the_original_is_in_the_trash(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, **at_work(games)) as desk:
        await plan_all(desk)
        await desk.press("o", "enter")
        await desk.look()
        assert games / "Game 1.iso" not in desk.view.titles
        await desk.press("w")
        assert sorted(row.split(" | ")[0] for row in desk.rows) == ["Game 1", "Game 2"]


async def test_the_settings_say_what_becomes_of_originals_at_first(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES, config=Config(trash=True)) as desk:
        assert "originals: move to trash" in desk.lines("summary")
        await desk.press("o")
        assert "originals: keep" in desk.lines("summary")


@runs("conflict", AT)
async def test_e_goes_through_the_rules_for_taken_names(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES) as desk:
        seen, said = [], set()
        for _ in OnConflict:
            await desk.press("e")
            said |= {line for line in desk.text.splitlines() if "if the name exists" in line}
            seen.append(desk.in_front(PlanScreen)._options.on_conflict)
        assert seen == [OnConflict.SKIP, OnConflict.RENAME, OnConflict.OVERWRITE, OnConflict.ERROR]
        assert {line.partition("exists: ")[2].strip() for line in said} >= {
            "skip (if it appears later: the job fails)",
            "skip (also if it appears later)",
        }


async def test_a_taken_name_is_shown_before_and_obeyed_after(tmp_path: Path, games: Path) -> None:
    write_old(games / "Game 1.zso", b"something else")
    async with opened(tmp_path, **at_work(games)) as desk:
        await desk.look()
        await desk.press("slash", *"1.iso", "enter", "c")
        assert "Game 1.zso: exists already" in desk.lines("about")
        assert "left out" in desk.rows[0]
        await desk.press("e", "e")
        assert "the result gets another name" in desk.lines("about")
        await desk.press("enter")
        assert (games / "Game 1.zso").read_bytes() == b"something else"
        assert len(list(games.glob("Game 1*.zso"))) == 2


async def test_two_titles_do_not_take_one_name(tmp_path: Path) -> None:
    twins = [title("Twin.iso", 100, 50, title="Twin"), title("Twin.bin", 100, 50, title="Twin")]
    async with opened(tmp_path, "a", "c", titles=twins) as desk:
        problems = [row.reason for row in desk.in_front(PlanScreen).rows if row.reason]
        assert problems == ["Twin.zso: another input of this run has the same result"]


@runs("even_useless", AT)
async def test_h_converts_what_would_hardly_shrink_too(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "c") as desk:
        assert "barely shrink (1): skip" in desk.lines("summary")
        await desk.press("enter")
        assert desk.queue.jobs() == []
        await desk.press("h")
        assert "barely shrink (1): convert anyway" in desk.lines("summary")
        await desk.press("enter")
        assert [job.path.name for job in desk.queue.jobs()] == ["Dense Films.iso"]
        assert not task_as(ConvertTask, desk.queue.jobs()[0]).request.skip_useless


@runs("choose_folder", AT)
async def test_shift_f_puts_the_results_elsewhere_and_back(tmp_path: Path, games: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    async with opened(tmp_path, **at_work(games)) as desk:
        await plan_all(desk)
        await desk.press("F")
        desk.in_front(AskFolder)
        await desk.paste(str(other))
        await desk.press("enter")
        assert any("results: " in line and line.endswith("/other") for line in desk.lines("summary").splitlines())
        await desk.press("F")
        assert "results: next to each original" in desk.lines("summary")
        await desk.press("F")
        await desk.paste(str(other))
        await desk.press("enter", "enter")
        assert sorted(path.name for path in other.iterdir()) == ["Game 1.zso", "Game 2.zso"]


async def test_a_folder_that_is_closed_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **options: object) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    async with opened(tmp_path, *TWO_GAMES, "F") as desk:
        await desk.paste("/closed/in")
        with monkeypatch.context() as closed:
            closed.setattr(Path, "stat", refuse)
            await desk.press("enter")
        desk.in_front(AskFolder)
        assert "/closed/in: Permission denied" in desk.said


async def test_a_folder_whose_name_is_too_long_is_asked_for_again(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES, "F") as desk:
        await desk.paste("y" * 300)
        await desk.press("enter")
        desk.in_front(AskFolder)
        assert "yyy: File name too long" in " ".join(desk.said.split())


async def test_a_folder_that_is_not_there_is_asked_for_again(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES, "F") as desk:
        await desk.paste("/nowhere/at all")
        await desk.press("enter")
        desk.in_front(AskFolder)
        assert "/nowhere/at all: no such folder" in desk.said
        await desk.press("escape")
        assert "results: next to each original" in desk.lines("summary")


@runs("tune", AT)
async def test_t_tunes_the_titles_and_the_plan_follows(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES, "t") as desk:
        desk.in_front(TuneScreen)
        await desk.press("left", "2", "escape")
        assert [row.split(" | ")[3] for row in desk.rows] == ["ZSO 2K/4", "ZSO 2K/4"]


@runs("back", AT)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_changes_nothing(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES, "o", "e", key) as desk:
        desk.in_front(LibraryScreen)
        assert desk.queue.jobs() == []
        assert len(desk.view.marks) == 2


async def test_the_reason_of_a_refusal_is_shown_to_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "t", "T", "down", "enter", "down", "c") as desk:
        assert desk.in_front(PlanScreen).rows[0].reason.split()[-1] in desk.lines("about").split()


async def test_the_options_hold_for_every_job(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES, "o", "e", "e", "enter") as desk:
        requests = [task_as(ConvertTask, job).request for job in desk.queue.jobs() if job.state is JobState.QUEUED]
        assert [(each.trash_source, each.on_conflict) for each in requests if each] == [(True, OnConflict.RENAME)] * 2


async def test_a_long_reason_is_on_the_screen_to_its_end_however_small_that_is(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "t", "T", "down", "enter", "down", "c", width=60, height=16) as desk:
        (row,) = desk.in_front(PlanScreen).rows
        assert len(row.reason) > 60
        assert " ".join(row.reason.split()) in " ".join(desk.text.split())


async def test_long_notices_are_on_the_screen_to_their_end(tmp_path: Path) -> None:
    async with opened(
        tmp_path, "down", "down", "t", "T", "end", "enter", *["down"] * 4, "c", width=60, height=16
    ) as desk:
        (row,) = desk.in_front(PlanScreen).rows
        assert row.is_converted
        assert "no PS2 can read this file" in row.warnings[0]
        assert " ".join(row.warnings) in " ".join(desk.text.split())


async def test_what_another_app_has_queued_meanwhile_is_queued_once(tmp_path: Path) -> None:
    async with opened(tmp_path, *TWO_GAMES) as desk:
        plan = desk.in_front(PlanScreen)
        path = plan.rows[0].title.path
        desk.queue.add([JobRequest(ConvertTask(ConversionRequest()), path)])
        await desk.press("enter")
        assert sorted(job.path for job in desk.queue.jobs()) == sorted(row.title.path for row in plan.rows)
        assert "1 title left out: in the queue already." in desk.told


async def test_the_name_of_a_result_is_shown_whole(tmp_path: Path) -> None:
    name = "A long name " * 15
    async with opened(tmp_path, titles=[title(f"{name}.iso", 100)], width=80) as desk:
        await desk.press("c")
        assert f"-> {name}.zso" in " ".join(desk.lines("about").split("\n"))

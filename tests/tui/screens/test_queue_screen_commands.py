"""The queue's commands, by their keys."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import Desk, opened, title

from discpress.engine.errors import SpaceError
from discpress.engine.queue.jobs import Action, JobProgress, JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.tui.app.session import Changes
from discpress.tui.commands import Place
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.log import LogScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.trash import TrashScreen

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
AT = Place.QUEUE
MIB = 1024 * 1024


async def with_jobs(desk: Desk, count: int = 3, *, running: int = 0) -> list[int]:
    """Queue jobs, start some of them, and show the queue."""
    jobs = desk.queue.add(JobRequest(ConvertTask(), Path(f"/games/Game {each}.iso")) for each in range(1, count + 1))
    for job in jobs[:running]:
        assert desk.queue.start(job)
    await desk.look()
    await desk.press("w")
    return jobs


def states(desk: Desk) -> list[JobState]:
    return [job.state for job in sorted(desk.queue.jobs(), key=lambda job: job.id)]


def order(desk: Desk) -> list[int]:
    """The jobs as the table shows them."""
    return [job.id for job in desk.in_front(QueueScreen)._rows.jobs]


async def test_an_empty_queue_names_the_key_to_press(tmp_path: Path) -> None:
    async with opened(tmp_path, "w") as desk:
        assert "The queue is empty: mark titles in the library and press c." in desk.text


@pytest.mark.parametrize("key", ["p", "P", "x", "r", "K", "J", "l", "enter", "y"])
async def test_a_key_on_an_empty_queue_does_no_harm(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "w", key) as desk:
        desk.in_front(QueueScreen)


async def test_a_row_says_what_its_job_does(tmp_path: Path) -> None:
    async with opened(tmp_path, width=120) as desk:
        jobs = await with_jobs(desk, 2, running=1)
        desk.queue.save_progress([JobProgress(jobs[0], "packing", 300 * MIB, 600 * MIB, 300 * MIB, 150 * MIB)])
        await desk.look()
        name, stage, percent, *_, ratio, _ = desk.rows[0].split(" | ")
        assert (name, stage, percent, ratio) == ("Game 1.iso", "packing", "50 %", "0.50")
        assert desk.rows[1].split(" | ")[1] == "queued"
        assert "1 running, 1 queued" in desk.lines("status")


async def test_a_job_of_another_machine_names_it(tmp_path: Path) -> None:
    async with opened(tmp_path, width=80) as desk:
        job, _ = await with_jobs(desk, 2, running=1)
        desk.queue.finish(job, {"machine": "pc"})
        await desk.look()
        assert [row.split(" | ")[2] for row in desk.rows] == ["", "pc"]


@runs("pause", AT)
async def test_p_pauses_a_job_and_lets_it_go_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_jobs(desk)
        await desk.press("down", "p")
        assert states(desk) == [JobState.QUEUED, JobState.PAUSED, JobState.QUEUED]
        await desk.press("p")
        assert states(desk) == [JobState.QUEUED] * 3


async def test_p_on_a_running_job_asks_the_worker_and_takes_it_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, running=1)
        await desk.press("p")
        assert desk.queue.job(jobs[0]).wanted == Action.PAUSE
        assert "pausing" in desk.rows[0]
        await desk.press("p")
        assert desk.queue.job(jobs[0]).wanted == Action.RESUME
        assert "resuming" in desk.rows[0]


@runs("pause_all", AT)
async def test_shift_p_pauses_all_and_lets_all_go_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_jobs(desk)
        await desk.press("p", "P")
        assert states(desk) == [JobState.PAUSED] * 3
        await desk.press("P")
        assert states(desk) == [JobState.QUEUED] * 3


@runs("cancel", AT)
async def test_x_cancels_a_job_that_has_not_begun_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_jobs(desk)
        await desk.press("down", "x")
        assert states(desk) == [JobState.QUEUED, JobState.CANCELLED, JobState.QUEUED]


async def test_x_on_a_running_job_asks_with_the_focus_on_the_safe_button(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, running=1)
        await desk.press("x")
        desk.in_front(Confirm)
        assert desk.app.focused is not None
        assert desk.app.focused.id == "keep"
        await desk.press("enter")
        assert desk.queue.job(jobs[0]).wanted is None
        await desk.press("x", "right", "enter")
        assert desk.queue.job(jobs[0]).wanted == Action.CANCEL
        desk.in_front(QueueScreen)


async def test_escape_leaves_a_question_unanswered(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, running=1)
        await desk.press("x", "right", "escape")
        desk.in_front(QueueScreen)
        assert desk.queue.job(jobs[0]).wanted is None


@runs("retry", AT)
async def test_shift_r_does_a_failed_job_once_more(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 1, running=1)
        desk.queue.fail(jobs[0], SpaceError("the disk is full", hint="free some"))
        await desk.look()
        assert "the disk is full (free some)" in desk.lines("about")
        await desk.press("r")
        assert states(desk) == [JobState.QUEUED]


@pytest.mark.parametrize(
    ("key", "said"), [("x", "nothing left to cancel"), ("J", "only one that waits"), ("K", "only one that waits")]
)
async def test_a_job_that_is_over_is_neither_cancelled_nor_moved_and_that_is_said(
    key: str, said: str, tmp_path: Path
) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 1, running=1)
        desk.queue.finish(jobs[0], {})
        await desk.look()
        await desk.press(key)
        assert desk.told[-1].startswith("This job is done: ")
        assert said in desk.told[-1]
        assert states(desk) == [JobState.DONE]


@pytest.mark.parametrize(("key", "said"), [("r", "cannot retry"), ("p", "cannot pause")])
async def test_what_a_job_cannot_is_said(key: str, said: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 1, running=1)
        if key == "p":
            desk.queue.finish(jobs[0], {})
        await desk.look()
        await desk.press(key)
        assert said in desk.told[-1]


async def test_what_another_front_has_done_meanwhile_is_what_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 1)
        desk.queue.ask(jobs, Action.CANCEL)
        await desk.look()
        desk.queue.ask(jobs, Action.RETRY)  # the screen has not looked since
        await desk.press("r")
        assert desk.told[-1] == "This job is queued: you cannot retry it."


@runs("move_up", AT)
@runs("move_down", AT)
async def test_k_and_j_with_shift_move_a_job_and_the_cursor_follows(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        one, two, three = await with_jobs(desk)
        await desk.press("K", "J")
        assert order(desk) == [two, one, three]
        assert desk.table.cursor == 1
        await desk.press("J", "J")
        assert order(desk) == [two, three, one]
        await desk.press("K", "K", "K")
        assert order(desk) == [one, two, three]
        assert desk.table.cursor == 0


async def test_a_running_job_keeps_its_place(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, running=1)
        await desk.press("J", "K", "down", "K")
        assert order(desk) == jobs


@runs("show_log", AT)
@pytest.mark.parametrize("key", ["l", "enter"])
async def test_l_shows_what_the_job_said(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, running=1)
        await desk.press(key)
        desk.in_front(LogScreen)
        assert "The log is empty." in desk.lines("text")
        desk.queue.append_log(jobs[0], "packed with 2 threads")
        desk.queue.save_progress([JobProgress(jobs[0], "packing", 1, 2, 1, 1)])
        await desk.look()
        assert "packed with 2 threads" in desk.lines("text")
        desk.queue.finish(jobs[0], {"output": "/games/Game 1.zso"})
        await desk.look()
        assert "Game 1.iso: done" in desk.lines("text")
        assert "result: /games/Game 1.zso" in desk.lines("text")


@runs("back", Place.LOG)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_from_the_log_goes_to_the_queue(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_jobs(desk)
        await desk.press("down", "l", key)
        desk.in_front(QueueScreen)
        assert desk.table.cursor == 1


async def test_a_long_log_is_scrolled(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, running=1)
        for number in range(100):
            desk.queue.append_log(jobs[0], f"line {number}")
        await desk.press("l", "greater_than_sign")
        assert "line 99" in desk.text
        await desk.press("less_than_sign")
        assert "line 99" not in desk.text


@runs("copy_path", AT)
async def test_y_copies_the_path(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await with_jobs(desk)
        await desk.press("down", "y")
        assert desk.app.clipboard == "/games/Game 2.iso"


@runs("show_trash", AT)
async def test_u_shows_the_trash(tmp_path: Path) -> None:
    async with opened(tmp_path, "w", "u") as desk:
        desk.in_front(TrashScreen)


@runs("back", AT)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_goes_to_the_library(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "w", key) as desk:
        desk.in_front(LibraryScreen)


async def test_the_cursor_stays_where_jobs_run_when_its_job_ends(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        one, two, three = await with_jobs(desk, running=1)
        desk.queue.finish(one, {})
        await desk.look()
        assert order(desk) == [two, three, one]
        assert desk.table.cursor == 0


async def test_the_cursor_stays_on_its_job_when_others_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        one, two, three = await with_jobs(desk, running=1)
        await desk.press("down", "down")
        desk.queue.finish(one, {})
        await desk.look()
        assert order(desk) == [two, three, one]
        assert desk.in_front(QueueScreen)._rows.jobs[desk.table.cursor].id == three


@pytest.mark.parametrize(
    ("end", "word"),
    [
        (lambda desk, job: desk.queue.finish(job, {}), "done"),
        (lambda desk, job: desk.queue.fail(job, SpaceError("no room")), "failed"),
        (lambda desk, job: desk.queue.skip(job, "would grow"), "skipped"),
        (lambda desk, job: desk.queue.cancelled(job), "cancelled"),
    ],
)
async def test_every_end_is_a_word(end: Callable[[Desk, int], object], word: str, tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 1, running=1)
        if word == "cancelled":
            desk.queue.ask(jobs, Action.CANCEL)
        end(desk, jobs[0])
        await desk.look()
        assert desk.rows[0].split(" | ")[1] == word


async def test_the_library_shows_what_the_queue_does_with_a_title(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 2, running=0)
        await desk.press("escape")
        assert next(line for line in desk.text.splitlines() if "Game 2" in line).endswith("queued")
        assert desk.queue.start(jobs[1])
        desk.queue.save_progress([JobProgress(jobs[1], "packing", 1, 2, 1, 1)])
        await desk.look()
        assert next(row for row in desk.rows if "Game 2" in row).endswith("▶ 50 % | games")
        assert "1 running, 1 queued" in desk.lines("strip")


async def test_what_changed_behind_another_screen_is_painted_when_that_goes(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 2, running=1)
        desk.queue.save_progress([JobProgress(jobs[0], "packing", 1, 2, 1, 1)])
        await desk.look()
        desk.view.marks.add(b"/games/Velvet.zso")
        desk.app.poller.apply(Changes((), (), is_all=False))
        await desk.press("escape")
        assert "1 running, 1 queued" in desk.text
        assert "packing" in desk.text
        assert "┃ Velvet" in desk.text


async def test_what_changes_behind_a_question_is_painted(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        jobs = await with_jobs(desk, 2, running=1)
        await desk.press("x")
        desk.in_front(Confirm)
        desk.queue.save_progress([JobProgress(jobs[0], "packing", 1, 2, 1, 1)])
        await desk.look()
        await desk.until(lambda: "packing" in desk.text)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 16)])
async def test_a_long_reason_is_on_the_screen_to_its_end(width: int, height: int, tmp_path: Path) -> None:
    reason = f"/games: {' '.join(str(number) for number in range(60))} must be free"
    hint = "free some space, or choose another folder with -O"
    async with opened(tmp_path, width=width, height=height) as desk:
        (job,) = await with_jobs(desk, 1, running=1)
        desk.queue.fail(job, SpaceError(reason, hint=hint))
        await desk.look()
        assert f"{reason} ({hint})" in " ".join(desk.text.split())


async def test_the_queue_shows_the_free_space_now_after_it_and_after_the_trash_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discpress.engine.system.filesystems.disk_usage", lambda folder: (1000 * MIB, 2**40))
    games = [replace(title(f"{number}.iso", 500, 300), path=tmp_path / f"{number}.iso") for number in range(2)]
    async with opened(tmp_path, titles=games, width=120) as desk:
        task = ConvertTask(ConversionRequest(trash_source=True))
        desk.queue.add(JobRequest(task, each.path, gain_bytes=200 * MIB) for each in games)
        await desk.look()
        await desk.press("w")
        bar, free = desk.lines("spaces")[:20], desk.lines("spaces")[20:]
        assert bar.strip("█▒ ") == ""
        assert free.startswith(" free now 0.98 GiB, about 400 MiB after, 1.37 GiB once the trash is emptied")
        desk.queue.ask([1, 2], Action.CANCEL)
        await desk.look()
        assert desk.lines("spaces") == ""

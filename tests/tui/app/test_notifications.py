"""What the app says beside its screens: one message at a time, and none over a question."""

from pathlib import Path

import pytest
from app_desk import Desk, opened, settle

from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.screens.confirm import Confirm
from discpress.tui.widgets.table import Table


async def ask(desk: Desk) -> None:
    """Let the app ask whether a running job is to be cancelled."""
    (job,) = desk.queue.add([JobRequest(ConvertTask(), Path("/games/Game 2.iso"))])
    desk.queue.start(job)
    await desk.look()
    await desk.press("w", "x")
    desk.in_front(Confirm)


async def tell(desk: Desk, *messages: str) -> None:
    for message in messages:
        desk.app.notifier.notify(message)
    await settle(desk.pilot)


async def test_a_message_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    async with opened(tmp_path, shows_messages=True) as desk:
        await tell(desk, "the first message")
        assert "the first message" in desk.text
        await tell(desk, "the second message")
        assert desk.told == ["the second message"]
        assert "the first message" not in desk.text
        assert "the second message" in desk.text


async def test_of_messages_of_one_moment_the_last_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path, shows_messages=True) as desk:
        await tell(desk, "the first message", "the second message")
        assert desk.told == ["the second message"]


async def test_a_folder_that_fails_later_does_not_hide_the_one_that_failed_before(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    async with opened(tmp_path, titles=(), folders=folders) as desk:
        tasks = desk.session.background_tasks
        while (task := tasks.next()) is not None:
            tasks.fail(task, f"{task.path}: cannot be searched")
            await desk.look()
        (message,) = desk.told
        assert message == "; ".join(f"{folder}: cannot be searched" for folder in folders)


async def test_a_question_is_not_covered_by_what_was_said_before(tmp_path: Path) -> None:
    async with opened(tmp_path, width=60, height=16, shows_messages=True) as desk:
        await tell(desk, " ".join(["a long message"] * 30))
        assert "a long message" in desk.text
        await ask(desk)
        assert "a long message" not in desk.text
        assert "Let it go on" in desk.text
        assert "Cancel it" in desk.text


async def test_a_message_waits_for_the_answer_to_a_question(tmp_path: Path) -> None:
    async with opened(tmp_path, shows_messages=True) as desk:
        await ask(desk)
        await tell(desk, "said meanwhile")
        assert "said meanwhile" not in desk.text
        await desk.press("escape")
        assert "said meanwhile" in desk.text


@pytest.mark.parametrize("keys", [(), ("c",), ("w",), ("u",)], ids=["library", "plan", "queue", "trash"])
async def test_a_message_leaves_the_lines_about_a_row_free(keys: tuple[str, ...], tmp_path: Path) -> None:
    async with opened(tmp_path, *keys, width=80, height=24, shows_messages=True) as desk:
        await tell(desk, "a message that takes more than one line of its narrow box, as many of them do")
        (toast,) = desk.app.screen.query("Toast")
        table = desk.app.screen.query_one(Table)
        assert toast.region.bottom <= table.region.bottom

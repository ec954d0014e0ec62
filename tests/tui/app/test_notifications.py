"""Messages: one at a time, in the line above the keys, until the next key."""

from pathlib import Path

import pytest
from app_desk import PLAIN, Desk, opened
from headless_app import settle

from discpress.engine.queue.jobs import JobRequest
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.tui.dialogs.confirm import Confirm


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


@pytest.mark.slow
async def test_a_message_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await tell(desk, "the first message")
        assert "the first message" in desk.text
        await tell(desk, "the second message")
        assert desk.told == ["the second message"]
        assert "the first message" not in desk.text
        assert "the second message" in desk.text


@pytest.mark.slow
async def test_of_messages_of_one_moment_the_last_is_said(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await tell(desk, "the first message", "the second message")
        assert desk.told == ["the second message"]


@pytest.mark.slow
async def test_a_folder_that_fails_later_does_not_hide_the_one_that_failed_before(tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    async with opened(tmp_path, titles=(), folders=folders) as desk:
        tasks = desk.session.background_tasks
        while (task := tasks.next()) is not None:
            tasks.fail(task, f"{task.path}: cannot be searched")
            await desk.look()
        (message,) = desk.told
        assert message == "; ".join(f"{folder}: cannot be searched" for folder in folders)


@pytest.mark.slow
async def test_a_message_waits_for_the_answer_to_a_question(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        await ask(desk)
        await tell(desk, "said meanwhile")
        assert "said meanwhile" not in desk.text
        await desk.press("escape")
        assert "said meanwhile" in desk.text


@pytest.mark.slow
async def test_a_message_stands_above_the_keys_until_the_next_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        before = desk.text.splitlines()
        await tell(desk, "a message")
        after = desk.text.splitlines()
        assert after[-2] == "a message"
        assert (after[:-2], after[-1]) == (before[:-2], before[-1])
        await desk.press("down")
        assert "a message" not in desk.text


@pytest.mark.slow
async def test_a_long_message_takes_more_lines_and_covers_none(tmp_path: Path) -> None:
    async with opened(tmp_path, width=60, height=16) as desk:
        strip, keys = desk.lines("strip"), desk.text.splitlines()[-1]
        await tell(desk, " ".join(["a long message"] * 30))
        lines = desk.text.splitlines()
        assert [line.startswith(("a long", "long", "message")) for line in lines[-5:-1]] == [True] * 4
        assert lines[-2].endswith("…")
        assert (lines[-6], lines[-1]) == (strip, keys)
        await desk.press("down")
        assert desk.text.splitlines()[-3] == strip


@pytest.mark.slow
async def test_a_message_that_no_one_has_seen_outlasts_a_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        desk.app.notifier.notify("not seen yet")
        desk.app.notifier.clear()
        await settle(desk.pilot)
        assert "not seen yet" in desk.text


@pytest.mark.slow
@pytest.mark.parametrize(("is_tmux", "hint"), [(False, ""), (True, "set-clipboard on")])
async def test_a_copied_path_is_said_to_be_sent(is_tmux: bool, hint: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "y", terminal=PLAIN._replace(is_tmux=is_tmux), width=120) as desk:
        (said,) = desk.told
        assert said.startswith("Sent to the clipboard of your terminal: /games/")
        assert hint in said
        assert ("tmux" in said) == is_tmux

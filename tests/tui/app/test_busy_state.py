"""A state file that another process keeps busy, or whose disk is full, ends no app."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from app_desk import opened, title

from discpress.engine.errors import StoreError
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.tui.app.session import Changes

pytestmark = pytest.mark.slow

BUSY = "discpress.sqlite3: database is locked"
FULL = "discpress.sqlite3: its disk is full"


def refusing(problem: str) -> Callable[..., NoReturn]:
    """A call to the state file that fails."""

    def refuse(*words: object) -> NoReturn:
        raise StoreError(problem)

    return refuse


async def test_a_state_file_that_is_busy_or_full_ends_no_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as desk:
        with monkeypatch.context() as busy:
            busy.setattr(desk.session.background_tasks, "ask", refusing(BUSY))
            desk.store.save_titles([title("New.iso", 100)])
            await desk.look()
            desk.app.poller.scan()
            await desk.look()
        assert desk.told[-1] == BUSY
        await desk.press("down")
        desk.app.poller.apply(Changes(tuple(desk.view.in_order), (), is_all=True))
        assert desk.session.background_tasks.pending() > 0


async def test_changes_that_a_busy_state_file_did_not_give_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, titles=[title("Game.iso", 100)]) as desk:
        desk.store.save_titles([new := title("New.iso", 100)])
        with monkeypatch.context() as busy:
            busy.setattr(desk.session.store, "titles_at", refusing(BUSY))
            await desk.look()
            assert desk.told[-1] == BUSY
            assert desk.view.titles.get(new.path) is None
        await desk.look()
        assert desk.view.titles.get(new.path) is not None


async def test_tune_asks_again_at_the_next_key_where_the_state_file_could_not_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, titles=[title("Game.iso", 100)]) as desk:
        with monkeypatch.context() as full:
            full.setattr(desk.session.background_tasks, "ask", refusing(FULL))
            await desk.press("t")
            assert desk.told == [FULL]
        assert not desk.session.background_tasks.pending(TaskKind.GRID)
        await desk.press("down")
        assert desk.session.background_tasks.pending(TaskKind.GRID)

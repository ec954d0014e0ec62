"""A state file that another process keeps busy, or whose disk is full, ends no app."""

from pathlib import Path
from typing import NoReturn

import pytest
from app_desk import opened, title

from engine.errors import StoreError
from tui.session import Changes


async def test_a_state_file_that_is_busy_or_full_ends_no_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object) -> NoReturn:
        raise StoreError("discpress.sqlite3: database is locked")

    async with opened(tmp_path) as desk:
        with monkeypatch.context() as busy:
            busy.setattr(desk.session.errands, "ask", refuse)
            desk.store.save_titles([title("New.iso", 100)])
            await desk.look()
            desk.app.scan()
            await desk.look()
        assert desk.told[-1] == "discpress.sqlite3: database is locked"
        await desk.press("down")
        desk.app.take_changes(Changes(tuple(desk.view.in_order), (), is_all=True))
        assert desk.session.errands.pending() > 0

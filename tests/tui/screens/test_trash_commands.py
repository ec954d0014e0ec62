"""The trash's commands, by their keys; the files are real, and the worker's own functions move them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from app_desk import Desk, opened
from command_line import write_old
from sample_images import mixed
from trash_sets import is_home, make_set, put_away

from discpress.engine.queue.jobs import JobState
from discpress.tui.commands import Place
from discpress.tui.screens.confirm import Confirm
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.trash import TrashScreen

runs = pytest.mark.runs
AT = Place.TRASH
CONTENT = mixed(200_000, seed=1)


@asynccontextmanager
async def with_trash(folder: Path) -> AsyncIterator[Desk]:
    """The app on the trash, in which one original lies that was converted by keys."""
    games = folder / "games"
    write_old(games / "Game.iso", CONTENT)
    async with opened(folder, titles=(), folders=[games], has_worker=True) as desk:
        await desk.look()
        await desk.press("c", "o", "enter", "u")
        desk.in_front(TrashScreen)
        yield desk


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "games").iterdir() if not path.name.startswith("."))


async def test_it_lists_what_was_replaced(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        assert len(desk.rows) == 1
        assert desk.rows[0].startswith("Game.iso | ")
        assert desk.rows[0].endswith("converted | in place")
        assert "1 file in the trash; removing them would free" in desk.lines("status")
        assert "replaced by" in desk.lines("about")
        assert names(tmp_path) == ["Game.zso"]


@runs("undo", AT)
@pytest.mark.parametrize("key", ["u", "enter"])
async def test_u_asks_then_brings_the_original_back(key: str, tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press(key)
        desk.in_front(Confirm)
        assert "Bring Game.iso back?" in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE] * 2
        assert names(tmp_path) == ["Game.iso"]
        assert (tmp_path / "games" / "Game.iso").read_bytes() == CONTENT
        assert desk.rows[0].startswith("Game.zso | ")  # the replacement lies there now
        assert desk.told[-1] == "Restoring in the background. Press w in the library to follow it."


@pytest.mark.parametrize("rest", [None, b"something else"])
async def test_a_replacement_that_is_not_there_any_more_is_said_and_left_alone(
    rest: bytes | None, tmp_path: Path
) -> None:
    replacement = tmp_path / "games" / "Game.zso"
    async with with_trash(tmp_path) as desk:
        replacement.unlink()
        if rest:
            write_old(replacement, rest)
        await desk.press("q", "u")
        await desk.press("u")
        assert "Game.zso is gone or was changed: it is left alone" in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE] * 2
        assert names(tmp_path) == ["Game.iso", *(["Game.zso"] if rest else [])]
        assert (tmp_path / "games" / "Game.iso").read_bytes() == CONTENT


async def test_what_was_undone_is_undone_by_the_same_key(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press("u", "right", "enter")
        await desk.look()
        await desk.press("u", "right", "enter")
        await desk.look()
        assert names(tmp_path) == ["Game.zso"]


@runs("purge", AT)
async def test_x_asks_then_removes_it_for_good(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press("x")
        desk.in_front(Confirm)
        assert "Remove Game.iso for good? It frees 195 KiB." in desk.said
        await desk.press("right", "enter")
        await desk.look()
        assert desk.rows == []
        assert names(tmp_path) == ["Game.zso"]
        assert not (tmp_path / "games" / ".discpress-trash").exists()
        assert "The trash is empty: originals come here when a plan says so (o)." in desk.text


async def test_a_replacement_that_does_not_prove_itself_keeps_the_original(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        packed = tmp_path / "games" / "Game.zso"
        packed.write_bytes(packed.read_bytes()[:-5000])
        await desk.press("x", "right", "enter")
        await desk.look()
        assert list((tmp_path / "games").rglob("1.kept"))
        assert JobState.FAILED in {job.state for job in desk.queue.jobs()}
        assert desk.rows[0].endswith("changed")


@pytest.mark.parametrize("key", ["u", "x"])
async def test_the_focus_is_on_leaving_it(key: str, tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press(key)
        assert desk.app.focused is not None
        assert desk.app.focused.id == "keep"
        await desk.press("enter")
        assert len(desk.queue.jobs()) == 1
        assert names(tmp_path) == ["Game.zso"]


async def test_a_name_in_the_way_is_said(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        (tmp_path / "games" / "Game.iso").write_bytes(b"another")
        await desk.press("escape", "u")
        assert "cannot be brought back: a file called Game.iso is in the way" in desk.lines("about")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("key", ["u", "x"])
async def test_an_entry_of_another_user_is_only_listed(key: str, tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        os.chown(tmp_path / "games" / ".discpress-trash", 12001, 12001)
        await desk.press("escape", "u")
        assert "only listed: belongs to user 12001" in desk.lines("about")
        assert "removing them would free 0 B" in desk.lines("status")
        await desk.press(key)
        desk.in_front(TrashScreen)
        assert "belongs to user 12001: it is not used. Run discpress as that user" in desk.told[-1]
        assert len(desk.queue.jobs()) == 1
        assert names(tmp_path) == ["Game.zso"]


async def test_a_title_of_several_files_is_one_row(tmp_path: Path) -> None:
    make_set(tmp_path / "games")
    put_away(tmp_path / "games")
    async with opened(tmp_path, "u", titles=(), folders=[tmp_path / "games"], has_worker=True) as desk:
        assert [row.partition(" | ")[0] for row in desk.rows] == ["game.cue and 2 more"]
        assert "3 files in the trash" in desk.lines("status")
        await desk.press("u", "right", "enter")
        await desk.look()
        assert is_home(tmp_path / "games")


async def test_a_broken_entry_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "games" / ".discpress-trash" / "20260101T000000.000000Z-abcd"
    broken.mkdir(parents=True)
    (broken / "entry.json").write_text("{")
    (broken / "Game.iso").write_bytes(b"x")
    async with opened(tmp_path, "u", titles=(), folders=[tmp_path / "games"]) as desk:
        assert "abcd" in desk.lines("about")


@runs("copy_path", AT)
async def test_y_copies_the_path_of_the_original(tmp_path: Path) -> None:
    async with with_trash(tmp_path) as desk:
        await desk.press("y")
        assert desk.app.clipboard == str(tmp_path / "games" / "Game.iso")


@runs("back", AT)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_goes_to_the_library(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "u", key) as desk:
        desk.in_front(LibraryScreen)


@pytest.mark.parametrize("key", ["u", "enter", "x", "y"])
async def test_a_key_on_an_empty_trash_does_no_harm(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "u", key) as desk:
        desk.in_front(TrashScreen)
        assert desk.rows == []

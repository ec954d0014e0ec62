"""Names that a terminal or a markup parser would obey, on every screen: shown escaped, never sent."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import pytest
from app_desk import LIBRARY, Desk, opened
from command_line import write_old
from sample_images import mixed

from discpress.engine.errors import StorageError
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.tui.dialogs.confirm import Confirm
from discpress.tui.screens.palette import PaletteScreen
from discpress.tui.screens.queue import QueueScreen

pytestmark = pytest.mark.slow


class Size(TypedDict):
    width: int
    height: int


NAMES = {
    "[bold red]Okami[t-en]": "[bold red]Okami[t-en]",
    "[@click=app.bell]x": "[@click=app.bell]x",
    "esc \x1b[31m\x1b]0;t\x07": "esc \\e[31m\\e]0;t\\x07",
    "bidi \u202e txt": "bidi \\u202e txt",
    "new\nline\r": "new\\nline\\r",
    os.fsdecode(b"bad \xff"): "bad \\xff",
    "c1 \x9b31m": "c1 \\x9b31m",
    "zero\u200bwidth": "zero\\u200bwidth",
}
"""What is called so, and how that is shown."""
FROM_DISC = NAMES | {"close [/b] me": "close [/b] me", "[@click=app.bell]x[/]": "[@click=app.bell]x[/]"}
"""A title on a disc may also hold what no file name can."""
WIDE: Size = {"width": 166, "height": 30}


def titled(names: dict[str, str], *, are_from_disc: bool = False) -> list[Title]:
    """Titles whose files are called so, or whose discs call themselves so."""
    titles = []
    for number, name in enumerate(names):
        path = Path(f"/games/Game {number}.iso" if are_from_disc else f"/games/{name}.iso")
        serial = f"SLUS-{number:05}"
        identity = FileIdentity(1000 + number, LIBRARY[0].file_bytes, 5)
        disc = LIBRARY[0].disc._replace(title=name if are_from_disc else "", serial=serial)
        titles.append(replace(LIBRARY[0], path=path, disc=disc, identity=identity, estimate=None))
    return titles


def check(desk: Desk, shown: str = "") -> None:
    """Nothing on the screen may be obeyed by a terminal, and the name is there in its escaped form."""
    for line in desk.text.splitlines():
        assert line.isprintable(), line
    joined = "".join(desk.text.split())  # it may be broken at the end of a line
    assert "".join(shown.split()) in joined, desk.text


@pytest.mark.parametrize("are_from_disc", [False, True], ids=["file names", "titles of discs"])
async def test_on_the_screens_of_the_library(are_from_disc: bool, tmp_path: Path) -> None:
    names = FROM_DISC if are_from_disc else NAMES
    async with opened(tmp_path, titles=titled(names, are_from_disc=are_from_disc), **WIDE) as desk:
        for shown in names.values():
            assert any(shown in row for row in desk.rows)
            check(desk, shown)
        for row in range(len(names)):
            assert desk.table.cursor == row
            title = desk.view.rows[row]
            shown = names[title.title or title.path.stem]
            assert "".join(shown.split()) in "".join(desk.text.split())
            for key in ("enter", "t", "c"):
                await desk.press(key)
                check(desk, shown)
                await desk.press("escape")
            await desk.press("down")


async def test_in_strip_queue_and_log(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=titled(NAMES), **WIDE) as desk:
        jobs = desk.queue.add(JobRequest(ConvertTask(), Path(f"/games/{name}.iso")) for name in NAMES)
        await desk.look()
        check(desk, next(iter(NAMES.values())))
        await desk.press("w")
        for job, (name, shown) in zip(jobs, NAMES.items(), strict=True):
            check(desk, shown)
            desk.queue.start(job)
            desk.queue.append_log(job, f"reads {name}")
            await desk.look()
            check(desk, shown)
            desk.queue.fail(job, StorageError(f"{name}: cannot be read", hint=f"look at {name}"))
            await desk.look()
            row = desk.in_front(QueueScreen)._rows.index_of(job)
            assert row is not None
            desk.table.move_to(row)
            await desk.press("l")
            check(desk, f"{shown}.iso")
            assert "cannot be read (look at" in desk.text
            await desk.press("escape", "home")


async def test_in_the_palette(tmp_path: Path) -> None:
    async with opened(tmp_path, "colon", titles=titled(FROM_DISC, are_from_disc=True), **WIDE) as desk:
        for number, shown in enumerate(FROM_DISC.values()):
            await desk.paste(f"slus-{number:05}")
            assert [hit.name for hit in desk.in_front(PaletteScreen).hits] == [shown]
            check(desk, shown)


@pytest.mark.parametrize("keys", [["slash"], ["colon"], ["comma", "plus"], ["down", "c", "F"]])
async def test_typed_by_the_user(keys: list[str], tmp_path: Path) -> None:
    async with opened(tmp_path, *keys) as desk:
        for name in NAMES:
            await desk.paste(name)
            check(desk)
        await desk.press("enter")
        check(desk)


async def test_in_the_messages_of_the_app(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in NAMES]
    async with opened(tmp_path, titles=(), folders=folders, has_worker=True, **WIDE) as desk:
        await desk.look()
        for shown in NAMES.values():
            assert any(shown in message for message in desk.told)
        check(desk)


@pytest.mark.parametrize(("name", "shown"), NAMES.items(), ids=NAMES.values())
async def test_a_whole_life_of_a_file(name: str, shown: str, tmp_path: Path) -> None:
    """Scanned, planned, converted, its original trashed and brought back, in a folder that is called so as well."""
    games = tmp_path / name
    write_old(games / f"{name}.iso", mixed(100_000))
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True, **WIDE) as desk:
        await desk.look()
        check(desk, shown)
        await desk.press("c", "o")
        check(desk, f"{shown}.zso")
        await desk.press("F")
        check(desk)
        await desk.press("escape", "enter", "u")
        check(desk, f"{shown}.iso")
        await desk.press("z")
        desk.in_front(Confirm)
        assert shown in desk.said
        check(desk)
        await desk.press("right", "enter")
        assert {job.state for job in desk.queue.jobs()} == {JobState.DONE}
        assert (games / f"{name}.iso").exists()
        await desk.press("escape", "comma")
        check(desk)

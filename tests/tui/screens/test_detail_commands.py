"""The commands of the screen of one title, by their keys."""

from pathlib import Path
from typing import Any

import pytest
from app_desk import Desk, opened
from command_line import write_old
from headless_app import settle
from memory_cds import ps2_disc
from sample_images import mixed, pack

from discpress.engine.cli.main import run
from discpress.engine.discs.achievements import achievements_hash
from discpress.engine.discs.reach import identify_image
from discpress.engine.images.open import open_image
from discpress.engine.queue.jobs import JobRequest, JobState
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.targets import TARGETS
from discpress.engine.targets.by_system import choices
from discpress.tui.commands import Place
from discpress.tui.screens.detail import DetailScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.plan import PlanScreen
from discpress.tui.screens.queue import QueueScreen
from discpress.tui.screens.trash import TrashScreen
from discpress.tui.screens.tune import TuneScreen

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
AT = Place.DETAIL


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A folder with one good packed image."""
    folder = tmp_path / "games"
    pack(folder / "Game.zso", mixed(200_000)).with_name("Game.zso.source").unlink()
    return folder


@pytest.fixture
def real(tmp_path: Path, games: Path) -> dict[str, Any]:
    """What opens the app on that folder with a worker."""
    return {"folder": tmp_path, "titles": (), "folders": [games], "has_worker": True}


async def _open_first(desk: Desk) -> None:
    await desk.look()
    await desk.press("enter")
    desk.in_front(DetailScreen)


async def test_it_shows_file_header_and_findings(real: dict[str, Any]) -> None:
    async with opened(real.pop("folder"), **real, height=40) as desk:
        await _open_first(desk)
        text = desk.lines("text")
        assert "200,000 bytes" not in text
        assert "98 of 2048 bytes" in text
        assert "The doctor, for" in text
        assert "looking ..." not in text


async def test_a_damaged_image_shows_what_the_doctor_finds(real: dict[str, Any], games: Path) -> None:
    path = games / "Game.zso"
    path.write_bytes(path.read_bytes()[:-3000])
    async with opened(real.pop("folder"), **real, height=40) as desk:
        await _open_first(desk)
        assert "error:" in desk.lines("text")


async def test_a_file_that_is_gone_is_said_so(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "enter", height=40) as desk:
        assert "/games/Dense Films.iso: cannot open it: No such file" in desk.lines("text")
        assert "nothing found" not in desk.lines("text")


@runs("target_next", AT)
async def test_shift_t_examines_for_the_chosen_target(real: dict[str, Any]) -> None:
    async with opened(real.pop("folder"), **real, height=40) as desk:
        await _open_first(desk)
        title = desk.view.titles.at(desk.in_front(DetailScreen)._path)
        assert title is not None
        system = title.system
        seen = []
        for place in range(len(choices(system)) - 1):
            await desk.press("T", "home", *["down"] * place, "enter")
            target = TARGETS[desk.in_front(DetailScreen)._target]
            assert f"The doctor, for {target.label}" in desk.lines("text")
            seen.append(target.name)
        assert seen == list(choices(system)[1:])


@runs("examine", AT)
@runs("verify", AT)
@pytest.mark.parametrize(("key", "kind"), [("d", TaskKind.DOCTOR), ("V", TaskKind.VERIFY)])
async def test_a_key_lets_the_worker_decode_it(key: str, kind: TaskKind, real: dict[str, Any]) -> None:
    async with opened(real.pop("folder"), **real) as desk:
        await _open_first(desk)
        await desk.press("d", "V")
        jobs = {job.kind: job.state for job in desk.queue.jobs()}
        assert jobs[kind] is JobState.DONE
        assert "Queued" in desk.told[-1]


async def test_the_findings_of_a_check_stand_on_the_screen_and_in_the_pane(real: dict[str, Any], games: Path) -> None:
    path = games / "Game.zso"
    content = bytearray(path.read_bytes())
    content[30_000:30_400] = b"\xff" * 400
    path.write_bytes(content)
    async with opened(real.pop("folder"), **real, width=200, height=60) as desk:
        await _open_first(desk)
        assert "error: " not in desk.lines("text")
        await desk.press("d")
        await desk.look()
        checked = desk.lines("text").partition("Every block decoded for ")[2]
        assert " error: " in checked
        assert checked.count("warning: ") == 1  # the doctor's own is not repeated
        await desk.press("escape")
        assert "error: " in desk.lines("pane").partition("check of every block ─")[2]
        path.write_bytes(content + b"x")  # another file: what a check found is not true of it
        await desk.press("r")
        await desk.look()
        assert "check of every block" not in desk.lines("pane")


async def test_a_job_for_a_file_that_is_gone_is_not_queued(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "enter", "V") as desk:
        assert desk.queue.jobs() == []
        assert "Dense Films.iso" in desk.told[-1]


@runs("plan", AT)
async def test_c_plans_it(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "space", "down", "enter", "c") as desk:
        desk.in_front(PlanScreen)
        assert [row.title.title for row in desk.in_front(PlanScreen).rows] == ["Game 10"]


@runs("tune", AT)
async def test_t_tunes_it(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "enter", "t") as desk:
        desk.in_front(TuneScreen)
        assert "Dense Films" in desk.lines("text")


@runs("show_queue", AT)
async def test_w_shows_the_queue(tmp_path: Path) -> None:
    async with opened(tmp_path, "enter", "w") as desk:
        desk.in_front(QueueScreen)


@runs("show_trash", AT)
async def test_u_shows_the_trash(tmp_path: Path) -> None:
    async with opened(tmp_path, "enter", "u") as desk:
        desk.in_front(TrashScreen)


@runs("show_last_log", AT)
async def test_l_shows_the_log_of_its_newest_job(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "down", "enter", "l") as desk:
        assert desk.told == ["The queue has no job of this title: there is no log."]
        for path in ("Game 2.iso", "Game 10.iso"):
            desk.queue.add([JobRequest(ConvertTask(), Path("/games") / path)])
        await desk.look()
        await desk.press("l")
        assert desk.lines("text").startswith("Game 2 SLES-50002: ")


@runs("copy_path", AT)
async def test_y_copies_the_path(tmp_path: Path) -> None:
    async with opened(tmp_path, "enter", "y") as desk:
        assert desk.app.clipboard == "/games/Broken.cso"


@runs("copy_value", AT)
async def test_the_achievements_hash_is_shown_and_what_to_copy_is_chosen(tmp_path: Path) -> None:
    path = write_old(tmp_path / "[b]" / "Okami [red].iso", ps2_disc("SLUS_203.12"))
    with open_image(path) as image:
        expected = achievements_hash(image, identify_image(image))
    assert run(["scan", str(path.parent), "--state", str(tmp_path / "state")]) == 0
    async with opened(tmp_path, titles=(), folders=[path.parent], height=60) as desk:
        await _open_first(desk)
        assert expected in desk.lines("text")
        await desk.press("Y")
        assert desk.rows == [
            f"path: {path}", f"file name: {path.name}", "serial: SLUS-20312", f"RetroAchievements hash: {expected}"
        ]  # fmt: skip
        await desk.press("down", "down", "down", "enter")
        assert desk.app.clipboard == expected
        await desk.press("Y", "escape")
        assert desk.app.clipboard == expected


@runs("back", AT)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_goes_to_the_library(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "enter", key) as desk:
        desk.in_front(LibraryScreen)
        assert desk.title == "Dense Films"


async def test_it_says_so_when_the_title_vanishes(real: dict[str, Any], games: Path) -> None:
    async with opened(real.pop("folder"), **real) as desk:
        await _open_first(desk)
        (games / "Game.zso").unlink()
        desk.app.poller.scan()
        await settle(desk.pilot)
        await desk.look()
        assert "not there any more" in desk.lines("text")
        await desk.press("c", "t", "T", "V", "y", "escape")
        desk.in_front(LibraryScreen)


async def test_keys_scroll_what_does_not_fit(tmp_path: Path) -> None:
    async with opened(tmp_path, "down", "enter", width=60, height=16) as desk:
        first = desk.text.splitlines()[1]
        await desk.press("down")
        assert desk.text.splitlines()[1] != first
        await desk.press("greater_than_sign", "pageup", "home")
        assert desk.text.splitlines()[1] == first

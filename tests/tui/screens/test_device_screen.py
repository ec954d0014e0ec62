"""A device in the app: chosen, planned, and filled by the worker."""

from dataclasses import replace
from pathlib import Path

import pytest
from app_desk import Desk, opened
from command_line import write_old
from memory_cds import ps2_disc

from discpress.engine.cli.main import run
from discpress.engine.deploy.device import read_device
from discpress.engine.deploy.kinds import DeviceKind
from discpress.engine.deploy.records import DeviceFacts
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.titles import deploying
from discpress.engine.store.model import StoredEstimate
from discpress.tui.app.last_device import FILE_NAME, load_device, save_device
from discpress.tui.commands import Place
from discpress.tui.dialogs.ask_folder import AskFolder
from discpress.tui.screens.device.deploy import DeployScreen
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.queue import QueueScreen

runs = pytest.mark.runs
pytestmark = pytest.mark.slow
AT = Place.DEVICE
ISO, OTHER = "Okami [t-en by X] [red].iso", "Gitaroo Man.iso"
ESTIMATE = StoredEstimate(Settings(ImageFormat.ZSO), 1 << 20, 1 << 19, 1 << 19, 1 << 19, 1 << 20, "convert", "", 1.0)
OKAMI, GITAROO = "CD/SLUS_203.12.Okami [t-en by X] [red].iso", "CD/SLUS_203.13.Gitaroo Man.iso"


@pytest.fixture
def games(tmp_path: Path) -> Path:
    """A scanned folder with two discs, next to an empty device."""
    folder = tmp_path / "[b]"
    write_old(folder / ISO, ps2_disc("SLUS_203.12", kib=100))
    write_old(folder / OTHER, ps2_disc("SLUS_203.13", kib=50))
    (tmp_path / "stick").mkdir()
    assert run(["scan", str(folder), "--state", str(tmp_path / "state")]) == 0
    return folder


def places(desk: Desk) -> list[tuple[str, str]]:
    cells = [row.split(" | ") for row in desk.rows]
    return [(each[2], each[4]) for each in cells]


@runs("deploy", Place.LIBRARY)
@runs("choose_device", AT)
@runs("plan_all", AT)
@runs("confirm", AT)
@runs("copy_path", AT)
async def test_titles_are_put_on_a_chosen_device(games: Path, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[games], has_worker=True) as desk:
        await desk.press("W")
        desk.in_front(DeployScreen)
        assert "No device is chosen. Press F to choose the folder where the device is mounted." in desk.lines("summary")
        await desk.press("enter")
        desk.in_front(AskFolder)
        await desk.press("escape", "F")
        desk.in_front(AskFolder)
        await desk.paste(str(tmp_path / "stick"))
        await desk.press("enter")
        assert places(desk) == [("copy", GITAROO)]
        await desk.press("a")
        assert places(desk) == [("copy", OKAMI), ("copy", GITAROO)]
        assert "2 titles: write " in desk.lines("summary")
        assert "T played by: OPL on a PS2" in desk.lines("summary")
        await desk.press("a")
        assert desk.told == ["The plan has all titles shown already."]
        await desk.press("y")
        assert ISO in desk.told[0]
        await desk.press("enter")
        desk.in_front(LibraryScreen)
        await desk.look()
        assert [job.state for job in desk.queue.jobs()] == [JobState.DONE]
        assert desk.told[0].startswith("2 titles written and proven, ")
        assert (tmp_path / "stick" / OKAMI).read_bytes() == (games / ISO).read_bytes()
        await desk.press("W", "a")
        assert places(desk) == [("is there", OKAMI), ("is there", GITAROO)]
        await desk.press("enter")
        assert desk.told == ["Nothing to copy here. Move the cursor to a title to see why."]
        assert len(desk.queue.jobs()) == 1


@runs("deploy", Place.DETAIL)
@runs("choose_loader", AT)
@runs("format_next", AT)
@runs("show_queue", AT)
@runs("back", AT)
async def test_loader_and_format_are_chosen(games: Path, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(exist_ok=True)
    save_device(tmp_path / "state", tmp_path / "stick", DeviceKind.OPL)
    async with opened(tmp_path, "enter", "W", titles=(), folders=[games]) as desk:
        assert places(desk) == [("copy", GITAROO)]
        await desk.press("f", "down", "enter")
        assert places(desk) == [("convert", GITAROO.replace(".iso", ".zso"))]
        assert "f format: ZSO for all titles" in desk.lines("summary")
        await desk.press("T", "down", "enter")
        assert places(desk) == [("left out", "PPSSPP plays PSP discs only, and this is a disc for PS2")]
        assert "f format: as it is" in desk.lines("summary")
        await desk.press("w")
        desk.in_front(QueueScreen)
        await desk.press("escape", "escape")
        assert not isinstance(desk.app.screen, DeployScreen)


async def test_a_device_that_is_gone_is_told(games: Path, tmp_path: Path) -> None:
    save_device(tmp_path / "state", tmp_path / "away", DeviceKind.OPL)
    async with opened(tmp_path, "W", titles=(), folders=[games]) as desk:
        assert "no such folder. Press F to choose " in desk.lines("summary").replace("\n", " ")
        await desk.press("enter")
        assert desk.told == ["Nothing can be copied: the line at the top tells why."]


async def test_a_plan_that_does_not_fit_is_not_started(
    games: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deploying, "read_device", lambda root: replace(read_device(root), free_bytes=4096))
    save_device(tmp_path / "state", tmp_path / "stick", DeviceKind.OPL)
    async with opened(tmp_path, "W", "enter", titles=(), folders=[games]) as desk:
        assert "NOT ENOUGH: " in desk.lines("summary")
        assert desk.told == ["Not everything fits on the device. Mark fewer titles in the library."]
        assert desk.queue.jobs() == []


async def test_the_same_titles_are_queued_once(games: Path, tmp_path: Path) -> None:
    save_device(tmp_path / "state", tmp_path / "stick", DeviceKind.OPL)
    async with opened(tmp_path, "W", "enter", "W", "enter", titles=(), folders=[games]) as desk:
        assert desk.told == ["These titles are in the queue for this device already."]
        assert len(desk.queue.jobs()) == 1


async def test_only_other_files_change_the_plan(games: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def read(root: Path) -> DeviceFacts:
        asked.append(root)
        return read_device(root)

    monkeypatch.setattr(deploying, "read_device", read)
    save_device(tmp_path / "state", tmp_path / "stick", DeviceKind.OPL)
    async with opened(tmp_path, "W", "a", titles=(), folders=[games]) as desk:
        looks = len(asked)
        for each in desk.store.titles():
            desk.store.save_estimate(each.identity, ESTIMATE)
        await desk.look()
        assert len(asked) == looks
        (games / OTHER).unlink()
        assert run(["scan", str(games), "--state", str(tmp_path / "state")]) == 0
        await desk.look()
        assert places(desk) == [("copy", OKAMI)]


def test_a_device_is_remembered(tmp_path: Path) -> None:
    assert load_device(tmp_path) == (None, None)
    save_device(tmp_path, Path("/media/[b] \udcff"), DeviceKind.BATOCERA)
    assert load_device(tmp_path) == (Path("/media/[b] \udcff"), DeviceKind.BATOCERA)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b'{"root": 5, "kind": []}', b'{"root": "stick", "kind": "toaster"}', b"[" * 20000]
)
def test_a_spoiled_record_of_the_device_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert load_device(tmp_path) == (None, None)

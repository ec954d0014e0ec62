"""The first run: one input for a folder, its completion, and what comes of it."""

import os
from pathlib import Path

import pytest
from app_desk import Desk, opened
from command_line import write_old
from sample_images import compressible

from discpress.engine.config import Config, load_config
from discpress.engine.targets.by_system import choices
from discpress.tui.dialogs.pick import PickTarget
from discpress.tui.screens.first_run import FirstRun
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.widgets.folder_input import FolderInput, complete, plain_path

pytestmark = pytest.mark.slow

AS_IT_IS = ("enter", "enter")
"""Leaves what plays PS2 and PSP discs to discpress."""


@pytest.fixture
def games(tmp_path: Path) -> Path:
    write_old(tmp_path / "home" / "games" / "Game.iso", compressible(100_000))
    return tmp_path / "home" / "games"


def field(desk: Desk) -> FolderInput:
    return desk.app.screen.query_one(FolderInput)


async def test_it_says_what_it_does_and_what_it_does_not(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        desk.in_front(FirstRun)
        assert "Nothing is changed until you press c" in desk.said
        assert desk.app.focused is field(desk)
        assert not field(desk).cursor_blink


async def test_what_is_typed_goes_on_from_the_home(tmp_path: Path) -> None:
    async with opened(tmp_path, *"ga", titles=()) as desk:
        assert field(desk).value == "~/ga"


@pytest.mark.parametrize("typed", ["/", "~", "'", '"'])
async def test_the_beginning_of_a_whole_path_replaces_what_stands_there(typed: str, tmp_path: Path) -> None:
    async with opened(tmp_path, typed, *"/a", titles=()) as desk:
        assert field(desk).value == f"{typed}/a"


async def test_a_slash_after_something_typed_is_only_a_slash(tmp_path: Path) -> None:
    async with opened(tmp_path, *"a/b", titles=()) as desk:
        assert field(desk).value == "~/a/b"


PASTED = {
    "plain": "/mnt/My Games (EU)",
    "single quotes": "'/mnt/My Games (EU)'",
    "double quotes": '"/mnt/My Games (EU)"',
    "escapes": r"/mnt/My\ Games\ \(EU\)",
    "URL": "file:///mnt/My%20Games%20(EU)",
    "URL with a host": "file://localhost/mnt/My%20Games%20%28EU%29",
    "quoted URL": "'file:///mnt/My%20Games%20(EU)'",
    "spaces around": "  /mnt/My Games (EU) ",
}


@pytest.mark.parametrize("how", PASTED)
async def test_a_pasted_path_is_read_in_every_form(how: str, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        field(desk).insert_text_at_cursor(PASTED[how].lstrip())
        assert field(desk).folder == Path("/mnt/My Games (EU)")


async def test_a_typed_url_is_read_after_what_stands_there(tmp_path: Path) -> None:
    async with opened(tmp_path, *"file:///mnt/x", titles=()) as desk:
        assert field(desk).folder == Path("/mnt/x")


@pytest.mark.parametrize("text", ["file://", "file://[", "file:///%", "'", '""', "\\"])
def test_half_of_a_form_is_some_path(text: str) -> None:
    assert plain_path(text) in {"", "/%", "'", "\\"}


@pytest.mark.parametrize("name", [r"a\b", "it's", "100%", "a#b?c", "~x"])
def test_signs_of_names_stay(name: str) -> None:
    assert plain_path(f"/mnt/{name}") == f"/mnt/{name}"
    assert plain_path(f"'/mnt/{name}'") == f"/mnt/{name}"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("PS2", "PSP", ".hidden", "PSP/More [b]"):
        (tmp_path / "home" / "games" / name).mkdir(parents=True)
    (tmp_path / "home" / "games" / "PSX.txt").write_text("no folder")
    return tmp_path / "home" / "games"


async def test_the_folders_in_what_is_typed_are_listed(tmp_path: Path, folders: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(f"{folders}/")
        assert desk.rows == [f"{folders}/PS2/", f"{folders}/PSP/"]
        await desk.press(*"PSP")
        assert desk.rows == []
        await desk.press("/")
        assert desk.rows == [f"{folders}/PSP/More [b]/"]


@pytest.mark.parametrize("key", ["tab", "enter"])
async def test_a_folder_is_picked_from_the_list(key: str, tmp_path: Path, folders: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(f"{folders}/")
        await desk.press("down", "down", key)
        assert field(desk).value == f"{folders}/PSP/"
        desk.in_front(FirstRun)
        await desk.press("enter", *AS_IT_IS)
        assert desk.session.folders == (folders / "PSP",)


async def test_the_list_has_a_cursor_once_a_folder_is_picked(tmp_path: Path, folders: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(f"{folders}/")
        assert not desk.table.has_cursor
        await desk.press("down")
        assert desk.table.has_cursor
        await desk.press("P")
        assert not desk.table.has_cursor


async def test_typing_goes_on_after_a_folder_was_picked(tmp_path: Path, folders: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(f"{folders}/")
        await desk.press("down", *"PS2", "enter", *AS_IT_IS)
        assert desk.session.folders == (folders / "PS2",)


async def test_a_folder_that_is_clicked_twice_is_taken(tmp_path: Path, folders: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(f"{folders}/")
        await desk.click("#folders", 3, 2)
        await desk.click("#folders", 3, 2)
        assert field(desk).value == f"{folders}/PSP/"


async def test_a_folder_is_kept_opened_and_scanned(tmp_path: Path, games: Path, config_file: Path) -> None:
    async with opened(tmp_path, titles=(), has_worker=True) as desk:
        await desk.paste(str(games))
        await desk.press("enter", *AS_IT_IS)
        desk.in_front(LibraryScreen)
        await desk.look()
        assert [each.path.name for each in desk.view.rows] == ["Game.iso"]
        assert load_config(config_file).folders == (games,)


@pytest.mark.parametrize(
    ("keys", "targets"),
    [
        (("down", "enter", "enter"), {"ps2": "opl"}),
        (("enter", "down", "enter"), {"psp": "ark", "psp-video": "ark"}),
        (("down", "enter", "end", "enter"), {"ps2": "opl", "psp": "any"}),
        (("escape", "escape"), {}),
    ],
)
async def test_it_asks_what_plays_the_games(
    keys: tuple[str, ...], targets: dict[str, str], tmp_path: Path, games: Path, config_file: Path
) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(str(games))
        await desk.press("enter")
        desk.in_front(PickTarget)
        assert "What plays your games? PS2:" in desk.said
        assert [row.split()[0] for row in desk.rows] == list(choices("ps2"))
        await desk.press(*keys)
        desk.in_front(LibraryScreen)
        written = load_config(config_file)
        assert (written.targets, written.folders) == (targets, (games,))


async def test_the_question_fits_into_80_by_24(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, titles=(), width=80, height=24) as desk:
        await desk.paste(str(games))
        await desk.press("enter", "end")
        picker = desk.in_front(PickTarget)
        assert len(desk.table.seen) == len(choices("ps2"))
        assert picker.query_one("#box").region.bottom <= 24


async def test_it_does_not_ask_again_for_what_the_settings_name(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, titles=(), config=Config(targets={"ps2": "opl"})) as desk:
        await desk.paste(str(games))
        await desk.press("enter")
        desk.in_front(LibraryScreen)


async def test_tab_takes_the_folder_that_is_suggested(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(f"{games.parent}/ga")
        await desk.until(lambda: field(desk)._suggestion == f"{games}/")
        await desk.press("tab")
        assert field(desk).value == f"{games}/"
        await desk.press("enter", *AS_IT_IS)
        assert desk.session.folders == (games,)


async def test_a_home_is_completed_as_it_was_typed(games: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(games.parent))
    assert complete("~/g") == "~/games/"
    assert complete("~/x") is None


def test_a_completion_shows_only_what_can_be_shown(tmp_path: Path) -> None:
    for name in (b"esc \x1b[31m", b"bad \xff", "bidi \u202e".encode(), b"zz good", b".hidden"):
        (tmp_path / os.fsdecode(name)).mkdir()
    (tmp_path / "a file").touch()
    assert complete(f"{tmp_path}/") == f"{tmp_path}/zz good/"
    assert complete(f"{tmp_path}/.h") == f"{tmp_path}/.hidden/"
    assert complete(f"{tmp_path}/esc") is None
    assert complete(f"{tmp_path}/a") is None


@pytest.mark.parametrize("text", ["", "games", "/nowhere/at/all", "a\0b/c", "/proc/self/mem/x"])
def test_there_is_no_completion_for(text: str) -> None:
    assert complete(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Type the name of a folder."),
        ("   ", "Type the name of a folder."),
        ("/nowhere [/b]", "/nowhere [/b]: no such"),
    ],
)
async def test_what_is_no_folder_is_asked_for_again(text: str, said: str, tmp_path: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(text)
        await desk.press("enter")
        desk.in_front(FirstRun)
        assert said in desk.said


@pytest.mark.parametrize("way", ["~/", "~", "~/games/..", "link"])
async def test_the_home_folder_itself_is_refused(
    way: str, tmp_path: Path, games: Path, config_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(games.parent))
    (tmp_path / "link").symlink_to(games.parent)
    async with opened(tmp_path, titles=()) as desk:
        if way != "~/":
            await desk.paste(str(tmp_path / way) if way == "link" else way)
        await desk.press("enter")
        desk.in_front(FirstRun)
        assert "This is your whole home folder" in desk.said
        assert not config_file.exists()


async def test_a_file_is_no_folder(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste(str(games / "Game.iso"))
        await desk.press("enter")
        assert "Game.iso: no such folder" in desk.said


async def test_a_name_that_the_system_refuses_is_told_with_its_reason(tmp_path: Path) -> None:
    async with opened(tmp_path, titles=()) as desk:
        await desk.paste("y" * 300)
        await desk.press("enter")
        desk.in_front(FirstRun)
        assert "yyy: File name too long" in " ".join(desk.said.split())


@pytest.mark.parametrize("key", ["escape", "ctrl+q", "ctrl+c"])
async def test_it_can_be_left(key: str, tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, key, titles=()) as desk:
        assert desk.has_ended
        assert not config_file.exists()


async def test_a_question_mark_is_typed_and_no_help(tmp_path: Path) -> None:
    async with opened(tmp_path, "question_mark", titles=()) as desk:
        desk.in_front(FirstRun)
        assert field(desk).value.endswith("?")


async def test_a_folder_is_opened_though_the_settings_cannot_be_written(
    tmp_path: Path, games: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCPRESS_CONFIG", str(games / "Game.iso" / "config.toml"))
    async with opened(tmp_path, titles=(), has_worker=True) as desk:
        await desk.paste(str(games))
        await desk.press("enter", *AS_IT_IS)
        await desk.look()
        assert any("config.toml" in message for message in desk.told)
        assert [each.path.name for each in desk.view.rows] == ["Game.iso"]


async def test_known_titles_need_no_first_run(tmp_path: Path) -> None:
    async with opened(tmp_path) as desk:
        desk.in_front(LibraryScreen)


async def test_folders_that_are_named_need_no_first_run(tmp_path: Path, games: Path) -> None:
    async with opened(tmp_path, titles=(), folders=[games]) as desk:
        desk.in_front(LibraryScreen)

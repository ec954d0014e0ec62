"""The settings' commands, by their keys; what they change is in the settings file."""

from pathlib import Path

import pytest
from app_desk import opened
from headless_app import settle
from textual import events

from discpress.engine.config import THEMES, Config, load_config
from discpress.engine.formats import ImageFormat
from discpress.engine.targets.by_system import choices, target_name
from discpress.tui.commands import Place
from discpress.tui.dialogs.ask_folder import AskFolder
from discpress.tui.dialogs.pick import PickTarget
from discpress.tui.screens.library import LibraryScreen
from discpress.tui.screens.settings import SettingsScreen
from discpress.tui.views.settings import Setting, settings_of

pytestmark = pytest.mark.slow

runs = pytest.mark.runs
AT = Place.SETTINGS


def written(config_file: Path) -> Config:
    return load_config(config_file)


def to(label: str, config: Config = Config()) -> list[str]:  # noqa: B008 - frozen
    """The keys that open the settings with the cursor on one of them."""
    labels = [setting.label for setting in settings_of(config)]
    return ["comma", *["down"] * labels.index(label)]


@runs("setting_next", AT)
async def test_right_takes_the_next_value(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, *to("level"), "right") as desk:
        assert written(config_file).level == 10
        assert any(row.startswith("level | 10") for row in desk.rows)


@runs("choose_value", AT)
async def test_enter_offers_all_values_with_the_cursor_on_the_present_one(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, *to("theme"), "enter") as desk:
        assert desk.rows == list(THEMES)
        await desk.press("down", "down", "enter")
        assert written(config_file).theme == THEMES[2]
        await desk.press("enter")
        assert desk.table.cursor == 2
        await desk.press("up", "escape")
        assert written(config_file).theme == THEMES[2]


async def test_enter_on_the_target_of_a_system_offers_those_that_play_it(tmp_path: Path) -> None:
    async with opened(tmp_path, *to("plays PSP"), "enter") as desk:
        desk.in_front(PickTarget)


@runs("setting_previous", AT)
async def test_left_takes_the_value_before(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, *to("level"), "left", "left"):
        assert written(config_file).level == 7


@pytest.mark.parametrize(
    "label", ["plays PS2", "level", "format", "threads", "originals", "theme", "mouse", "characters"]
)
async def test_every_setting_goes_around_and_back(label: str, tmp_path: Path, config_file: Path) -> None:
    setting = next(each for each in settings_of(Config()) if each.label == label)
    async with opened(tmp_path, *to(label)) as desk:
        before = desk.rows
        shown = set()
        for _ in setting.choices:
            await desk.press("right")
            shown.add(_value(written(config_file), setting))
        assert shown == set(setting.choices)
        assert desk.rows == before
        assert desk.told == []


def _value(config: Config, setting: Setting) -> object:
    return target_name(config.targets, setting.system) if setting.system else getattr(config, setting.key)


@runs("choose_target", AT)
async def test_shift_t_chooses_what_plays_a_system(tmp_path: Path, config_file: Path) -> None:
    config = Config(format=ImageFormat.CHD)
    async with opened(tmp_path, *to("plays PSP"), "T", config=config) as desk:
        desk.in_front(PickTarget)
        assert [row.split()[0] for row in desk.rows] == list(choices("psp"))
        await desk.press("down", "down", "enter")
        desk.in_front(SettingsScreen)
        assert (written(config_file).targets, written(config_file).format) == ({"psp": "psp-old"}, None)


async def test_shift_t_does_nothing_on_another_setting(tmp_path: Path) -> None:
    async with opened(tmp_path, *to("level"), "T") as desk:
        desk.in_front(SettingsScreen)


async def test_the_theme_changes_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path, *to("theme")) as desk:
        seen = [desk.app.theme]
        for _ in THEMES[1:]:
            await desk.press("right")
            seen.append(desk.app.theme)
        assert seen == [f"discpress-{name}" for name in THEMES]


async def test_every_setting_is_described_and_offers_its_values(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, "comma") as desk:
        for setting in settings_of(Config()):
            assert setting.about in desk.lines("about")
            if setting.choices:
                await desk.press("enter")
                assert len(desk.rows) == len(setting.choices), setting.label
                await desk.press("escape")
            await desk.press("down")


async def test_the_library_follows_a_changed_setting(tmp_path: Path) -> None:
    async with opened(tmp_path, *to("level"), "right", "escape", width=120, height=36) as desk:
        desk.table.move_to(next(index for index, row in enumerate(desk.rows) if "Game 2" in row))
        await desk.look()
        assert "ZSO 2K, level 10" in desk.text


@runs("add_folder", AT)
async def test_plus_adds_a_folder(tmp_path: Path, config_file: Path) -> None:
    games = tmp_path / "games"
    games.mkdir()
    async with opened(tmp_path, "comma", "plus") as desk:
        desk.in_front(AskFolder)
        await desk.paste(str(games))
        await desk.press("enter")
        desk.in_front(SettingsScreen)
        assert written(config_file).folders == (games,)
        assert desk.rows[0] == f"folders | {games}"
        assert desk.session.folders == (games,)


async def test_a_folder_that_is_there_already_is_not_added_twice(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, "comma") as desk:
        for _ in range(2):
            await desk.press("plus")
            await desk.paste(str(tmp_path))
            await desk.press("enter")
        assert written(config_file).folders == (tmp_path,)


async def test_a_name_that_is_too_long_is_told_and_not_added(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, "comma", "plus") as desk:
        await desk.paste("y" * 300)
        await desk.press("enter")
        desk.in_front(AskFolder)
        assert "yyy: File name too long" in " ".join(desk.said.split())
        assert not config_file.exists()


async def test_a_folder_is_picked_from_the_list_of_the_question(tmp_path: Path, config_file: Path) -> None:
    for name in ("PS2", "PSP"):
        (tmp_path / "games" / name).mkdir(parents=True)
    async with opened(tmp_path, "comma", "plus") as desk:
        assert "Down picks a folder" in desk.said
        await desk.paste(f"{tmp_path}/games/")
        assert desk.rows == [f"{tmp_path}/games/PS2/", f"{tmp_path}/games/PSP/"]
        await desk.press("down", "down", "enter", "enter")
        assert written(config_file).folders == (tmp_path / "games" / "PSP",)


async def test_leaving_the_question_adds_nothing(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, "comma", "plus", "escape") as desk:
        desk.in_front(SettingsScreen)
        assert not config_file.exists()


@runs("remove_folder", AT)
async def test_x_takes_a_folder_off_and_leaves_its_files(tmp_path: Path, config_file: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with opened(tmp_path, "comma") as desk:
        for name in ("one", "two"):
            await desk.press("plus")
            await desk.paste(str(tmp_path / name))
            await desk.press("enter")
        await desk.press("x")
        assert f"{tmp_path / 'one'} is off the list" in desk.told[-1]
        assert written(config_file).folders == (tmp_path / "two",)
        assert (tmp_path / "one").is_dir()


async def test_x_on_another_row_takes_nothing_off(tmp_path: Path, config_file: Path) -> None:
    config_file.write_text('folders = ["/games"]\n')
    config = written(config_file)
    async with opened(tmp_path, *to("theme", config), "x", config=config) as desk:
        assert desk.session.config.folders == (Path("/games"),)


async def test_an_empty_library_without_folders_names_the_key_to_press(tmp_path: Path, config_file: Path) -> None:
    (tmp_path / "games").mkdir()
    config_file.write_text(f'folders = ["{tmp_path}/games"]\n')
    config = written(config_file)
    async with opened(
        tmp_path, "comma", "x", "escape", titles=(), config=config, folders=config.folders, has_worker=True
    ) as desk:
        await desk.look()
        assert "The library is empty: press the comma key and name a folder of games." in desk.text


async def test_a_file_that_cannot_be_written_is_told_and_nothing_changes(tmp_path: Path, config_file: Path) -> None:
    config_file.write_text("this is no TOML")
    async with opened(tmp_path, *to("level"), "right") as desk:
        assert "not TOML" in desk.told[-1]
        assert desk.session.config.level == 9
        assert config_file.read_text() == "this is no TOML"


@runs("back", AT)
@pytest.mark.parametrize("key", ["escape", "q"])
async def test_back_goes_to_the_library(key: str, tmp_path: Path) -> None:
    async with opened(tmp_path, "comma", key) as desk:
        desk.in_front(LibraryScreen)


async def test_it_names_the_file_and_how_keys_are_set(tmp_path: Path, config_file: Path) -> None:
    async with opened(tmp_path, "comma", width=120) as desk:
        assert str(config_file) in desk.lines("about")
        assert "keys = {" in desk.lines("about")


async def test_another_format_takes_the_methods_and_blocks_of_the_one_before_away(
    tmp_path: Path, config_file: Path
) -> None:
    config_file.write_text('format = "chd"\nmethods = ["zstd"]\nblock_size = 16384\n')
    async with opened(tmp_path, *to("format"), "right", config=written(config_file)):
        assert written(config_file) == Config(format=ImageFormat.RVZ)


@pytest.mark.parametrize("key", ["right", "left", "enter", "x"])
async def test_keys_that_were_typed_ahead_find_the_settings_there(key: str, tmp_path: Path) -> None:
    """As on a slow line: both are read at once, before the screen has been drawn."""
    async with opened(tmp_path) as desk:
        for each in ("comma", key):
            desk.app.post_message(events.Key(each, None))
        await settle(desk.pilot)
        assert not desk.has_ended


async def test_keys_that_cannot_be_are_told_and_the_old_ones_hold(tmp_path: Path, config_file: Path) -> None:
    """The file was written by hand while the app is open."""
    config_file.write_text('keys = { plan = "q" }\n')
    async with opened(tmp_path, *to("level"), "right") as desk:
        assert "q would run both" in desk.told[-1]
        assert desk.session.config.keys == {}

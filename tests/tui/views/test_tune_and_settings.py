"""The grid of Tune as data, and the settings as rows."""

from pathlib import Path

import pytest
from app_desk import LIBRARY, title

from discpress.engine.config import THEMES, Config
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.images.registry import form_in_words
from discpress.engine.measure.estimate import grid_block_sizes, grid_levels
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.request import ConversionRequest
from discpress.engine.store.model import StoredEstimate
from discpress.engine.targets import AUTO, TARGETS
from discpress.engine.targets.by_system import choices
from discpress.tui.views.settings import Setting, SettingRows, changed_target, settings_of
from discpress.tui.views.title_settings import describe_settings
from discpress.tui.views.tune import Tuning, cell_of, grid_of, known_by_settings, nearest

CHOOSER = Chooser.of(Config())
GAME = LIBRARY[1]
PSP = next(each for each in LIBRARY if each.system == "psp")


def estimate(settings: Settings, packed_bytes: int = 1000) -> StoredEstimate:
    return StoredEstimate(settings, 2000, packed_bytes, packed_bytes, packed_bytes, 2000, "convert", "", 1.0)


def test_it_begins_with_what_the_title_would_be_written_with() -> None:
    assert Tuning.of(GAME, CHOOSER) == Tuning(AUTO, ImageFormat.ZSO, 2048, 9)


def test_it_begins_with_the_titles_own_settings() -> None:
    own = ConversionRequest(ImageFormat.ZSO, 16384, 4, 4096, "pcsx2")
    tuned = title("Own.iso", 700, overrides=own)
    assert Tuning.of(tuned, CHOOSER) == Tuning("pcsx2", ImageFormat.ZSO, 16384, 4, 4096)


def test_what_is_refused_begins_with_the_targets_own_format() -> None:
    own = ConversionRequest(ImageFormat.CSO, 2048, 9, target="opl")
    tuning = Tuning.of(title("Own.iso", 700, overrides=own), CHOOSER)
    assert (tuning.target, tuning.format) == ("opl", ImageFormat.ZSO)


def test_overrides_and_back() -> None:
    tuning = Tuning("pcsx2", ImageFormat.ZSO, 16384, 4, 4096)
    assert Tuning.of(title("Own.iso", 700, overrides=tuning.overrides), CHOOSER) == tuning


def test_an_iso_is_kept_without_block_and_level() -> None:
    assert Tuning(AUTO, ImageFormat.ISO, 2048, 9).overrides == ConversionRequest(ImageFormat.ISO, target=AUTO)


@pytest.mark.parametrize(
    ("rows", "columns", "block_size", "level"),
    [
        (0, 0, 2048, 9),
        (1, 0, 4096, 9),
        (-5, 0, 2048, 9),
        (99, 0, grid_block_sizes(ImageFormat.ZSO)[-1], 9),
        (0, 9, 2048, 12),
        (0, -9, 2048, 1),
    ],
)
def test_moving_stays_within_the_grid(rows: int, columns: int, block_size: int, level: int) -> None:
    moved = Tuning(AUTO, ImageFormat.ZSO, 2048, 9).moved(rows, columns)
    assert (moved.block_size, moved.level) == (block_size, level)


@pytest.mark.parametrize("name", choices("ps2"))
def test_another_target_takes_its_best_format(name: str) -> None:
    tuning = Tuning("pcsx2", ImageFormat.CHD, 65536, 9, methods=(Method.ZSTD,)).of_target(name, "ps2")
    target = TARGETS["opl+pcsx2" if name == AUTO else name]
    assert (tuning.target, tuning.format) == (name, target.default_format)
    assert not cell_of(tuning, GAME, CHOOSER, {}).refusal


def test_another_format_takes_its_nearest_level() -> None:
    for image_format in (ImageFormat.ZSO, ImageFormat.CSO):
        levels = grid_levels(image_format)
        tuning = Tuning(AUTO, image_format, 2048, 1)
        following = tuning.of_form(ImageFormat.CHD, (Method.ZSTD,))
        assert following.level in following.levels
        assert set(tuning.levels) == set(levels)


def test_the_grid_has_a_row_for_each_block_size_and_says_what_is_refused() -> None:
    grid = grid_of(Tuning("opl", ImageFormat.ZSO, 2048, 9), GAME, CHOOSER, {})
    assert [row[0].settings.block_size for row in grid] == list(grid_block_sizes(ImageFormat.ZSO))
    assert not any(cell.refusal for cell in grid[0])
    assert all("OPL" in cell.refusal for row in grid[1:] for cell in row)


def test_a_cell_finds_its_estimate_whatever_the_target_is_called() -> None:
    known = known_by_settings([estimate(Settings(ImageFormat.ZSO, 2048, 9, target="any"), 777)])
    cell = cell_of(Tuning(AUTO, ImageFormat.ZSO, 2048, 9), GAME, CHOOSER, known)
    assert cell.estimate is not None
    assert cell.estimate.packed_bytes == 777
    assert cell_of(Tuning(AUTO, ImageFormat.ZSO, 2048, 4), GAME, CHOOSER, known).estimate is None


@pytest.mark.parametrize(("value", "choice"), [(1, 1), (3, 4), (9, 9), (11, 12), (99, 12)])
def test_the_nearest_choice(value: int, choice: int) -> None:
    assert nearest(value, (1, 4, 9, 12)) == choice


def test_settings_in_a_few_characters() -> None:
    assert describe_settings(Settings(ImageFormat.ZSO, 16384, 12)) == "16K/12"
    assert describe_settings(Settings(ImageFormat.WBFS, 2 << 20)) == "2M"
    assert describe_settings(Settings(ImageFormat.ISO)) == "ISO"


def test_settings_in_words_name_a_level_only_if_the_format_has_some() -> None:
    assert form_in_words(Settings(ImageFormat.ZSO)) == "ZSO 2K, level 9"
    assert form_in_words(Settings(ImageFormat.WBFS, 2 << 20)) == "WBFS 2M"
    assert form_in_words(Settings(ImageFormat.ISO)) == "ISO"


def test_a_psp_title_goes_by_a_psp_target() -> None:
    assert CHOOSER.choice(PSP).settings.target != CHOOSER.choice(GAME).settings.target


# The settings


def by_key(config: Config) -> dict[str, Setting]:
    return {setting.key: setting for setting in settings_of(config)}


def test_every_setting_that_a_list_can_offer_is_a_row() -> None:
    in_file_only = {"keys", "methods", "block_size", "on_done", "webhook", "watch"}
    assert set(by_key(Config())) == set(Config.__slots__) - in_file_only


def test_methods_and_blocks_stand_in_the_row_of_the_format() -> None:
    config = Config(format=ImageFormat.CHD, methods=(Method.ZSTD,), block_size=16384)
    assert by_key(config)["format"].shown == "CHD zstd, blocks of 16384"


@pytest.mark.parametrize(
    "key", ["targets", "level", "format", "threads", "trash", "trash_days", "theme", "mouse", "ascii"]
)
def test_a_row_goes_through_all_its_choices_both_ways(key: str) -> None:
    setting = by_key(Config())[key]
    assert setting.value in setting.choices
    assert [setting.next(step) for step in range(len(setting.choices))] == [
        *setting.choices[setting.choices.index(setting.value) :],
        *setting.choices[: setting.choices.index(setting.value)],
    ]
    assert setting.next(-1) == setting.choices[setting.choices.index(setting.value) - 1]


def test_each_system_with_a_target_of_its_own_has_a_row() -> None:
    rows = [
        each for each in settings_of(Config(targets={"ps2": "opl", "ps1": "archive", "default": "any"})) if each.system
    ]
    assert [(each.label, each.shown) for each in rows] == [
        ("plays PS2", "opl: OPL"),
        ("plays PS1", "archive: an archive"),
        ("plays PSP", "any: any program"),
        ("plays UMD Video", "any: any program"),
        ("plays GameCube", "any: any program"),
        ("plays Wii", "any: any program"),
        ("plays Saturn", "any: any program"),
        ("plays Dreamcast", "any: any program"),
        ("plays others", "any: any program"),
    ]


def test_another_target_takes_its_best_format_for_all_titles() -> None:
    config = Config(targets={"ps2": "pcsx2", "psp": "ark"}, format=ImageFormat.CHD, block_size=16384)
    assert changed_target(config, "ps2", "opl") == {
        "targets": {"ps2": "opl", "psp": "ark"}, "format": None, "methods": None, "block_size": None,
    }  # fmt: skip
    assert changed_target(config, "ps2", AUTO)["targets"] == {"psp": "ark"}
    assert changed_target(Config(targets={"ps2": "opl"}), "ps2", AUTO)["targets"] is None


def test_auto_is_written_where_another_default_stands() -> None:
    config = Config(targets={"default": "archive"})
    assert changed_target(config, "ps2", AUTO)["targets"] == {"default": "archive", "ps2": AUTO}


def test_titles_are_written_for_the_target_of_their_system() -> None:
    chooser = Chooser.of(Config(targets={"ps2": "nethersx2", "psp": "psp-old"}))
    assert [chooser.choice(each).target.name for each in (GAME, PSP)] == ["nethersx2", "psp-old"]
    assert chooser.request(PSP).target == "psp-old"
    assert chooser.differing == {"ps2", "psp", "gamecube", "wii"}


def test_a_value_that_is_no_choice_goes_to_one() -> None:
    setting = by_key(Config(threads=9999))["threads"]
    assert setting.next(1) in setting.choices


def test_folders_come_first_one_a_row() -> None:
    rows = SettingRows()
    rows.settings = settings_of(Config(folders=(Path("/nas/PS2"), Path("/nas/\x1bPSP"))))
    assert [list(rows.cells(index, ["label", "shown"])) for index in (0, 1)] == [
        ["folders", "/nas/PS2"],
        ["folder", "/nas/\\ePSP"],
    ]


def test_without_folders_it_names_the_key_to_press() -> None:
    assert "+ adds one" in by_key(Config())["folders"].shown


def test_every_theme_is_a_choice() -> None:
    assert by_key(Config())["theme"].choices == THEMES

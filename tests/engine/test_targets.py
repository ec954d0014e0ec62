"""Who loads what: the table of docs/formats.md, section 2, held against `discpress.engine.targets`."""

from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

import pytest

from discpress.engine.convert.choice import resolve_settings
from discpress.engine.errors import SettingError, UnplayedDiscError
from discpress.engine.formats import CD_HUNK_SIZE, ImageFormat, Method, Settings
from discpress.engine.request import ConversionRequest
from discpress.engine.systems import SYSTEMS, System
from discpress.engine.targets import ANY, TARGETS, target_for
from discpress.engine.targets.by_system import choices, of_one
from discpress.engine.targets.checks import check_settings, check_system, check_tracks, player_warning
from discpress.engine.units import GIB, MIB

ZSO, CSO, CHD, DAX, JSO, ISO = (
    ImageFormat.ZSO,
    ImageFormat.CSO,
    ImageFormat.CHD,
    ImageFormat.DAX,
    ImageFormat.JSO,
    ImageFormat.ISO,
)
DVD_BYTES = 4_700_000_000
SMALL_BYTES = 100 * MIB
NO_LIMIT = 31


@dataclass(frozen=True, slots=True)
class Row:
    """One loader of docs/formats.md, section 2; a target of two loaders is what both load."""

    name: str
    loads: set[ImageFormat]
    default: ImageFormat
    cso2: bool
    max_block: int
    max_shift: int
    below_4_gib: bool
    system: str
    safe_block: int = MIB


ROWS = [
    Row("opl", {ZSO}, ZSO, False, 2048, 11, False, "ps2"),
    Row("pcsx2", {ZSO, CSO, CHD}, ZSO, False, MIB, NO_LIMIT, False, "ps2"),
    Row("opl+pcsx2", {ZSO}, ZSO, False, 2048, 11, False, "ps2"),
    Row("armsx2", {ZSO, CSO, CHD}, ZSO, False, MIB, NO_LIMIT, False, "ps2"),
    Row("lrps2", {ZSO, CSO, CHD}, ZSO, False, MIB, NO_LIMIT, False, "ps2"),
    Row("neutrino", {ZSO, CSO, CHD}, ZSO, False, MIB, NO_LIMIT, False, "ps2"),
    Row("play", {CSO, CHD}, CSO, False, MIB, NO_LIMIT, False, "ps2"),
    Row("ark", {ZSO, CSO, DAX, JSO}, ZSO, True, MIB, 11, True, "psp", safe_block=8192),
    Row("psp-old", {CSO}, CSO, False, 2048, 11, True, "psp"),
    Row("ppsspp", {CSO, CHD}, CSO, False, MIB, 20, False, "psp"),
    Row("ppsspp+psp", {CSO}, CSO, False, 2048, 11, True, "psp"),
    Row("nethersx2", {CSO, CHD}, CSO, False, MIB, NO_LIMIT, False, "ps2"),
    Row("archive", {CHD, ImageFormat.RVZ}, CHD, False, MIB, NO_LIMIT, False, ""),
]
CD_PLAYERS = {
    "duckstation": ("ps1", True),
    "beetle-psx": ("ps1", True),
    "swanstation": ("ps1", False),
    "flycast": ("dreamcast", True),
    "kronos": ("saturn", False),
}
"""Loaders of CDs: their system, and whether they load cdzs."""
NINTENDO_PLAYERS = {
    "dolphin": ("rvz", {"rvz", "wia", "gcz", "wbfs", "gamecube-ciso", "tgc"}, {System.GAMECUBE, System.WII}),
    "nintendont": ("gamecube-ciso", {"gamecube-ciso"}, {System.GAMECUBE}),
    "usbloadergx": ("wbfs", {"wbfs", "gamecube-ciso"}, {System.WII}),
}
"""Loaders of GameCube and Wii discs: the default, the formats, the systems."""
PACKED = (ZSO, CSO, CHD)
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


class Changes(TypedDict, total=False):
    format: ImageFormat
    block_size: int


def settings_for(row: Row, **changes: Unpack[Changes]) -> Settings:
    return replace(Settings(row.default, target=row.name), **changes)


def refusal(row: Row, settings: Settings, size: int = SMALL_BYTES, shift: int = 0) -> SettingError | None:
    try:
        assert check_settings(settings, TARGETS[row.name], size, shift, "Okami.iso") == []
    except SettingError as error:
        return error
    return None


def test_every_target_has_its_row() -> None:
    assert {row.name for row in ROWS} | {ANY} | CD_PLAYERS.keys() | NINTENDO_PLAYERS.keys() == TARGETS.keys()


@pytest.mark.parametrize("name", NINTENDO_PLAYERS)
def test_a_loader_of_gamecube_and_wii_discs(name: str) -> None:
    target, (default, formats, systems) = TARGETS[name], NINTENDO_PLAYERS[name]
    assert str(target.default_format) == default
    assert ({*map(str, target.formats)}, {*target.systems}) == (formats, systems)


@pytest.mark.parametrize("name", ["nintendont", "usbloadergx"])
def test_a_console_refuses_an_rvz_with_the_reason(name: str) -> None:
    with pytest.raises(SettingError, match=r"RVZ cannot be loaded: .* loads ISO and"):
        check_settings(Settings(ImageFormat.RVZ, 131072), TARGETS[name], SMALL_BYTES, 0, "a.iso", "gamecube")


@pytest.mark.parametrize("name", ["archive", "any"])
def test_a_gamecube_disc_is_archived_as_rvz_at_the_highest_level(name: str) -> None:
    found = resolve_settings("a.iso", SMALL_BYTES, "gamecube", ConversionRequest(target=name)).settings
    assert (found.format, found.block_size, found.level) == ("rvz", 131072, 19 if name == "archive" else 5)


def test_an_rvz_contains_no_disc_of_another_system() -> None:
    with pytest.raises(SettingError, match=r"a\.iso: GameCube/Wii RVZ contains discs of GameCube and Wii only"):
        resolve_settings("a.iso", SMALL_BYTES, "ps2", ConversionRequest(ImageFormat.RVZ, target="any"))


def cd(*methods: Method) -> Settings:
    """Return settings for the CHD of a CD."""
    return Settings(CHD, CD_HUNK_SIZE, methods=methods)


@pytest.mark.parametrize("name", CD_PLAYERS)
def test_a_player_of_cds_loads_what_chdman_writes_and_nothing_without_tracks(name: str) -> None:
    target, (system, loads_cdzs) = TARGETS[name], CD_PLAYERS[name]
    assert target.systems == {System(system)}
    assert check_settings(cd(Method.CDLZ, Method.CDZL, Method.CDFL), target, SMALL_BYTES, 0, "a.cue", system) == []
    with pytest.raises(SettingError, match=f"target {name}: ZSO cannot be loaded"):
        check_settings(Settings(ZSO), target, SMALL_BYTES, 0, "a.iso", system)
    with pytest.raises(UnplayedDiscError, match="the CHD of a CD, and this image has no tracks"):
        check_tracks(Settings(CHD, methods=(Method.ZLIB,)), target, 0, "a.iso")
    if loads_cdzs:
        assert check_settings(cd(Method.CDZS), target, SMALL_BYTES, 0, "a.cue", system) == []
        return
    with pytest.raises(SettingError, match=r"cdzs hunks cannot be loaded: .* cdlz, cdzl, cdfl") as found:
        check_settings(cd(Method.CDZS), target, SMALL_BYTES, 0, "a.cue", system)
    assert found.value.hint == "leave out -m, or --target any to write it anyway"


@pytest.mark.parametrize("name", ["lrps2", "play", "neutrino", "nethersx2"])
def test_a_player_of_ps2_discs_without_zstd_loads_no_cdzs(name: str) -> None:
    with pytest.raises(SettingError, match="cdzs hunks cannot be loaded"):
        check_settings(cd(Method.CDZS, Method.CDFL), TARGETS[name], SMALL_BYTES, 0, "a.cue", "ps2")


def test_any_names_the_players_that_load_no_cdzs() -> None:
    (warning,) = check_settings(cd(Method.CDZS, Method.CDFL), TARGETS[ANY], SMALL_BYTES, 0, "a.cue", "ps1")
    assert warning == "cdzs hunks: SwanStation cannot load them"


@pytest.mark.parametrize("name", ["pcsx2", "armsx2", "nethersx2"])
def test_a_player_of_the_first_track_refuses_more(name: str) -> None:
    check_tracks(cd(Method.CDLZ), TARGETS[name], 1, "a.cue")
    with pytest.raises(UnplayedDiscError, match="track 1 only, so the game lacks the other 2"):
        check_tracks(cd(Method.CDLZ), TARGETS[name], 3, "a.cue")


def test_flycast_names_what_it_does_not_load_in_the_chd_of_a_cd_and_loads_instead() -> None:
    gaps = "no CHD with pregaps or postgaps, as of track 2"
    check_tracks(cd(Method.CDLZ), TARGETS["flycast"], 3, "a.gdi")
    check_tracks(cd(Method.CDLZ), TARGETS["duckstation"], 3, "a.cue", gaps)
    with pytest.raises(UnplayedDiscError) as found:
        check_tracks(cd(Method.CDLZ), TARGETS["flycast"], 3, "a.cue", gaps)
    assert found.value.reason == f"Flycast loads {gaps}; it loads the GDI or CUE sheet"


@every_row
def test_formats_that_a_target_loads(row: Row) -> None:
    assert row.loads == set(TARGETS[row.name].formats)


@every_row
def test_cso_version_2(row: Row) -> None:
    assert row.cso2 == TARGETS[row.name].cso2


@every_row
def test_the_default_format_is_the_first_of_zso_cso_chd_that_loads(row: Row) -> None:
    assert row.default == TARGETS[row.name].default_format


@every_row
def test_systems_whose_discs_a_target_plays(row: Row) -> None:
    assert {row.system} - {""} == TARGETS[row.name].systems - {System.UMD_VIDEO}


def test_only_a_psp_plays_umd_videos() -> None:
    assert {name for name, target in TARGETS.items() if System.UMD_VIDEO in target.systems} == {"ark", "psp-old"}


@every_row
@pytest.mark.parametrize("image_format", PACKED)
def test_a_format_is_refused_where_it_does_not_load(row: Row, image_format: ImageFormat) -> None:
    is_refused = refusal(row, settings_for(row, format=image_format)) is not None
    assert is_refused == (image_format not in row.loads)


@every_row
def test_the_largest_block_is_accepted(row: Row) -> None:
    assert refusal(row, settings_for(row, block_size=min(row.max_block, row.safe_block))) is None


def test_larger_blocks_than_the_kernel_memory_of_a_psp_takes_are_a_warning() -> None:
    (warning,) = check_settings(Settings(CSO, block_size=16384), TARGETS["ark"], SMALL_BYTES, 0, "Okami.iso")
    assert warning.startswith("block size 16384 may fail: ARK needs kernel memory for two blocks")
    assert warning.endswith("use -b 8192")


@pytest.mark.parametrize("name", ["lrps2", "neutrino", "play"])
def test_zstd_hunks_are_refused_where_the_library_has_no_zstd(name: str) -> None:
    settings = Settings(CHD, block_size=4096, methods=(Method.ZSTD,))
    with pytest.raises(SettingError, match=r"zstd hunks cannot be loaded: .* loads zlib, lzma, huff, flac") as caught:
        check_settings(settings, TARGETS[name], SMALL_BYTES, 0, "Okami.iso")
    assert "use -m zlib" in caught.value.hint


def test_armsx2_loads_what_pcsx2_loads() -> None:
    """It is PCSX2 on another processor."""
    assert TARGETS["armsx2"]._replace(name="pcsx2", label="PCSX2") == TARGETS["pcsx2"]


@every_row
def test_the_largest_shift_is_accepted(row: Row) -> None:
    assert refusal(row, settings_for(row), shift=row.max_shift) is None


@every_row
def test_a_dvd_fits_where_no_limit_is_known(row: Row) -> None:
    is_refused = refusal(row, settings_for(row), size=DVD_BYTES, shift=2) is not None
    assert is_refused == row.below_4_gib


@pytest.mark.parametrize("row", [row for row in ROWS if row.below_4_gib], ids=lambda row: row.name)
def test_the_last_size_below_4_gib_fits(row: Row) -> None:
    assert refusal(row, settings_for(row), size=4 * GIB - 1, shift=2) is None


@pytest.mark.parametrize("row", [row for row in ROWS if row.below_4_gib], ids=lambda row: row.name)
def test_4_gib_are_refused_with_the_limit(row: Row) -> None:
    error = refusal(row, settings_for(row), size=4 * GIB, shift=2)
    assert error is not None
    assert str(4 * GIB - 1) in str(error)


@every_row
@pytest.mark.parametrize("image_format", PACKED)
def test_a_refused_format_names_the_nearest_one(row: Row, image_format: ImageFormat) -> None:
    error = refusal(row, settings_for(row, format=image_format))
    assert error is None or f"use -f {row.default}" in error.hint


@pytest.mark.parametrize("row", [row for row in ROWS if row.max_block < MIB], ids=lambda row: row.name)
def test_a_refused_block_names_both_sizes_in_bytes(row: Row) -> None:
    error = refusal(row, settings_for(row, block_size=16384))
    assert error is not None
    assert "16384" in str(error)
    assert "-b 2048" in error.hint


@pytest.mark.parametrize("row", [row for row in ROWS if row.max_shift < NO_LIMIT], ids=lambda row: row.name)
def test_a_refused_shift_names_the_nearest_alignment(row: Row) -> None:
    error = refusal(row, settings_for(row), shift=row.max_shift + 1)
    assert error is not None
    assert f"--align {1 << row.max_shift}," in error.hint


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("opl", {"block_size": 65536}, "OPL ignores the header's block size and assumes 2048"),
        ("opl", {"format": CSO}, "ZSO is the only compressed format that OPL loads"),
        ("opl", {"format": CHD}, "ZSO is the only compressed format that OPL loads"),
        ("ppsspp", {"format": ZSO}, "no version of PPSSPP loads ZSO"),
        ("ppsspp+psp", {"format": ZSO}, "no version of PPSSPP loads ZSO"),
        ("nethersx2", {"format": ZSO}, "never ZSO"),
        ("play", {"format": ZSO}, "Play! loads CSO and CHD, never ZSO"),
        ("psp-old", {"format": ZSO}, "CSO version 1 only"),
        ("ark", {"format": CHD}, "ARK or Adrenaline 8 does not load it"),
    ],
)
def test_a_refusal_gives_the_reason(name: str, changes: Changes, reason: str) -> None:
    row = next(row for row in ROWS if row.name == name)
    error = refusal(row, settings_for(row, **changes))
    assert error is not None
    assert reason in str(error)


@every_row
def test_a_refusal_names_the_image_the_target_and_the_way_round_it(row: Row) -> None:
    foreign = next((each for each in PACKED if each not in row.loads), DAX)
    error = refusal(row, settings_for(row, format=foreign))
    assert error is not None
    assert str(error).startswith(f"Okami.iso: target {row.name}:")
    assert "--target any" in error.hint


@every_row
def test_an_iso_goes_by_no_target(row: Row) -> None:
    assert refusal(row, settings_for(row, format=ISO, block_size=MIB), size=20 * GIB, shift=31) is None


def test_opl_is_checked_for_long_stored_blocks() -> None:
    """It reads each block to buffer + count * 2048 - stored."""
    assert TARGETS["opl"].max_stored_block == TARGETS["opl+pcsx2"].max_stored_block == 2048


@pytest.mark.parametrize("image_format", [ZSO, CSO])
def test_any_takes_the_defaults_without_a_warning(image_format: ImageFormat) -> None:
    assert check_settings(Settings(image_format), TARGETS[ANY], DVD_BYTES, 2, "Okami.iso") == []


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        (Settings(ZSO, block_size=16384), "block size 16384: no PS2 can read this file"),
        (Settings(CSO, block_size=16384), "block size 16384: PSPs with older firmware"),
        (Settings(ZSO, alignment=4096), "alignment 4096: more than 2048 crashes a PS2"),
    ],
)
def test_any_warns_of_what_others_refuse(settings: Settings, warned: str) -> None:
    shift = (settings.alignment or 1).bit_length() - 1
    (warning,) = check_settings(settings, TARGETS[ANY], SMALL_BYTES, shift, "Okami.iso")
    assert warning.startswith(warned)


@pytest.mark.parametrize(
    ("settings", "system"),
    [
        (Settings(ZSO, block_size=65536), "psp"),
        (Settings(CSO, block_size=65536), "ps2"),
        (Settings(CHD, methods=(Method.ZSTD,)), "psp"),
        (Settings(ZSO, alignment=4096), "psp"),
        (Settings(ZSO, block_size=65536), "mega-cd"),
        (Settings(CSO, block_size=65536), "mega-cd"),
    ],
)
def test_any_does_not_warn_of_a_console_that_the_disc_is_not_for(settings: Settings, system: str) -> None:
    assert check_settings(settings, TARGETS[ANY], SMALL_BYTES, 0, "Okami.iso", system) == []


@pytest.mark.parametrize("system", ["ps2", "unknown", "iso9660"])
def test_any_warns_of_a_console_that_the_disc_may_be_for(system: str) -> None:
    (warning,) = check_settings(Settings(ZSO, block_size=65536), TARGETS[ANY], SMALL_BYTES, 0, "Okami.iso", system)
    assert warning.startswith("block size 65536: no PS2 can read this file")


@pytest.mark.parametrize("system", list(System))
def test_any_plays_discs_of_any_system(system: System) -> None:
    assert check_system(TARGETS[ANY], system, "game.iso") == []


@pytest.mark.parametrize("name", TARGETS)
def test_the_targets_that_one_means_are_valid_for_their_systems(name: str) -> None:
    meant = of_one(name)
    assert meant
    assert all(name in choices(system) for system in meant)


def test_no_target_is_offered_for_a_system_that_it_does_not_play() -> None:
    assert {"opl", "play"} & set(choices("psp")) == set()
    assert "ark" in choices("psp")
    assert set(choices("default")) == {"auto", "archive", "any"}


@pytest.mark.parametrize("system", list(System))
def test_auto_goes_by_the_disc(system: System) -> None:
    expected = {
        System.PS2: "opl+pcsx2",
        System.PSP: "ark",
        System.UMD_VIDEO: "ark",
        System.PS1: "duckstation",
        System.SATURN: "kronos",
        System.DREAMCAST: "flycast",
        System.GAMECUBE: "dolphin",
        System.WII: "dolphin",
    }.get(system, ANY)
    assert expected == target_for(system).name


UNPLAYED = [system for system, spec in SYSTEMS.items() if spec.advice]


@pytest.mark.parametrize("system", UNPLAYED)
@pytest.mark.parametrize("image_format", PACKED)
def test_a_disc_that_nothing_loads_gets_a_warning_with_its_system(system: System, image_format: ImageFormat) -> None:
    warning = player_warning(target_for(system, image_format), system, image_format)
    if SYSTEMS[system].plays_chd and image_format is CHD:
        assert warning == ""
        return
    label, form = system.label, image_format.upper()
    assert warning == f"{label} disc: no known program loads a {form} of it; {SYSTEMS[system].advice}"


@pytest.mark.parametrize("system", UNPLAYED)
def test_an_iso_and_an_archive_need_no_player(system: System) -> None:
    assert player_warning(TARGETS[ANY], system, ImageFormat.ISO) == ""
    assert player_warning(TARGETS["archive"], system, ImageFormat.CHD) == ""


@pytest.mark.parametrize("system", [each for each in System if each not in UNPLAYED])
def test_a_disc_that_a_target_may_play_gets_no_warning(system: System) -> None:
    assert player_warning(target_for(system), system, ImageFormat.ZSO) == ""


def test_every_default_target_plays_the_system() -> None:
    for system, spec in SYSTEMS.items():
        for name in (spec.target, spec.chd_target):
            assert name == ANY or system in TARGETS[name].systems

"""What a wish comes to for an image that is known by its size and system only."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_images import mixed, write_image

from discpress.engine.codecs import libdeflate
from discpress.engine.convert.choice import ChosenSettings, resolve_settings
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.errors import DiscpressError, SettingError, UsageError, WrongSystemError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.request import ConversionRequest
from discpress.engine.targets import TARGETS, target_for
from discpress.engine.units import GIB

ZSO, CSO, CHD, ISO = ImageFormat.ZSO, ImageFormat.CSO, ImageFormat.CHD, ImageFormat.ISO


def choose(
    asked: ConversionRequest, system: str = "ps2", original_bytes: int = GIB, suffix: ImageFormat | None = None
) -> ChosenSettings:
    return resolve_settings("game.iso", original_bytes, system, asked, suffix_format=suffix)


def test_the_system_chooses_the_target() -> None:
    assert [choose(ConversionRequest(), system).target.name for system in ("ps2", "psp", "")] == [
        "opl+pcsx2",
        "ark",
        "any",
    ]


def test_without_a_request_the_settings_are_those_of_the_target() -> None:
    assert choose(ConversionRequest()).settings == Settings(ZSO, target="opl+pcsx2")


def test_a_request_is_kept() -> None:
    asked = ConversionRequest(CSO, 4096, 7, 64, "any")
    assert choose(asked, "psp") == ChosenSettings(
        TARGETS["any"],
        Settings(CSO, 4096, 7, 64, "any"),
        6,
        ("block size 4096: PSPs with older firmware read blocks of 2048 only",),
    )


def test_what_older_psps_do_not_read_is_no_matter_of_a_ps2_disc() -> None:
    assert choose(ConversionRequest(CSO, 4096, 7, target="any"), "ps2").notices == ()


def test_a_level_above_the_highest_is_said() -> None:
    assert choose(ConversionRequest(CSO, level=12, target="any")).notices == (
        "level 12 is lowered to 9, the highest of CSO; levels 10 to 12 are for emulators only",
    )


@pytest.mark.parametrize(
    ("version", "level", "notices"),
    [
        ("0.9", 12, ()),
        (
            "",
            9,
            (
                "level 12 is lowered to 9, the highest of CSO; "
                "levels 10 to 12 need libdeflate: pip install 'discpress[cso]'",
            ),
        ),
    ],
    ids=["with libdeflate", "without"],
)
def test_emulators_take_more_levels_of_cso(
    version: str, level: int, notices: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libdeflate, "VERSION", version)
    choice = choose(ConversionRequest(CSO, level=12, target="ppsspp"), "psp")
    assert (choice.settings.level, choice.notices) == (level, notices)


def test_no_psp_gets_a_level_of_libdeflate() -> None:
    for target in TARGETS.values():
        if CSO in target.formats and not target.is_emulator:
            system = next(iter(target.systems), "psp")
            asked = ConversionRequest(CSO, level=12, target=target.name, any_system=True)
            assert (target.name, choose(asked, system).settings.level) == (target.name, 9)


@pytest.mark.parametrize(
    ("target", "system", "said"),
    [
        ("opl", "psp", "This is a PSP disc; OPL plays PS2 discs only."),
        ("opl+pcsx2", "psp", "This is a PSP disc; OPL and PCSX2 play PS2 discs only."),
        ("ark", "ps2", "This is a PS2 disc; ARK or Adrenaline 8 plays PSP and UMD Video discs only."),
        ("pcsx2", "ps1", "This is a PS1 disc; PCSX2 plays PS2 discs only."),
    ],
)
def test_a_disc_of_another_system_is_refused_with_the_target_that_plays_it(target: str, system: str, said: str) -> None:
    with pytest.raises(WrongSystemError) as caught:
        choose(ConversionRequest(target=target), system)
    assert (str(caught.value), caught.value.reason) == (f"game.iso: {said}", said)
    assert f"use --target {target_for(system).name}, or --force" in caught.value.hint


def test_a_disc_of_another_system_is_a_warning_on_request() -> None:
    choice = choose(ConversionRequest(target="pcsx2", any_system=True), "psp")
    assert (choice.target.name, choice.notices) == ("pcsx2", ("This is a PSP disc; PCSX2 plays PS2 discs only.",))


@pytest.mark.parametrize("system", ["unknown", "iso9660", "udf", ""])
def test_a_disc_of_no_known_console_may_be_for_any(system: str) -> None:
    assert choose(ConversionRequest(target="opl"), system).notices == ("no known console: OPL plays PS2 discs only",)


def test_an_iso_of_any_disc_goes_by_no_target() -> None:
    assert choose(ConversionRequest(ISO, target="opl"), "psp").settings.is_plain


def by_default(defaults: ConversionRequest, system: str) -> ChosenSettings:
    return resolve_settings("game.iso", GIB, system, ConversionRequest(), defaults=defaults)


BY_SYSTEM = ConversionRequest(targets=(("ps2", "pcsx2"), ("psp", "psp-old")))


@pytest.mark.parametrize(
    ("system", "target", "image_format"),
    [("ps2", "pcsx2", ZSO), ("psp", "psp-old", CSO), ("psp-video", "ark", ZSO), ("mega-cd", "any", ZSO)],
)
def test_each_system_has_its_own_target(system: str, target: str, image_format: ImageFormat) -> None:
    choice = by_default(BY_SYSTEM, system)
    assert (choice.target.name, choice.settings.format) == (target, image_format)


def test_the_default_stands_for_all_systems_without_a_line() -> None:
    by_system = ConversionRequest(targets=(("ps2", "opl"), ("default", "archive")))
    assert [by_default(by_system, each).target.name for each in ("ps2", "psp", "")] == ["opl", "archive", "archive"]


def test_a_named_target_stands_above_those_by_system() -> None:
    asked = ConversionRequest(target="nethersx2")
    assert resolve_settings("game.iso", GIB, "ps2", asked, defaults=BY_SYSTEM).target.name == "nethersx2"


@pytest.mark.parametrize(
    ("form", "system", "expected"),
    [
        (ConversionRequest(CHD, 16384, methods=(Method.ZSTD,)), "ps2", (CHD, 16384, (Method.ZSTD,))),
        (ConversionRequest(CHD, 16384, methods=(Method.ZSTD,)), "psp", (CSO, 2048, ())),
        (ConversionRequest(CSO, 16384), "psp", (CSO, 2048, ())),
        (ConversionRequest(block_size=16384), "ps2", (ZSO, 16384, ())),
    ],
)
def test_a_form_of_the_settings_file_is_left_out_where_it_does_not_load(
    form: ConversionRequest, system: str, expected: tuple[ImageFormat, int, tuple[Method, ...]]
) -> None:
    settings = by_default(replace(form, targets=BY_SYSTEM.targets), system).settings
    assert (settings.format, settings.block_size, settings.methods) == expected


def test_methods_that_a_target_has_not_are_its_own() -> None:
    form = ConversionRequest(CHD, methods=(Method.ZSTD,), targets=(("ps2", "lrps2"),))
    assert by_default(form, "ps2").settings.methods == (Method.ZLIB,)


def test_a_name_that_promises_another_format_is_said() -> None:
    assert choose(ConversionRequest(CSO, target="any"), suffix=ZSO).notices == (
        "the output's name ends in .zso, but its content is CSO",
    )


def test_an_iso_has_no_settings() -> None:
    assert choose(ConversionRequest(ISO, block_size=4096)) == ChosenSettings(
        TARGETS["opl+pcsx2"], Settings(ISO, target="opl+pcsx2"), 0, ()
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            ConversionRequest(CSO),
            "game.iso: target opl+pcsx2: CSO cannot be loaded: ZSO is the only compressed format",
        ),
        (ConversionRequest(alignment=4096, target="any"), "game.iso: alignment 4096 is larger than a block of 2048"),
        (
            ConversionRequest(block_size=4096),
            "game.iso: target opl+pcsx2: block size 4096 cannot be loaded: OPL ignores the header",
        ),
    ],
)
def test_what_the_target_does_not_load_is_refused(asked: ConversionRequest, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        choose(asked)
    assert str(caught.value).startswith(said)


def test_a_format_that_is_not_written_is_refused() -> None:
    with pytest.raises(UsageError, match=r"DAX cannot be written: use zso, cso, chd, rvz, .* or iso"):
        choose(ConversionRequest(ImageFormat.DAX, target="any"))


@pytest.mark.parametrize(("system", "target"), [("ps2", "pcsx2"), ("psp", "ppsspp"), ("other", "any")])
def test_a_chd_is_for_the_emulator_where_no_target_is_named(system: str, target: str) -> None:
    choice = resolve_settings("game.iso", 100_000, system, ConversionRequest(ImageFormat.CHD))
    assert choice.settings.target == target


@pytest.mark.parametrize(
    ("target", "methods", "hunk_size"),
    [
        ("pcsx2", (Method.ZSTD,), 4096),
        ("ppsspp", (Method.ZSTD,), 2048),
        ("nethersx2", (Method.ZLIB,), 4096),
        ("archive", (Method.ZSTD,), 256 * 1024),
        ("any", (Method.ZSTD,), 4096),
    ],
)
def test_a_target_picks_method_and_hunk(target: str, methods: tuple[Method, ...], hunk_size: int) -> None:
    system = "psp" if target == "ppsspp" else "ps2"
    settings = choose(ConversionRequest(ImageFormat.CHD, target=target), system).settings
    assert (settings.methods, settings.block_size, settings.alignment) == (methods, hunk_size, None)


def test_methods_stand_in_the_order_of_the_header() -> None:
    asked = ConversionRequest(ImageFormat.CHD, target="any", methods=(Method.ZLIB, Method.ZSTD))
    assert choose(asked).settings.methods == (Method.ZSTD, Method.ZLIB)


def test_a_method_that_the_target_does_not_load_is_refused() -> None:
    with pytest.raises(SettingError, match="target nethersx2: zstd hunks cannot be loaded") as caught:
        choose(ConversionRequest(ImageFormat.CHD, target="nethersx2", methods=(Method.ZSTD,)))
    assert "use -m zlib" in caught.value.hint


def test_methods_mean_nothing_to_other_formats() -> None:
    assert choose(ConversionRequest(ZSO, target="any", methods=(Method.ZSTD,))).settings.methods == ()


@pytest.mark.parametrize(
    ("original_bytes", "hunk_size", "least"),
    [(16 * GIB, 2048, 2048), (16 * GIB + 1, 2048, 4096), (32 * GIB + 1, 4096, 8192), (64 * GIB, 8192, 8192)],
)
def test_a_hunk_of_which_there_would_be_too_many_is_refused(original_bytes: int, hunk_size: int, least: int) -> None:
    asked = ConversionRequest(ImageFormat.CHD, block_size=hunk_size, target="any")
    if hunk_size == least:
        assert choose(asked, original_bytes=original_bytes).settings.block_size == hunk_size
        return
    with pytest.raises(SettingError, match="exceeds the limit of 8388608 hunks") as caught:
        choose(asked, original_bytes=original_bytes)
    assert caught.value.hint == f"use -b {least} or more"


def test_an_image_that_is_too_large_for_a_chd_is_refused_before_it_is_read() -> None:
    with pytest.raises(SettingError, match="70 GiB is too large for a CHD: discpress reads up to 64 GiB") as caught:
        choose(ConversionRequest(ImageFormat.CHD, target="any"), original_bytes=70 * GIB)
    assert caught.value.hint == "use -f zso"


@pytest.mark.parametrize("image_format", [ZSO, CSO, CHD])
def test_an_image_that_claims_more_than_any_index_holds_is_refused(image_format: ImageFormat) -> None:
    with pytest.raises(SettingError, match=r"game\.iso: 1024 PiB is too large for blocks of 2048") as caught:
        choose(ConversionRequest(image_format, target="any"), original_bytes=2**60)
    assert caught.value.hint == "check what this file is: no disc is as large"


def test_an_alignment_does_not_help_an_image_that_is_too_large_for_its_blocks() -> None:
    with pytest.raises(SettingError, match="5 TiB is too large for blocks of 2048") as caught:
        choose(ConversionRequest(ZSO, block_size=2048, alignment=4096, target="any"), original_bytes=5 * 1024 * GIB)
    assert caught.value.hint == "choose larger blocks: -b 4096"


def test_an_iso_may_be_as_large_as_it_is() -> None:
    assert choose(ConversionRequest(ISO, target="any"), original_bytes=2**60).index_shift == 0


def test_a_chd_has_no_alignment() -> None:
    choice = choose(ConversionRequest(ImageFormat.CHD, alignment=2048, methods=(Method.ZLIB,), target="any"))
    assert choice.notices == ("alignment 2048 is ignored: the hunks of a CHD have none",)


@pytest.mark.parametrize(("method", "highest"), [(Method.ZSTD, 19), (Method.ZLIB, 9)])
def test_a_level_above_a_methods_highest_is_the_highest(method: Method, highest: int) -> None:
    choice = choose(ConversionRequest(ImageFormat.CHD, level=22, methods=(method,), target="any"))
    assert choice.settings.level == highest
    assert choice.notices[0] == f"level 22 is lowered to {highest}, the highest of CHD {method}"


def test_a_target_of_another_version_is_refused() -> None:
    with pytest.raises(UsageError, match=r"target: expected one of auto, opl.*, got gone\\e"):
        choose(ConversionRequest(target="gone\x1b"))


WISHES = st.builds(
    ConversionRequest,
    st.sampled_from([None, ZSO, CSO, CHD, ISO]),
    st.sampled_from([None, 2048, 16384]),
    st.sampled_from([None, 1, 9, 12]),
    st.sampled_from([None, 1, 64, 2048, 4096]),
    st.sampled_from([None, "auto", *TARGETS]),
)


@pytest.mark.slow
@given(WISHES)
def test_a_plan_of_the_file_says_the_same(tmp_path_factory: pytest.TempPathFactory, asked: ConversionRequest) -> None:
    path = tmp_path_factory.getbasetemp() / "choice.iso"
    if not path.exists():
        write_image(path, mixed(100_000))
    try:
        expected = resolve_settings("choice.iso", 100_000, "other", asked)
    except DiscpressError as error:
        with pytest.raises(type(error)):
            plan_conversion(path, None, None, asked)
    else:
        plan = plan_conversion(Path(path), None, None, asked)
        assert (plan.settings, plan.index_shift) == (expected.settings, expected.index_shift)


def test_a_mega_cd_disc_without_tracks_is_said_to_be_loaded_by_nothing() -> None:
    (notice,) = choose(ConversionRequest(), "mega-cd").notices
    assert notice == "Mega CD disc: no known program loads a ZSO of it; Mega CD emulators load the CHD of a CD"


def test_a_player_of_cds_refuses_an_image_without_tracks() -> None:
    with pytest.raises(SettingError, match="DuckStation loads the CHD of a CD, and this image has no tracks"):
        choose(ConversionRequest(), "ps1")


TRACKS = TrackCounts(1, 2, 2352)
"""Of a disc with sound."""


def of_cd(asked: ConversionRequest, system: str, tracks: TrackCounts = TRACKS) -> ChosenSettings:
    return resolve_settings("game.cue", GIB, system, asked, tracks=tracks)


@pytest.mark.parametrize("system", ["ps1", "saturn", "dreamcast", "mega-cd", "unknown"])
def test_a_cd_gets_a_chd_as_chdman_writes_it(system: str) -> None:
    choice = of_cd(ConversionRequest(), system)
    assert choice.notices == ()
    assert (choice.settings.format, choice.settings.block_size) == (CHD, 8 * 2448)
    assert choice.settings.methods == (Method.CDLZ, Method.CDZL, Method.CDFL)


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ((Method.ZSTD,), (Method.CDZS, Method.CDFL)),
        ((Method.LZMA, Method.ZLIB), (Method.CDLZ, Method.CDZL, Method.CDFL)),
        ((Method.CDZL,), (Method.CDZL,)),
        ((Method.CDFL, Method.CDLZ), (Method.CDLZ, Method.CDFL)),
    ],
)
def test_methods_of_other_discs_stand_for_those_of_a_cd(
    methods: tuple[Method, ...], expected: tuple[Method, ...]
) -> None:
    assert of_cd(ConversionRequest(CHD, methods=methods, target="any"), "unknown").settings.methods == expected
    assert not choose(ConversionRequest(CHD, methods=expected, target="any")).settings.is_cd


def test_a_block_size_means_nothing_for_a_cd() -> None:
    choice = of_cd(ConversionRequest(block_size=4096), "ps1")
    assert choice.settings.block_size == 8 * 2448
    assert choice.notices == ("block size 4096 is ignored: the hunks of a CD have 8 frames of 2448 bytes",)


def test_a_ps2_cd_is_cut_for_a_console_and_whole_for_an_emulator() -> None:
    data = TrackCounts(1, 0, 2352)
    assert of_cd(ConversionRequest(), "ps2", data).settings.format is ZSO
    assert of_cd(ConversionRequest(target="pcsx2"), "ps2", data).settings.is_cd
    assert not of_cd(ConversionRequest(CHD, target="pcsx2"), "ps2", TrackCounts(1, 0, 2048)).settings.is_cd
    with pytest.raises(SettingError, match="track 1 only"):
        of_cd(ConversionRequest(target="pcsx2"), "ps2")

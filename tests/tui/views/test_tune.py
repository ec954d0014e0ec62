"""What Tune offers: formats with their methods, the grid of each."""

from dataclasses import replace
from pathlib import Path

import pytest

from discpress.engine.config import Config
from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import ImageFormat, Method, form_name
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.measure.estimate import grid_block_sizes, grid_levels
from discpress.engine.queue.titles.chooser import Chooser
from discpress.engine.request import ConversionRequest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.systems import System
from discpress.tui.views.title_settings import describe_settings
from discpress.tui.views.tune import CD_FORMS, Tuning, forms_for, grid_of

CHD, CUE, ISO = ImageFormat.CHD, ImageFormat.CUE, ImageFormat.ISO
CHOOSER = Chooser.of(Config())


def title(overrides: ConversionRequest | None = None, system: str = "ps2") -> Title:
    identity = FileIdentity(1, 2048 * 5000, 1)
    return Title(
        Path("/g/a.iso"), identity, ISO, DiscInfo(System(system)), original_bytes=2048 * 5000, overrides=overrides
    )


def tuned(overrides: ConversionRequest) -> Tuning:
    return Tuning.of(title(overrides), CHOOSER)


def test_every_method_of_a_chd_is_a_format_of_its_own() -> None:
    assert [form_name(*form) for form in forms_for("ps2")] == ["ZSO", "CSO", "CHD zstd", "CHD lzma", "CHD zlib", "ISO"]


def test_several_methods_keep_their_name() -> None:
    tuning = tuned(ConversionRequest(format=CHD, target="any", methods=(Method.ZSTD, Method.ZLIB)))
    assert tuning.format_name == "CHD zstd+zlib"


def test_the_choice_is_kept_with_its_method() -> None:
    kept = tuned(
        ConversionRequest(format=CHD, target="pcsx2", methods=(Method.LZMA,), block_size=65536, level=6)
    ).overrides
    assert (kept.format, kept.methods, kept.block_size, kept.level) == (CHD, (Method.LZMA,), 65536, 6)


def test_other_formats_keep_no_method() -> None:
    assert Tuning.of(title(), CHOOSER).overrides.methods == ()


def test_a_chd_has_the_grid_of_its_method() -> None:
    tuning = tuned(ConversionRequest(format=CHD, target="pcsx2", methods=(Method.ZSTD,)))
    grid = grid_of(tuning, title(), CHOOSER, {})
    assert [row[0].settings.block_size for row in grid] == list(grid_block_sizes(ImageFormat.CHD))
    assert [cell.settings.level for cell in grid[0]] == list(grid_levels(ImageFormat.CHD, (Method.ZSTD,)))
    assert not any(cell.refusal for row in grid for cell in row)


def test_what_the_target_does_not_load_is_refused_in_the_grid() -> None:
    tuning = tuned(ConversionRequest(format=CHD, target="nethersx2"))
    assert tuning.format_name == "CHD zlib"
    refused = grid_of(tuning.of_form(CHD, (Method.ZSTD,)), title(), CHOOSER, {})
    assert all("zstd hunks cannot be loaded" in cell.refusal for row in refused for cell in row)


def test_the_grid_follows_the_format() -> None:
    tuning = tuned(ConversionRequest(format=CHD, target="archive", block_size=1024 * 1024))
    assert tuning.block_size == 1024 * 1024
    assert tuning.of_form(ImageFormat.ZSO, ()).block_size in grid_block_sizes(ImageFormat.ZSO)


def test_a_chd_takes_no_alignment() -> None:
    aligned = replace(Tuning.of(title(), CHOOSER), alignment=4096)
    assert aligned.of_form(CHD, (Method.ZSTD,)).alignment is None


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Tuning("opl", ImageFormat.ISO, 2048, 9), "ISO"),
        (Tuning("opl", ImageFormat.ZSO, 2048, 9), "ZSO, 2K blocks, level 9"),
        (Tuning("opl", ImageFormat.ZSO, 4096, 9, 16384), "ZSO, 4K blocks, level 9, aligned at 16384"),
    ],
)
def test_a_choice_is_described_in_words(choice: Tuning, said: str) -> None:
    assert choice.describe() == said


def test_the_defaults_of_a_target_that_writes_chd_have_its_method() -> None:
    defaults = Chooser.of(Config(targets={"default": "archive"})).defaults
    assert (defaults.format, defaults.methods, defaults.block_size) == (CHD, (Method.ZSTD,), 256 * 1024)
    assert describe_settings(defaults) == "256K/9"


def cd_title(system: str = "ps1", overrides: ConversionRequest | None = None) -> Title:
    """Return a CUE sheet with a track of data and one of sound."""
    return replace(title(overrides, system), path=Path("/g/a.cue"), format=CUE, tracks=TrackCounts(1, 1, 2352))


def test_a_cd_is_offered_the_chd_of_a_cd() -> None:
    tuning = Tuning.of(cd_title(), CHOOSER)
    assert (tuning.format_name, tuning.block_size, tuning.levels) == ("CHD cdlz+cdzl+cdfl", 19584, (1, 6, 9))
    (row,) = grid_of(tuning, cd_title(), CHOOSER, {})
    assert [(cell.settings.methods, cell.refusal) for cell in row] == [(tuning.methods, "")] * 3
    offered = [tuning.of_form(*form).format_name for form in tuning.forms]
    assert offered == [form_name(*form) for form in CD_FORMS]
    assert sorted(offered) == ["CHD cdlz+cdzl+cdfl", "CHD cdzl+cdfl", "CHD cdzs+cdfl", "CSO", "ISO", "ZSO"]
    assert tuning.describe() == "CHD cdlz+cdzl+cdfl, level 9"


def test_what_a_disc_with_tracks_cannot_become_is_refused_in_the_grid() -> None:
    asked = ConversionRequest(format=ImageFormat.ZSO, target="any")
    disc = cd_title("mega-cd", asked)
    cells = [cell for row in grid_of(Tuning.of(disc, CHOOSER), disc, CHOOSER, {}) for cell in row]
    assert {cell.refusal for cell in cells} == {
        "A Mega CD disc needs its raw sectors, which an ISO lacks; use -f chd, which keeps all tracks, and which "
        "emulators load"
    }


def test_the_kept_choice_of_a_cd_is_the_one_that_is_shown() -> None:
    kept = Tuning.of(cd_title(), CHOOSER).of_form(CHD, (Method.CDZL, Method.CDFL)).overrides
    assert (kept.format, kept.methods, kept.block_size) == (CHD, (Method.CDZL, Method.CDFL), None)
    again = Tuning.of(cd_title(overrides=kept), CHOOSER)
    assert again.methods == (Method.CDZL, Method.CDFL)
    assert again.as_defaults("ps1", {})["methods"] is None


def test_another_target_of_a_cd_gets_its_chd() -> None:
    tuning = Tuning.of(cd_title(), CHOOSER).of_target("swanstation", "ps1")
    assert (tuning.target, tuning.format_name) == ("swanstation", "CHD cdlz+cdzl+cdfl")


def test_a_gamecube_disc_is_offered_what_contains_it_and_an_rvz_first() -> None:
    tuning = Tuning.of(title(system="gamecube"), CHOOSER)
    assert tuning.describe() == "RVZ, 128K blocks, level 5"
    assert {str(form[0]) for form in tuning.forms} >= {"rvz", "wbfs", "gamecube-ciso", "gcz", "wia", "iso"}
    assert not {str(form[0]) for form in Tuning.of(title(), CHOOSER).forms} & {"rvz", "wbfs", "gcz", "wia"}


@pytest.mark.parametrize(
    "image_format", [ImageFormat.WBFS, ImageFormat.GAMECUBE_CISO, ImageFormat.GCZ, ImageFormat.WIA]
)
def test_the_reason_for_blocks_of_one_size_is_shown(image_format: ImageFormat) -> None:
    tuning = Tuning.of(title(system="gamecube"), CHOOSER).of_form(image_format, ())
    assert (len(tuning.block_sizes), tuning.why_fixed[-1:]) == (1, ".")
    assert Tuning.of(title(system="gamecube"), CHOOSER).why_fixed == ""

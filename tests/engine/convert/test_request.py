"""A wish, what was chosen for the title, the defaults: in this order."""

from dataclasses import replace
from pathlib import Path

from discpress.engine.config import Config
from discpress.engine.convert.request import merge_requests
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.request import ConversionRequest, OnConflict

OPL = ConversionRequest(level=7, target="opl")
CHD = ConversionRequest(ImageFormat.CHD, 16384, 7, target="pcsx2", methods=(Method.ZSTD,))
"""Defaults that name a format."""
BY_SYSTEM = replace(CHD, target=None, targets=(("ps2", "pcsx2"),))
"""The same, by system."""


def test_the_settings_file_is_a_request() -> None:
    config = Config(targets={"ps2": "pcsx2"}, level=7, format=ImageFormat.CHD, methods=(Method.ZSTD,), block_size=16384)
    assert config.request == BY_SYSTEM


def test_no_target_is_one_by_the_disc() -> None:
    assert Config(level=7).request == ConversionRequest(level=7, target="auto")


def test_the_targets_by_system_count_if_nobody_names_one() -> None:
    asked = merge_requests(ConversionRequest(), ConversionRequest(level=3), BY_SYSTEM, "ps2")
    assert asked == replace(CHD, level=3)


def test_a_system_without_a_target_of_its_own_has_one_by_the_disc() -> None:
    assert merge_requests(ConversionRequest(), None, BY_SYSTEM, "psp").target == "auto"


def test_a_target_stands_above_those_by_system() -> None:
    asked = merge_requests(ConversionRequest(target="opl"), None, BY_SYSTEM, "ps2")
    assert asked == ConversionRequest(level=7, target="opl")


def test_a_target_of_another_version_is_left_for_the_one_that_resolves_it() -> None:
    asked = merge_requests(ConversionRequest(), None, ConversionRequest(targets=(("ps2", "new"),)), "ps2")
    assert asked == ConversionRequest(target="new")


def test_defaults_fill_what_nobody_chose() -> None:
    assert merge_requests(ConversionRequest(), None, OPL) == OPL


def test_a_titles_own_settings_come_before_the_defaults() -> None:
    overrides = ConversionRequest(ImageFormat.CSO, 4096, 3, 64, "any")
    assert merge_requests(ConversionRequest(), overrides, OPL) == ConversionRequest(ImageFormat.CSO, 4096, 3, 64, "any")


def test_what_is_asked_for_comes_first() -> None:
    request = ConversionRequest(ImageFormat.ZSO, 2048, 12, 8, "pcsx2", on_conflict=OnConflict.RENAME, trash_source=True)
    assert merge_requests(request, ConversionRequest(ImageFormat.CSO, 4096, 3, 64, "any"), OPL) == request


def test_a_default_format_fills_all_that_it_is_made_of() -> None:
    assert merge_requests(ConversionRequest(), None, CHD) == CHD


def test_another_level_keeps_the_default_format() -> None:
    assert merge_requests(ConversionRequest(), ConversionRequest(level=3), CHD) == ConversionRequest(
        ImageFormat.CHD, 16384, 3, target="pcsx2", methods=(Method.ZSTD,)
    )


def test_a_default_format_is_left_out_for_another_target() -> None:
    assert merge_requests(ConversionRequest(), ConversionRequest(target="opl"), CHD) == ConversionRequest(
        level=7, target="opl"
    )


def test_the_blocks_of_a_default_format_are_left_out_for_another_format() -> None:
    assert merge_requests(ConversionRequest(ImageFormat.ZSO), None, CHD) == ConversionRequest(
        ImageFormat.ZSO, level=7, target="pcsx2"
    )


def test_methods_of_its_own_stand_for_a_format_of_its_own() -> None:
    request = ConversionRequest(methods=(Method.LZMA,))
    assert merge_requests(request, None, CHD) == ConversionRequest(level=7, target="pcsx2", methods=(Method.LZMA,))


def test_the_form_of_a_request_is_what_a_title_keeps() -> None:
    form = ConversionRequest(ImageFormat.CHD, 16384, 7, None, "pcsx2", methods=(Method.ZSTD,))
    assert (
        replace(form, on_conflict=OnConflict.SKIP, trash_source=True, force=True, output_folder=Path("/x")).form == form
    )

"""Sizes that a WBFS or CISO cannot state: each place that shows such an image names what is assumed."""

from pathlib import Path

import fault_injection as faults
import nintendo_discs as discs
import pytest
from command_line import CommandLine
from found_titles import title_in
from sample_images import write_image

from discpress.engine.convert.plan import plan_conversion
from discpress.engine.formats import ImageFormat
from discpress.engine.images.doctor.content import ASSUMED_SIZE
from discpress.engine.images.registry import encoder_of
from discpress.engine.request import ConversionRequest
from discpress.engine.systems import System

pytest.importorskip("nod_rs")

ASSUMED = "the size of the disc is assumed, 1459978240 bytes as in a full dump: the file states none"


@pytest.mark.parametrize("name", ["gc.wit.wbfs", "gc.wit.ciso"])
def test_a_scan_and_a_plan_name_an_assumed_size(name: str, tmp_path: Path) -> None:
    path = discs.write_golden(tmp_path, name)
    assert ASSUMED_SIZE in [finding.code for finding in title_in(path).findings]
    plan = plan_conversion(path, None, None, ConversionRequest(target="any", format=ImageFormat.RVZ))
    assert any(notice.startswith(ASSUMED) for notice in plan.notices)


@pytest.mark.parametrize("name", ["gc.wit.wia", "gc.nod.rvz", "gc.dolphin.gcz"])
def test_a_stated_size_is_not_assumed(name: str, tmp_path: Path) -> None:
    path = discs.write_golden(tmp_path, name)
    assert ASSUMED_SIZE not in [finding.code for finding in title_in(path).findings]


@pytest.mark.slow
def test_a_mark_of_nod_states_the_size(tmp_path: Path) -> None:
    path = faults.run_conversion(write_image(tmp_path / "a.iso", discs.small_disc()), format=ImageFormat.WBFS)
    title = title_in(path.plan.output_path)
    assert (title.original_bytes, ASSUMED_SIZE in [each.code for each in title.findings]) == (1_050_624, False)


def test_info_names_an_assumed_size(tmp_path: Path) -> None:
    found = CommandLine(tmp_path).run("info", str(discs.write_golden(tmp_path, "gc.wit.wbfs")))
    assert ASSUMED in found.text


@pytest.mark.parametrize("image_format", [ImageFormat.WBFS, ImageFormat.GAMECUBE_CISO])
@pytest.mark.parametrize(
    ("size_bytes", "system", "assumed"),
    [
        (1_459_978_240, System.GAMECUBE, ""),
        (25_000_000, System.GAMECUBE, "other programs assume 1459978240 bytes"),
        (4_699_979_776, System.WII, ""),
        (4_699_979_777, System.WII, "other programs assume 8511160320 bytes"),
        (8_511_160_320, System.WII, ""),
        (3000, System.UNKNOWN, ""),
    ],
)
def test_a_result_that_cannot_state_its_size_has_a_notice(
    size_bytes: int, system: System, assumed: str, image_format: ImageFormat
) -> None:
    notice = encoder_of(image_format).size_notice(size_bytes, system)
    assert (assumed in notice, bool(notice)) == (True, bool(assumed))
    assert encoder_of(ImageFormat.RVZ).size_notice(size_bytes, system) == ""


def test_a_plan_has_the_notice_about_its_result(tmp_path: Path) -> None:
    path = tmp_path / "a.iso"
    path.write_bytes(discs.small_disc())
    plan = plan_conversion(path, None, None, ConversionRequest(target="any", format=ImageFormat.WBFS))
    assert any("a WBFS has no field for the size of its disc, 1050624 bytes" in notice for notice in plan.notices)

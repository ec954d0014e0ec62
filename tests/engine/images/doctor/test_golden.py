"""What the doctor says about images that other programs made."""

from pathlib import Path

import pytest
from broken_images import GOLDEN, summary

from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.targets import TARGETS


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.chd")), ids=lambda path: path.name)
def test_the_chds_of_chdman_have_no_faults(path: Path) -> None:
    assert list(examine(path, deep=True)) == []


@pytest.mark.parametrize(
    "path",
    sorted(path for pattern in ("p*.?so", "p*.dax") for path in GOLDEN.glob(pattern)),
    ids=lambda path: path.name,
)
def test_golden_files_have_no_faults_but_the_known_ones(path: Path) -> None:
    found = [each.code for each in examine(path, deep=True)]
    is_large, is_unaligned = path.name == "ps2.maxcso-16384.zso", "shift2" in path.name
    assert found == ["ps2-block-size"] * is_large + ["end-entry"] * is_unaligned


def test_the_lost_tail_of_ziso_py_is_an_error() -> None:
    found = list(examine(GOLDEN / "tail.ziso-py-b4096-damaged.zso", deep=True))
    assert summary(found) == [("error", "lost-tail", 38, 76)]


def test_the_unaligned_golden_tail_decodes_all_the_same() -> None:
    found = list(examine(GOLDEN / "tail.ziso-py-shift2.zso", deep=True))
    assert [each.code for each in found] == ["end-entry", "no-volume"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tail", "block 76 (sector 76): its last byte lies after the end entry, which ziso.py does not align. "
         "Read wrong by OPL, PCSX2, ARMSX2, LRPS2 and neutrino over UDPFS, right by discpress"),
        ("ps2", "its last 2 bytes lie after the end entry, which ziso.py does not align. Read wrong by OPL"),
        ("psp", "Read wrong by ARK or Adrenaline 8, right by discpress"),
    ],
)  # fmt: skip
def test_who_reads_the_unaligned_last_block_wrong_is_named(name: str, said: str) -> None:
    found = {each.code: each for each in examine(GOLDEN / f"{name}.ziso-py-shift2.zso")}
    assert found["end-entry"].level is Severity.WARNING
    assert said in found["end-entry"].message


@pytest.mark.parametrize(("name", "target"), [("ps2", "opl"), ("ps2", "pcsx2"), ("ps2", "opl+pcsx2"), ("psp", "ark")])
def test_the_unaligned_last_block_is_an_error_for_a_target_that_reads_it_wrong(name: str, target: str) -> None:
    found = [each for each in examine(GOLDEN / f"{name}.ziso-py-shift2.zso", TARGETS[target]) if "end" in each.code]
    (finding,) = found
    assert (finding.level, finding.code, finding.is_damage) == (Severity.ERROR, "target-end-entry", False)
    assert f"Read wrong by {TARGETS[target].label}, right by discpress" in finding.message


def test_a_target_that_loads_no_zso_is_not_said_to_read_it() -> None:
    found = {each.code: each for each in examine(GOLDEN / "psp.ziso-py-shift2.zso", TARGETS["ppsspp"])}
    assert "Read wrong by ARK or Adrenaline 8" in found["end-entry"].message


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.ziso-py-c*.zso")), ids=lambda path: path.name)
def test_what_ziso_py_writes_without_a_shift_is_right_everywhere(path: Path) -> None:
    assert [each for each in examine(path) if "end" in each.code] == []


def test_what_maxcso_makes_of_large_images_is_an_error_for_opl() -> None:
    found = list(examine(GOLDEN / "ps2.maxcso-16384.zso", TARGETS["opl"]))
    assert ("error", "target-block-size", None, None) in summary(found)

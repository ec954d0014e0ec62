"""What the doctor says about images that other programs made."""

from pathlib import Path

import pytest
from broken_images import GOLDEN, summary

from engine.images.doctor import examine
from engine.targets import TARGETS


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


def test_what_maxcso_makes_of_large_images_is_an_error_for_opl() -> None:
    found = list(examine(GOLDEN / "ps2.maxcso-16384.zso", TARGETS["opl"]))
    assert ("error", "target-block-size", None, None) in summary(found)

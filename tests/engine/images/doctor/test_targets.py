"""The rows of docs/formats.md, section 5 that depend on what plays the image."""

from pathlib import Path

import pytest
from broken_images import PLAIN, SECTORS, Patient, disc, entry_of, pack, set_entry, summary
from sample_images import GOLDEN

from discpress.engine.formats import SECTOR_SIZE
from discpress.engine.images.doctor.doctor import examine
from discpress.engine.images.doctor.findings import Severity
from discpress.engine.targets import TARGETS


@pytest.fixture
def findings(tmp_path: Path) -> Patient:
    return Patient(tmp_path / "image")


def test_what_opl_loads_has_no_findings_for_opl(findings: Patient) -> None:
    assert findings(pack(shift=2), "opl", deep=True) == []


def test_blocks_that_no_ps2_loads_are_a_note_without_a_target(findings: Patient) -> None:
    (finding,) = findings(pack(block_size=4096))
    assert (finding.level, finding.code, "-b 2048" in finding.message) == (Severity.NOTE, "ps2-block-size", True)


def test_blocks_that_no_ps2_loads_are_no_matter_of_a_psp_disc(findings: Patient) -> None:
    image = bytearray(disc())
    start = 16 * SECTOR_SIZE + 8
    image[start : start + 8] = b"PSP GAME"
    assert findings(pack(bytes(image), block_size=65536)) == []


def test_blocks_that_opl_does_not_load_are_an_error_with_the_way_out(findings: Patient) -> None:
    (finding,) = findings(pack(block_size=4096), "opl")
    assert (finding.level, finding.code, "-b 2048" in finding.message) == (Severity.ERROR, "target-block-size", True)


def test_a_shift_that_opl_does_not_load_is_an_error(findings: Patient) -> None:
    assert summary(findings(pack(shift=12), "opl+pcsx2")) == [("error", "target-shift", None, None)]


def test_a_stored_block_longer_than_a_sector_is_an_error_for_opl(findings: Patient) -> None:
    data = pack(shift=2)
    end = entry_of(data, SECTORS)
    last = entry_of(data, SECTORS - 1) & ~PLAIN
    long = bytearray(data[: end << 2]).ljust((last << 2) + 2052, b"\0")
    set_entry(long, SECTORS, last + 513)
    long += bytes(-len(long) % SECTOR_SIZE)
    assert ("error", "target-stored-block", 40, 40) in summary(findings(long, "opl"))


def test_a_stored_block_longer_than_a_sector_is_fine_elsewhere(findings: Patient) -> None:
    data = pack(shift=2)
    end = entry_of(data, SECTORS)
    last = entry_of(data, SECTORS - 1) & ~PLAIN
    long = bytearray(data[: end << 2]).ljust((last << 2) + 2052, b"\0")
    set_entry(long, SECTORS, last + 513)
    assert "target-stored-block" not in [each.code for each in findings(long, "pcsx2")]


@pytest.mark.parametrize(("magic", "target"), [(b"CISO", "opl"), (b"ZISO", "ppsspp"), (b"ZISO", "nethersx2")])
def test_a_format_that_the_target_does_not_load_is_an_error(findings: Patient, magic: bytes, target: str) -> None:
    assert summary(findings(pack(magic=magic), target)) == [("error", "target-format", None, None)]


def test_cso_version_2_is_an_error_where_only_1_is_loaded(findings: Patient) -> None:
    assert summary(findings(pack(magic=b"CISO", version=2), "ppsspp")) == [("error", "target-version", None, None)]


def test_cso_version_2_is_fine_where_it_is_loaded(findings: Patient) -> None:
    assert findings(pack(magic=b"CISO", version=2), "ark") == []


def test_blocks_that_may_not_fit_into_a_psp_are_a_warning_with_the_way_out(findings: Patient) -> None:
    (finding,) = findings(pack(magic=b"CISO", block_size=16384), "ark")
    assert (finding.level, finding.code) == (Severity.WARNING, "target-doubt")
    assert finding.message.endswith("with -b 8192")


def test_the_largest_blocks_of_arks_own_tool_are_fine(findings: Patient) -> None:
    assert findings(pack(magic=b"CISO", block_size=8192), "ark") == []


def test_a_dax_is_a_warning_that_offers_zso_and_cso() -> None:
    (finding,) = examine(GOLDEN / "ps2.maxcso.dax", TARGETS["ark"])
    assert (finding.level, finding.code) == (Severity.WARNING, "target-doubt")
    assert finding.message.endswith("convert this DAX under another name with -f zso or -f cso")


def test_a_size_of_no_whole_sectors_names_the_bytes_that_loaders_ignore(findings: Patient) -> None:
    (finding,) = findings(disc() + bytes(100))
    assert (finding.code, finding.message.endswith("loaders ignore the last 100 bytes")) == ("size", True)


def test_an_image_above_the_targets_limit_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "large.iso"
    with path.open("wb") as file:
        file.write(disc())
        file.truncate(4 << 30)
    assert summary(list(examine(path, TARGETS["ark"]))) == [("error", "target-size", None, None)]


def test_a_file_of_no_whole_sectors_is_a_warning_for_opl(findings: Patient) -> None:
    data = pack()
    assert summary(findings(data[: entry_of(data, SECTORS)], "opl")) == [("warning", "target-length", None, None)]


def test_a_file_of_no_whole_sectors_is_fine_elsewhere(findings: Patient) -> None:
    data = pack()
    assert findings(data[: entry_of(data, SECTORS)], "pcsx2") == []


@pytest.mark.parametrize(("target", "longest"), [("opl", 160), ("opl+pcsx2", 160), ("ark", 70)])
def test_a_name_that_the_target_does_not_list_is_a_warning(target: str, longest: int, tmp_path: Path) -> None:
    def codes(stem: str) -> list[str]:
        path = tmp_path / f"{stem}.zso"
        path.write_bytes(pack())
        return [finding.code for finding in examine(path, TARGETS[target])]

    assert "target-name" not in codes("x" * longest)
    assert "target-name" in codes("x" * (longest + 1))


def test_a_name_of_any_length_is_no_matter_without_such_a_target(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 200}.zso"
    path.write_bytes(pack())
    assert [finding.code for finding in examine(path, TARGETS["pcsx2"])] == []

"""The public API: its examples run, and importing it is cheap."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest
from iso_files import write_iso
from memory_cds import ps2_disc, raw_sectors, write_cue

import discpress
from discpress.engine.demo.discs import ps2_files
from discpress.engine.demo.payload import Material, stream
from discpress.engine.errors import ConflictError, DamagedImageError, UsageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.request import ConversionRequest
from discpress.engine.units import MIB


@pytest.fixture(autouse=True)
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Okami.iso in the working folder."""
    monkeypatch.chdir(tmp_path)
    files = {**ps2_files("SLUS_211.15"), "DATA.BIN": (MIB, stream(MIB, {Material.TEXT: 1}, "okami"))}
    write_iso(tmp_path / "Okami.iso", files, system_id="PLAYSTATION", volume_id="OKAMI")
    return tmp_path / "Okami.iso"


@pytest.mark.parametrize("name", discpress.__all__)
def test_every_example_runs(name: str) -> None:
    finder = doctest.DocTestFinder(recurse=False)
    (example,) = finder.find(getattr(discpress, name), name, globs={"discpress": discpress})
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_module_has_an_example_that_runs() -> None:
    (example,) = doctest.DocTestFinder(recurse=False).find(discpress, "discpress", globs={})
    assert doctest.DocTestRunner().run(example) == (0, 2)


def test_importing_the_package_loads_nothing_of_the_engine() -> None:
    code = "import sys, discpress; print([each for each in sys.modules if each.startswith('discpress.')])"
    assert (
        subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
    )


def test_a_request_decides_the_format(game: Path) -> None:
    assert discpress.plan(game, ConversionRequest(format=ImageFormat.CSO, target="any")).output_path.name == "Okami.cso"


def test_a_result_decodes_to_its_source(game: Path, tmp_path: Path) -> None:
    discpress.convert(game, output=tmp_path / "packed.zso")
    with discpress.open_image(tmp_path / "packed.zso") as image:
        assert image.read_at(0, image.size) == game.read_bytes()


def test_a_taken_name_is_an_error(game: Path) -> None:
    game.with_suffix(".zso").write_bytes(b"mine")
    with pytest.raises(ConflictError):
        discpress.convert(game)
    assert game.with_suffix(".zso").read_bytes() == b"mine"


def test_an_empty_file_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "empty.iso").touch()
    with pytest.raises(DamagedImageError):
        discpress.open_image("empty.iso")


def test_findings_of_a_damaged_file_are_returned(tmp_path: Path) -> None:
    (tmp_path / "empty.iso").touch()
    assert [str(finding.level) for finding in discpress.examine("empty.iso")] == ["error"]


def test_an_unknown_target_is_a_usage_error(game: Path) -> None:
    with pytest.raises(UsageError, match="expected a target from"):
        discpress.examine(game, "xbox")


@pytest.fixture
def sheet_path(tmp_path: Path) -> Path:
    """A PS2 CD as CUE and BIN."""
    return write_cue(tmp_path / "Cd.cue", (TrackKind.MODE2_RAW, raw_sectors(ps2_disc()), 0, 0))


def test_an_estimate_of_a_cd_is_that_of_its_user_data(sheet_path: Path) -> None:
    assert discpress.estimate(sheet_path).original_bytes == len(ps2_disc())


def test_a_cd_becomes_a_sheet_and_its_files(sheet_path: Path, tmp_path: Path) -> None:
    request = ConversionRequest(format=ImageFormat.CUE)
    done = discpress.convert(sheet_path, request, output=tmp_path / "Other.cue")
    assert [path.name for path in done.plan.output_paths] == ["Other.cue", "Other.bin"]
    assert (tmp_path / "Other.bin").read_bytes() == (tmp_path / "Cd (Track 1).bin").read_bytes()

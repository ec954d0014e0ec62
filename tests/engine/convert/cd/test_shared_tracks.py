"""Sheets that share a file: an original stays if its files contain more than the result."""

from pathlib import Path

import fault_injection as faults
import pytest
from command_line import write_old
from disc_files import expected_files, files_in
from raw_discs import MIXED

from discpress.engine.convert.cd.form import KEPT_SUBCODE
from discpress.engine.formats import ImageFormat

FILES = expected_files("A.cue", MIXED)
OWN = [name for name in FILES if name.endswith(".bin")]


@pytest.fixture
def sheet_path(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        write_old(tmp_path / name, data)
    return tmp_path / "A.cue"


def convert(path: Path) -> tuple[str, ...]:
    """Convert to other files, and ask for the original to go; return the warnings."""
    done = faults.run_conversion(
        path, path.with_name("Out.cue"), format=ImageFormat.CUE, level=None, target=None, trash_source=True,
        accept_incomplete=True,
    )  # fmt: skip
    return (*done.plan.notices, *done.notices)


def test_tracks_that_only_another_sheet_names_keep_the_original(sheet_path: Path, tmp_path: Path) -> None:
    other = FILES["A.cue"].replace(OWN[1].encode(), b"B (Track 2).bin").replace(OWN[2].encode(), b"B (Track 3).bin")
    for name, data in {"B.cue": other, "B (Track 2).bin": FILES[OWN[1]], "B (Track 3).bin": FILES[OWN[2]]}.items():
        write_old(tmp_path / name, data)
    before = files_in(tmp_path)
    assert KEPT_SUBCODE in convert(sheet_path)
    assert files_in(tmp_path).items() >= before.items()


def test_another_sheet_of_the_same_files_goes_with_them(sheet_path: Path, tmp_path: Path) -> None:
    write_old(tmp_path / "B.cue", FILES["A.cue"] + b"REM the same disc\r\n")
    assert KEPT_SUBCODE not in convert(sheet_path)
    assert not {"A.cue", "B.cue", *OWN} & files_in(tmp_path).keys()

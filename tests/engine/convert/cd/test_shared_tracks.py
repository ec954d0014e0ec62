"""Sheets that share a file: an original stays if its files contain more than the result."""

from pathlib import Path

import pytest
from command_line import write_old
from disc_files import expected_files, files_in
from raw_discs import MIXED

from discpress.engine.convert.cd.form import KEPT_SUBCODE
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

FILES = expected_files("A.cue", MIXED)
OWN = [name for name in FILES if name.endswith(".bin")]


@pytest.fixture
def sheet_path(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        write_old(tmp_path / name, data)
    return tmp_path / "A.cue"


def convert_away(path: Path) -> tuple[str, ...]:
    """Convert to other files, and ask for the original to go; return the warnings."""
    request = ConversionRequest(ImageFormat.CUE, trash_source=True, accept_incomplete=True)
    plan = settle_output(plan_conversion(path, path.with_name("Out.cue"), None, request))
    return (*plan.notices, *convert(plan, threads=1, control=Control(), progress=Progress()).notices)


def test_tracks_that_only_another_sheet_names_keep_the_original(sheet_path: Path, tmp_path: Path) -> None:
    other = FILES["A.cue"].replace(OWN[1].encode(), b"B (Track 2).bin").replace(OWN[2].encode(), b"B (Track 3).bin")
    for name, data in {"B.cue": other, "B (Track 2).bin": FILES[OWN[1]], "B (Track 3).bin": FILES[OWN[2]]}.items():
        write_old(tmp_path / name, data)
    before = files_in(tmp_path)
    assert KEPT_SUBCODE in convert_away(sheet_path)
    assert files_in(tmp_path).items() >= before.items()


def test_another_sheet_of_the_same_files_goes_with_them(sheet_path: Path, tmp_path: Path) -> None:
    write_old(tmp_path / "B.cue", FILES["A.cue"] + b"REM the same disc\r\n")
    assert KEPT_SUBCODE not in convert_away(sheet_path)
    assert not {"A.cue", "B.cue", *OWN} & files_in(tmp_path).keys()

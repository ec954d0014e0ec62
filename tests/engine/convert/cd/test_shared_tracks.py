"""Sheets that share a file: an original stays if its files contain more than the result, and so do their tracks."""

from dataclasses import replace
from pathlib import Path

import pytest
from command_line import write_old
from disc_files import convert_disc, expected_files, files_in
from found_titles import titles_in
from raw_discs import GD_ROM, MIXED, write_disc

from discpress.engine.convert.batch.model import Candidate
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.convert.cd.needs import KEPT_SUBCODE
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.errors import ConflictError
from discpress.engine.formats import ImageFormat
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest, OnConflict
from discpress.engine.store.model import StoredEstimate

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


def test_files_that_a_sheet_names_which_stays_behind_keep_the_original(sheet_path: Path, tmp_path: Path) -> None:
    """B.cue is part of the title of A.cue, which has another track; on its own, it would take two tracks from that."""
    lines = FILES["A.cue"].replace(OWN[2].encode(), b"B (Track 3).bin")
    write_old(tmp_path / "B.cue", lines)
    write_old(tmp_path / "B (Track 3).bin", FILES[OWN[2]])
    before = files_in(tmp_path)
    notices = convert_away(tmp_path / "B.cue")
    assert "the original stays where it is: A.cue names a file of it as well" in notices
    assert files_in(tmp_path).items() >= before.items()


def test_a_plan_knows_that_a_sheet_outside_a_title_keeps_its_original(sheet_path: Path, tmp_path: Path) -> None:
    """B.cue names a track of A.cue, and one that is missing: it belongs to the title of A.cue, but not to that of C."""
    for name in OWN:
        write_old(tmp_path / f"C {name}", FILES[name])
    write_old(tmp_path / "C.cue", FILES["A.cue"].replace(b'"A', b'"C A'))
    lines = FILES["A.cue"].replace(f'"{OWN[1]}'.encode(), f'"C {OWN[1]}'.encode()).replace(OWN[2].encode(), b"gone.bin")
    write_old(tmp_path / "B.cue", lines)
    found = [title for name in ("A.cue", "C.cue") for title in titles_in(tmp_path / name)]
    settings = (
        plan_batch([Candidate(found[0], is_named=True)], ConversionRequest(ImageFormat.CHD, target="any"))
        .rows[0]
        .settings
    )
    assert settings is not None
    made = StoredEstimate(settings, 1, 1000, 900, 1100, 1, "convert", "", 1.0)
    titles = [replace(title, estimate=replace(made, original_bytes=title.original_bytes)) for title in found]
    for trash_source, kept in ((True, [False, True]), (False, [False, False])):
        options = ConversionRequest(ImageFormat.CHD, target="any", trash_source=trash_source, accept_incomplete=True)
        batch = plan_batch([Candidate(each, is_named=True) for each in titles], options)
        assert [row.reason for row in batch.rows] == ["", ""]
        assert [row.keeps_source for row in batch.rows] == kept
    warning = "the original stays where it is: B.cue names a file of it as well"
    batch = plan_batch([Candidate(each, is_named=True) for each in titles], replace(options, trash_source=True))
    assert [warning in row.warnings for row in batch.rows] == [False, True]
    assert [row.saving_bytes for row in batch.rows] == [titles[0].file_bytes - 1000, 0]
    assert batch.saving[1] == titles[0].file_bytes - 1000


def test_tracks_that_the_sheet_of_another_game_names_are_never_overwritten(tmp_path: Path) -> None:
    convert_disc(write_disc(tmp_path / "One.chd", GD_ROM), GD_ROM, unpacks=True)
    before = files_in(tmp_path)
    other_path = write_disc(tmp_path / "Two.chd", GD_ROM, seed=71)
    with pytest.raises(ConflictError, match=r"track01\.bin: One\.gdi names this file") as caught:
        convert_disc(other_path, GD_ROM, unpacks=True, on_conflict=OnConflict.OVERWRITE)
    assert "a folder for each game with -O" in caught.value.hint
    assert files_in(tmp_path).items() == (before | {"Two.chd": other_path.read_bytes()}).items()


def test_its_own_tracks_are_overwritten_although_another_sheet_of_the_game_names_them(tmp_path: Path) -> None:
    source_path = write_disc(tmp_path / "Game.chd", GD_ROM)
    convert_disc(source_path, GD_ROM, unpacks=True)
    write_old(tmp_path / "Copy.gdi", (tmp_path / "Game.gdi").read_bytes())
    done = convert_disc(source_path, GD_ROM, unpacks=True, on_conflict=OnConflict.OVERWRITE)
    assert done.overwritten is not None

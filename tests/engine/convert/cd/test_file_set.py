"""Sheets of the files of a disc: a reader finds the same tracks in them, and names are those of Redump and chdman."""

import shutil
import subprocess
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_discs import GD_ROM, MIXED, laid_out

from discpress.engine.convert.cd.file_set import FileSet, file_set, unstated
from discpress.engine.errors import SettingError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.arrange import StoredFile, arrange
from discpress.engine.images.cd.sheets.cue import parse_cue
from discpress.engine.images.cd.sheets.gdi import parse_gdi
from discpress.engine.images.cd.tracks import HIGH_DENSITY_SECTOR, Track, TrackKind

CUE, GDI = ImageFormat.CUE, ImageFormat.GDI


def lines_of(files: FileSet) -> list[str]:
    return files.sheet.decode().splitlines()


def test_a_reader_of_the_gdi_sheet_finds_the_tracks() -> None:
    files = file_set("Game.gdi", GD_ROM, GDI)
    stored = [StoredFile(each.name, each.start, each.size_bytes) for each in files.files]
    found = arrange(parse_gdi(files.sheet, "sheet"), "sheet", stored).tracks
    assert [replace(track, session=1) for track in found] == list(GD_ROM)
    assert unstated(files, GD_ROM, GDI) == []


def read_back(files: FileSet) -> tuple[Track, ...]:
    stored = [StoredFile(each.name, each.start, each.size_bytes) for each in files.files]
    return tuple(arrange(parse_cue(files.sheet, "sheet"), "sheet", stored).tracks)


@st.composite
def discs(draw: st.DrawFn) -> tuple[Track, ...]:
    """Return the tracks of any disc with one session, each where a reader of its CUE sheet finds it."""
    tracks: list[Track] = []
    at = sector = 0
    for number in range(1, draw(st.integers(1, 12)) + 1):
        length, pregap = draw(st.integers(1, 400)), draw(st.sampled_from([0, 0, 1, 75, 149]))
        silent, postgap = draw(st.sampled_from([0, 0, 75])), draw(st.sampled_from([0, 0, 75]))
        if number == 1:
            silent = 0
        kind = draw(st.sampled_from(TrackKind))
        first = sector + silent + pregap
        tracks.append(Track(number, kind, at, length + pregap, pregap, silent, postgap, first))
        at, sector = tracks[-1].end, first + length + postgap
    return tuple(tracks)


@pytest.mark.slow
@given(tracks=discs(), one_bin=st.booleans())
def test_a_reader_of_the_cue_sheet_finds_the_tracks(tracks: tuple[Track, ...], one_bin: bool) -> None:
    files = file_set("Game.cue", tracks, CUE, one_bin=one_bin)
    assert read_back(files) == tracks
    assert unstated(files, tracks, CUE) == []


@pytest.mark.slow
@given(tracks=discs(), one_bin=st.booleans())
def test_the_files_contain_the_decoded_image_in_order(tracks: tuple[Track, ...], one_bin: bool) -> None:
    files = file_set("Game.cue", tracks, CUE, one_bin=one_bin).files
    assert files[0].start == 0
    assert files[-1].end == tracks[-1].end
    assert all(one.end == other.start for one, other in pairwise(files))
    assert len({each.name for each in files}) == len(files)


def test_a_sheet_has_the_lines_of_redump() -> None:
    assert lines_of(file_set("Game.cue", MIXED, CUE)) == [
        'FILE "Game (Track 1).bin" BINARY',
        "  TRACK 01 MODE2/2352",
        "    INDEX 01 00:00:00",
        'FILE "Game (Track 2).bin" BINARY',
        "  TRACK 02 AUDIO",
        "    INDEX 00 00:00:00",
        "    INDEX 01 00:02:00",
        'FILE "Game (Track 3).bin" BINARY',
        "  TRACK 03 AUDIO",
        "    INDEX 00 00:00:00",
        "    INDEX 01 00:00:01",
    ]


def test_lines_of_a_cue_sheet_end_in_cr_lf() -> None:
    sheet = file_set("Game.cue", MIXED, CUE).sheet
    assert sheet.count(b"\r\n") == sheet.count(b"\n") == 11


@pytest.mark.parametrize(
    ("count", "names"),
    [
        (1, ["Game.bin"]),
        (2, ["Game (Track 1).bin", "Game (Track 2).bin"]),
        (10, [f"Game (Track {number:02}).bin" for number in range(1, 11)]),
    ],
)
def test_files_are_named_as_by_redump(count: int, names: list[str]) -> None:
    tracks = laid_out(*[(TrackKind.AUDIO, 300, 0)] * count)
    assert [each.name for each in file_set("Game.cue", tracks, CUE).files] == names


def test_one_bin_is_named_after_the_game() -> None:
    files = file_set("Game v1.02.cue", MIXED, CUE, one_bin=True)
    assert files.names == ("Game v1.02.cue", "Game v1.02.bin")


def test_a_silent_pregap_and_a_postgap_are_in_no_file() -> None:
    track = Track(1, TrackKind.AUDIO, 0, 300, silent_pregap=150, postgap=75)
    assert lines_of(file_set("Game.cue", (track,), CUE))[2:] == [
        "    PREGAP 00:02:00",
        "    INDEX 01 00:00:00",
        "    POSTGAP 00:01:00",
    ]


def test_a_gdi_names_its_tracks_as_chdman_does() -> None:
    assert lines_of(file_set("Game.gdi", GD_ROM, GDI)) == [
        "3",
        "1 0 4 2352 track01.bin 0",
        "2 600 0 2352 track02.raw 0",
        "3 45000 4 2048 track03.bin 0",
    ]


def test_a_track_of_a_gdi_begins_with_its_pregap() -> None:
    tracks = laid_out(
        (TrackKind.MODE1_RAW, 600, 0),
        (TrackKind.AUDIO, 300, 150),
        (TrackKind.MODE1_RAW, 600, 0),
        starts=(0, 750, HIGH_DENSITY_SECTOR),
    )
    files = file_set("Game.gdi", tracks, GDI)
    assert lines_of(files)[2] == "2 600 0 2352 track02.raw 0"
    assert unstated(files, tracks, GDI) == ["a GDI sheet cannot state the pregap that is stored in track 2"]


def test_a_cue_of_a_gd_rom_marks_its_areas() -> None:
    files = file_set("Game.cue", GD_ROM, CUE)
    assert [line for line in lines_of(files) if line.startswith("REM")] == [
        "REM SINGLE-DENSITY AREA",
        "REM HIGH-DENSITY AREA",
    ]
    assert read_back(files)[2].first_sector == HIGH_DENSITY_SECTOR


def test_a_place_that_the_sheet_does_not_give_is_reported() -> None:
    files = file_set("Game.cue", GD_ROM, CUE)
    assert unstated(files, GD_ROM, CUE) == ["by the CUE sheet, track 2 begins elsewhere on the disc"]


def test_sessions_are_marked() -> None:
    tracks = (Track(1, TrackKind.AUDIO, 0, 300), Track(2, TrackKind.MODE1_RAW, 300 * 2352, 300, session=2))
    files = file_set("Game.cue", tracks, CUE)
    assert [line for line in lines_of(files) if line.startswith("REM")] == ["REM SESSION 01", "REM SESSION 02"]
    assert [track.session for track in read_back(files)] == [1, 2]


@pytest.mark.parametrize("name", ['Game "red".cue', "Game\nred.cue", "Game\rred.cue"])
def test_a_name_that_a_sheet_cannot_contain_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="cannot contain this name"):
        file_set(name, MIXED, CUE)


def test_bytes_of_a_name_that_are_not_utf_8_come_back() -> None:
    files = file_set("Gam\udce9.cue", MIXED, CUE)
    assert b'FILE "Gam\xe9 (Track 1).bin" BINARY' in files.sheet
    assert parse_cue(files.sheet, "sheet").files[0].name == files.files[0].name


def test_a_gdi_of_another_disc_is_refused() -> None:
    with pytest.raises(SettingError, match="not a GD-ROM"):
        file_set("Game.gdi", MIXED, GDI)


def test_a_gdi_with_sectors_that_it_cannot_describe_is_refused() -> None:
    kinds = (TrackKind.MODE2_2336, TrackKind.AUDIO, TrackKind.MODE1_RAW)
    tracks = laid_out(*((kind, 300, 0) for kind in kinds), starts=(0, 600, HIGH_DENSITY_SECTOR))
    with pytest.raises(SettingError, match="track 1 has sectors of 2336 bytes"):
        file_set("Game.gdi", tracks, GDI)


def test_a_gdi_with_one_bin_is_refused() -> None:
    with pytest.raises(SettingError, match="one file for each track"):
        file_set("Game.gdi", GD_ROM, GDI, one_bin=True)


def test_a_disc_that_its_sheet_does_not_describe_is_refused() -> None:
    tracks = (Track(1, TrackKind.AUDIO, 0, 300), Track(3, TrackKind.AUDIO, 300 * 2352, 300))
    with pytest.raises(SettingError, match="cannot describe this disc: line 5: track 3 follows track 1"):
        unstated(file_set("Game.cue", tracks, CUE), tracks, CUE)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chdman") is None, reason="chdman, the oracle, is not installed")
@pytest.mark.parametrize("one_bin", [False, True], ids=["split", "one bin"])
def test_chdman_reads_the_same_disc_from_the_sheet(one_bin: bool, tmp_path: Path) -> None:
    tracks = (
        Track(1, TrackKind.MODE1_RAW, 0, 300),
        Track(2, TrackKind.AUDIO, 300 * 2352, 250, pregap=75, first_sector=375),
        Track(3, TrackKind.AUDIO, 550 * 2352, 301, silent_pregap=150, first_sector=700),
    )
    files = file_set("Game.cue", tracks, CUE, one_bin=one_bin)
    data = b"".join(number.to_bytes(4, "little") for number in range(tracks[-1].end // 4))
    (tmp_path / "Game.cue").write_bytes(files.sheet)
    for each in files.files:
        (tmp_path / each.name).write_bytes(data[each.start : each.end])
    _chdman("createcd", "-i", tmp_path / "Game.cue", "-o", tmp_path / "Game.chd")
    _chdman("extractcd", "-i", tmp_path / "Game.chd", "-o", tmp_path / "back.cue", "-ob", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == data
    theirs, ours = lines_of_text(tmp_path / "back.cue"), lines_of(file_set("back.cue", tracks, CUE, one_bin=True))
    assert [line.strip() for line in theirs] == [line.strip() for line in ours]


def _chdman(*arguments: object) -> None:
    subprocess.run(["chdman", *map(str, arguments)], check=True, capture_output=True, timeout=120)


def lines_of_text(path: Path) -> list[str]:
    return path.read_text().splitlines()

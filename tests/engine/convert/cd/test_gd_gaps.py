"""CHD files of GD-ROMs from a CUE sheet with gaps: the form of chdman, and the way back."""

from pathlib import Path

import pytest
from disc_files import files_in
from made_cds import MadeDisc
from redump_gd_roms import write_gd_cue

from discpress.engine.convert.cd.chd_form import check_kept
from discpress.engine.convert.conversion import convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.errors import SettingError
from discpress.engine.formats import ImageFormat, Method
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.chd.cd.disc_frames import frames_of
from discpress.engine.images.open import open_image
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

DISC = (
    MadeDisc()
    .add("MODE1/2352", 20)
    .add("AUDIO", 9, pregap=6)
    .add("MODE1/2352", 30)
    .add("AUDIO", 11, pregap=5)
    .add("MODE1/2352", 12, pregap=7)
)
CHDMAN_SHA1 = "cc8a2aaad9ded4469c710af6181374fd6e76edcf"
"""The data SHA-1 in the header that chdman 0.289 writes from the sheet of the disc."""
CHDMAN_TRACKS = [
    "TRACK:1 TYPE:MODE1_RAW SUBTYPE:NONE FRAMES:26 PAD:0",
    "TRACK:2 TYPE:AUDIO SUBTYPE:NONE FRAMES:44974 PAD:44965",
    "TRACK:3 TYPE:MODE1_RAW SUBTYPE:NONE FRAMES:35 PAD:0",
    "TRACK:4 TYPE:AUDIO SUBTYPE:NONE FRAMES:18 PAD:0",
    "TRACK:5 TYPE:MODE1_RAW SUBTYPE:NONE FRAMES:12 PAD:0",
]
"""The track table of that CHD, each with the same end."""
CHDMAN_END = " PREGAP:0 PGTYPE:MODE1 PGSUB:NONE POSTGAP:0\0"


def run(source: Path, request: ConversionRequest, folder: Path) -> Path:
    plan = settle_output(plan_conversion(source, None, folder, request))
    assert convert(plan, threads=2, control=Control(), progress=Progress()).is_verified
    return plan.output_path


def test_the_track_table_is_that_of_chdman(tmp_path: Path) -> None:
    with open_image(write_gd_cue(tmp_path / "Rain.cue", DISC)) as image:
        assert isinstance(image, CdImage)
        texts = [entry.payload.decode("ascii") for entry in frames_of(image).metadata if entry.tag == b"CHGD"]
        assert texts == [f"{each}{CHDMAN_END}" for each in CHDMAN_TRACKS]
        assert TrackCounts.of(image).unusual == ""
        assert check_kept(image) == []
        assert [track.session for track in image.tracks] == [1, 1, 2, 2, 2]


def test_a_gap_after_smaller_sectors_stays_in_its_track(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2048", 20).add("AUDIO", 9, pregap=6).add("MODE1/2048", 30)
    with open_image(write_gd_cue(tmp_path / "Rain.cue", disc)) as image:
        assert isinstance(image, CdImage)
        assert TrackCounts.of(image).unusual == "no CHD with pregaps or postgaps, as of track 2"
        assert b"PAD:44965 PREGAP:6 PGTYPE:VAUDIO" in frames_of(image).metadata[1].payload


def test_gaps_are_not_moved_if_no_kept_files_have_them(tmp_path: Path) -> None:
    sheet = write_gd_cue(tmp_path / "Rain.cue", DISC)
    hidden = sheet.rename(tmp_path / ".Rain.cue")
    with open_image(hidden) as image:
        assert isinstance(image, CdImage)
        with pytest.raises(SettingError, match="a CHD cannot keep the tracks as they are, and cannot keep its files"):
            check_kept(image)


@pytest.mark.slow
def test_a_gd_rom_from_a_cue_sheet_comes_back_with_its_gaps(tmp_path: Path) -> None:
    sheet = write_gd_cue(tmp_path / "Rain.cue", DISC)
    before = files_in(tmp_path)
    request = ConversionRequest(
        ImageFormat.CHD, level=1, methods=(Method.CDZL,), target="flycast", accept_incomplete=True, any_system=True
    )
    chd = run(sheet, request, tmp_path / "chd")
    with open_image(sheet) as source, open_image(chd) as result:
        assert isinstance(source, CdImage)
        assert isinstance(result, CdImage)
        assert list(result.tracks) == list(source.tracks)
        assert all(not track.pregap for track in result.tracks_in_chd)
        assert result.stored_form.recorded == {"sha1": CHDMAN_SHA1}
        assert TrackCounts.of(result).unusual == ""
    unpack = ConversionRequest(unpacks=True, accept_incomplete=True)
    assert plan_conversion(chd, None, None, unpack).settings.format is ImageFormat.CUE
    back = run(chd, unpack, tmp_path / "back")
    assert files_in(back.parent) == before

"""CHD files of CDs: every disc comes back byte for byte, what would be lost is refused, and nothing is half-written."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from chd_images import chdman, needs_chdman
from command_line import write_old
from disc_files import convert_chd, files_in
from drawn_cds import discs
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cds import MadeDisc, write_ccd, write_cue, write_gdi, write_mds, write_split_cue
from packed_cds import MadeTrack, made_cd, sha1

from discpress.engine.convert.conversion import Conversion, convert
from discpress.engine.convert.plan import plan_conversion
from discpress.engine.convert.preflight import settle_output
from discpress.engine.errors import DiscpressError, SettingError, SourceChangedError, UnsupportedImageError
from discpress.engine.formats import CD_METHODS, ImageFormat, Method
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.kept.reading import kept_in
from discpress.engine.images.chd.cd.disc_frames import frames_of
from discpress.engine.images.chd.cd.image import ChdCdImage
from discpress.engine.images.chd.metadata import NewEntry
from discpress.engine.images.open import open_image
from discpress.engine.measure.estimate import estimate
from discpress.engine.progress import Control, Progress
from discpress.engine.request import ConversionRequest

CHD = ImageFormat.CHD
FAST = ConversionRequest(CHD, level=1, methods=(Method.CDZL,), target="any", accept_incomplete=True)
MIXED = MadeDisc().add("MODE2/2352", 40).add("AUDIO", 30, pregap=5).add("AUDIO", 9, silent_pregap=75, postgap=3)


def to_chd(path: Path, request: ConversionRequest = FAST) -> Conversion:
    plan = settle_output(plan_conversion(path, None, None, request))
    return convert(plan, threads=2, control=Control(), progress=Progress())


def back(chd_path: Path, image_format: ImageFormat = ImageFormat.CUE) -> Path:
    """Convert a CHD to a sheet in a folder of its own, and return the sheet."""
    request = ConversionRequest(image_format, accept_incomplete=True)
    plan = settle_output(plan_conversion(chd_path, None, chd_path.parent / "back", request))
    convert(plan, threads=2, control=Control(), progress=Progress())
    return plan.output_path


def sources_in(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder by their names, without the CHD."""
    return {name: data for name, data in files_in(folder).items() if not name.endswith(".chd")}


def counted(image: CdImage) -> list[NewEntry]:
    """The metadata that the SHA-1 of a CHD counts: all but the entry that keeps the files."""
    return [entry for entry in frames_of(image).metadata if entry.is_counted]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(discs(10), st.sampled_from(CD_METHODS), st.booleans())
def test_any_disc_comes_back_byte_for_byte(disc: MadeDisc, method: Method, is_split: bool) -> None:
    with TemporaryDirectory() as name:
        sheet = (write_split_cue if is_split else write_cue)(Path(name) / "Odd [red].cue", disc)
        done = to_chd(sheet, ConversionRequest(CHD, level=1, methods=(method,), target="any", accept_incomplete=True))
        assert done.is_verified
        with open_image(sheet) as source, open_image(done.plan.output_path) as result:
            assert isinstance(source, CdImage)
            assert result.read_at(0, result.size) == disc.data
            if not isinstance(result, CdImage):
                assert [track.kind for track in disc.tracks] == ["MODE1/2048"]
                return
            assert result.tracks == source.tracks
        again = back(done.plan.output_path)
        with open_image(again) as returned:
            assert isinstance(returned, CdImage)
            assert (returned.tracks, returned.read_at(0, returned.size)) == (source.tracks, disc.data)
        assert files_in(again.parent) == sources_in(sheet.parent)


@pytest.mark.slow
@needs_chdman
@pytest.mark.parametrize("method", CD_METHODS[:2])
def test_chdman_finds_the_same_disc(method: Method, tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE2/2352", 150).add("AUDIO", 80, pregap=20).add("MODE1/2352", 31, silent_pregap=75)
    sheet = write_cue(tmp_path / "Sky.cue", disc)
    methods = (method, Method.CDFL)
    done = to_chd(sheet, ConversionRequest(CHD, level=1, methods=methods, target="any", accept_incomplete=True))
    text = chdman("verify", "-i", done.plan.output_path)
    assert "Raw SHA1 verification successful" in text
    assert "Overall SHA1 verification successful" in text
    chdman("extractcd", "-i", done.plan.output_path, "-o", tmp_path / "out.cue", "-ob", tmp_path / "out.bin")
    assert (tmp_path / "out.bin").read_bytes() == disc.data
    chdman("createcd", "-i", sheet, "-o", tmp_path / "theirs.chd", "-np", 1)
    with open_image(done.plan.output_path) as ours, open_image(tmp_path / "theirs.chd") as theirs:
        assert isinstance(ours, CdImage)
        assert isinstance(theirs, CdImage)
        assert (ours.stored_form.recorded, ours.tracks) == (theirs.stored_form.recorded, theirs.tracks)
        assert counted(ours) == counted(theirs)


@pytest.mark.slow
def test_a_gd_rom_comes_back_as_the_same_gdi(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 20).add("AUDIO", 30).add("MODE1/2352", 40).add("AUDIO", 7)
    sheet = write_gdi(tmp_path / "Rain.gdi", disc)
    done = to_chd(sheet)
    assert files_in(back(done.plan.output_path, ImageFormat.GDI).parent) == sources_in(tmp_path)


@pytest.mark.parametrize(("write", "suffix"), [(write_ccd, "ccd"), (write_mds, "mds")])
def test_other_sheets_become_the_same_chd(write: Callable[[Path, MadeDisc], Path], suffix: str, tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 20).add("AUDIO", 9)
    of_cue = to_chd(write_cue(tmp_path / "a.cue", disc))
    of_other = to_chd(write(tmp_path / f"b.{suffix}", disc))
    with open_image(of_cue.plan.output_path) as one, open_image(of_other.plan.output_path) as other:
        assert isinstance(one, ChdCdImage)
        assert isinstance(other, ChdCdImage)
        headers = [each.frames.header for each in (one, other)]
        assert headers[0].sha1 == headers[1].sha1 != bytes(20)
        assert (one.tracks, headers[0].raw_sha1) == (other.tracks, headers[1].raw_sha1)
    # A CCD comes with subcode, which is in no frame, so that it always stays.
    assert of_other.plan.form.keeps_source == (suffix == "ccd")


def test_a_bare_dump_of_data_is_a_disc_of_one_track(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 20)
    sheet = write_cue(tmp_path / "a.cue", disc)
    sheet.unlink()
    with open_image(to_chd(tmp_path / "a.bin").plan.output_path) as result:
        assert isinstance(result, CdImage)
        assert [track.kind for track in result.tracks] == ["MODE1/2352"]


def test_a_bare_dump_that_ends_with_sound_is_refused(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 20).add("AUDIO", 20)
    write_cue(tmp_path / "a.cue", disc).unlink()
    with pytest.raises(UnsupportedImageError, match="which only its CUE sheet tells apart"):
        to_chd(tmp_path / "a.bin")
    assert files_in(tmp_path).keys() == {"a.bin"}


def test_a_chd_is_packed_again_with_its_subcode_and_metadata(tmp_path: Path) -> None:
    track = MadeTrack("MODE1_RAW", MadeDisc().add("MODE1/2352", 30).data, subcode=b"s" * 96)
    made = made_cd([track], [b"zlib"])
    made.metadata = (*made.metadata, (b"NOTE", 0, b"kept"))
    write_old(tmp_path / "old.chd", made.encode())
    request = ConversionRequest(CHD, methods=(Method.CDZL,), target="any", accept_incomplete=True, trash_source=True)
    plan = settle_output(plan_conversion(tmp_path / "old.chd", tmp_path / "new.chd", None, request))
    done = convert(plan, threads=1, control=Control(), progress=Progress())
    with open_image(plan.output_path) as result:
        assert result.codec_names == ("cdzl",)
        assert result.stored_form.recorded == {"sha1": sha1(made.image)}
        assert result.metadata_names == ("CHT2", "NOTE")
        assert not result.recorded_problem
    assert done.trashed is not None


def lines(sheet: Path, track: int, *more: str) -> Path:
    """Add commands to a track of a sheet."""
    text = sheet.read_text()
    mark = f"TRACK {track:02}"
    head, rest = text.split(mark)
    first, _, others = rest.partition("\n")
    sheet.write_text("\n".join([head + mark + first, *(f"    {each}" for each in more), others]))
    return sheet


@pytest.mark.parametrize(
    ("command", "named"),
    [
        ("FLAGS DCP", "FLAGS"),
        ("ISRC USABC0000001", "ISRC"),
    ],
)
def test_what_a_track_table_cannot_keep_comes_back_with_the_files(command: str, named: str, tmp_path: Path) -> None:
    sheet = lines(write_cue(tmp_path / "a.cue", MIXED), 2, command)
    done = to_chd(sheet)
    assert any(f"programs that play the CHD do not find {named}" in notice for notice in done.plan.notices)
    assert files_in(back(done.plan.output_path).parent) == sources_in(tmp_path)


def test_a_sheet_with_wave_files_and_a_pregap_of_two_kinds_comes_back(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 20).add("AUDIO", 9, pregap=3, silent_pregap=4)
    sheet = write_split_cue(tmp_path / "a.cue", disc, audio="WAVE")
    wave = tmp_path / "a (Track 2).wav"
    wave.write_bytes(wave.read_bytes() + b"LIST\4\0\0\0abcd")
    for path in tmp_path.iterdir():
        write_old(path, path.read_bytes())
    before = files_in(tmp_path)
    done = to_chd(sheet, replace(FAST, trash_source=True))
    assert sources_in(tmp_path) == {}
    assert files_in(back(done.plan.output_path).parent) == before


def test_what_no_entry_keeps_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    sheet = lines(write_cue(tmp_path / "a.cue", MIXED), 2, "FLAGS DCP").rename(tmp_path / ".a.cue")
    before = files_in(tmp_path)
    problem = r"a CHD cannot keep FLAGS, and cannot keep its files because of the name \.a\.cue"
    with pytest.raises(SettingError, match=problem):
        to_chd(sheet)
    assert files_in(tmp_path) == before


def test_the_written_entry_has_the_digest_of_each_file(tmp_path: Path) -> None:
    sheet = write_split_cue(tmp_path / "a.cue", MIXED, audio="MOTOROLA")
    with open_image(to_chd(sheet).plan.output_path) as result:
        kept = kept_in(result).files
    assert kept is not None
    assert {file.name: file.sha1 for file in kept.files} == {
        name: sha1(data) for name, data in sources_in(tmp_path).items()
    }


@pytest.mark.slow
@needs_chdman
def test_a_sheet_of_an_iso_becomes_the_chd_of_a_cd_for_a_player_of_cds(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2048", 40)
    sheet = write_cue(tmp_path / "Sky.cue", disc)
    request = ConversionRequest(CHD, level=1, target="duckstation", accept_incomplete=True, any_system=True)
    done = to_chd(sheet, replace(request, methods=(Method.CDZL,)))
    assert "Overall SHA1 verification successful" in chdman("verify", "-i", done.plan.output_path)
    chdman("extractcd", "-i", done.plan.output_path, "-o", tmp_path / "out.cue", "-ob", tmp_path / "out.bin")
    assert (tmp_path / "out.bin").read_bytes() == disc.data
    assert back(done.plan.output_path, ImageFormat.ISO).read_bytes() == disc.data


@pytest.mark.parametrize(
    ("target", "system", "disc", "reason"),
    [
        ("flycast", "dreamcast", MIXED, "no CHD with pregaps or postgaps, as of track 2"),
        ("pcsx2", "ps2", MIXED, "track 1 only, so the game lacks the other 2"),
        ("opl", "ps2", MIXED, "ZSO is the only compressed format that OPL loads"),
    ],
)
def test_a_disc_that_its_target_does_not_play_is_refused_with_the_reason(
    target: str, system: str, disc: MadeDisc, reason: str, tmp_path: Path
) -> None:
    sheet = write_cue(tmp_path / "a.cue", disc)
    before = files_in(tmp_path)
    request = ConversionRequest(CHD, target=target, accept_incomplete=True, any_system=True)
    with pytest.raises(SettingError, match=reason):
        to_chd(sheet, request)
    assert files_in(tmp_path) == before


def test_a_target_without_cdzs_refuses_it(tmp_path: Path) -> None:
    sheet = write_cue(tmp_path / "a.cue", MIXED)
    request = ConversionRequest(CHD, methods=(Method.ZSTD,), target="swanstation", any_system=True)
    with pytest.raises(SettingError, match="cdzs hunks cannot be loaded"):
        to_chd(sheet, request)


def test_a_bin_that_changes_meanwhile_leaves_no_result(tmp_path: Path) -> None:
    sheet = write_split_cue(tmp_path / "a.cue", MIXED)
    plan = settle_output(plan_conversion(sheet, None, None, FAST))
    second = tmp_path / "a (Track 2).bin"
    second.write_bytes(bytes(second.stat().st_size))
    before = files_in(tmp_path)
    with pytest.raises(SourceChangedError, match=r"a \(Track 2\)\.bin"):
        convert(plan, threads=1, control=Control(), progress=Progress())
    assert files_in(tmp_path) == before


def test_a_bin_that_is_too_short_leaves_no_result(tmp_path: Path) -> None:
    sheet = write_split_cue(tmp_path / "a.cue", MIXED)
    second = tmp_path / "a (Track 2).bin"
    second.write_bytes(second.read_bytes()[:-1])
    before = files_in(tmp_path)
    with pytest.raises(DiscpressError, match=r"a \(Track 2\)\.bin"):
        to_chd(sheet)
    assert files_in(tmp_path) == before


def test_an_estimate_of_a_whole_disc_is_the_size_of_its_chd(tmp_path: Path) -> None:
    sheet = write_cue(tmp_path / "a.cue", MIXED)
    plan = plan_conversion(sheet, None, None, FAST)
    with open_image(sheet) as image:
        found = estimate(plan.view(image), plan.settings, random=Random(1), threads=1)
    assert found.is_exact
    assert (found.original_bytes, found.packed_bytes) == (len(MIXED.data), to_chd(sheet).packed_bytes)


def test_digests_are_those_of_the_disc_and_of_each_track(tmp_path: Path) -> None:
    sheet = write_cue(tmp_path / "Sky.cue", MIXED)
    request = ConversionRequest(CHD, methods=(Method.CDZL,), target="any", accept_incomplete=True, digests=("sha1",))
    done = to_chd(sheet, request)
    assert (done.digests.values["sha1"], done.digests.size_bytes) == (sha1(MIXED.data), len(MIXED.data))
    expected = [(f"Sky (Track {n}).bin", sha1(track.data)) for n, track in enumerate(MIXED.tracks, 1)]
    assert list(done.file_digests("sha1")) == expected
    assert [each.digests.values["sha1"] for each in done.tracks] == [digest for _, digest in expected]


def test_the_sheet_of_a_chd_is_that_of_its_source(tmp_path: Path) -> None:
    done = to_chd(write_split_cue(tmp_path / "Sky.cue", MIXED))
    sheet = (tmp_path / "Sky.cue").read_bytes()
    (tmp_path / "Sky.cue").unlink()
    for track in tmp_path.glob("*.bin"):
        track.unlink()
    convert_chd(done.plan.output_path)
    assert (tmp_path / "Sky.cue").read_bytes() == sheet

"""Generated discs read equal from every kind of sheet."""

from pathlib import Path

import made_cds
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from made_cds import MadeDisc
from opened_discs import opened

from discpress.engine.images.cd.sheet_image import SheetImage

pytestmark = pytest.mark.slow

KINDS = ["AUDIO", "MODE1/2352", "MODE2/2352"]
COOKED = ["MODE1/2048", "MODE2/2048", "MODE2/2324", "MODE2/2336"]
often = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def discs(draw: st.DrawFn, kinds: list[str] = KINDS, first: list[str] = KINDS, *, gaps: bool = True) -> MadeDisc:
    """Return discs of up to six tracks; the first one has no stored pregap, as on nearly all discs."""
    disc = MadeDisc()
    for number in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(kinds if number else first))
        pregap = draw(st.sampled_from([0, 0, 2, 3])) if number and gaps else 0
        silent = draw(st.sampled_from([0, 5])) if gaps and not pregap else 0
        disc.add(kind, draw(st.integers(1, 6)), pregap, silent, draw(st.sampled_from([0, 4])) if gaps else 0,
                 seed=draw(st.integers(0, 99)))  # fmt: skip
    return disc


def check(image: SheetImage, disc: MadeDisc, *, with_pregaps: bool = True, with_kinds: bool = True) -> None:
    assert image.read_at(0, image.size) == disc.data
    assert [track.sectors for track in image.tracks] == [track.sectors for track in disc.tracks]
    assert image.tracks[-1].end == image.size
    if with_kinds:
        assert [track.kind for track in image.tracks] == [track.kind for track in disc.tracks]
    if with_pregaps:
        assert [track.pregap for track in image.tracks] == [track.pregap_sectors for track in disc.tracks]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder for each example."""
    return tmp_path


def fresh(folder: Path) -> Path:
    for path in folder.iterdir():
        path.unlink()
    return folder / "Game [t-en by X] [red]"


@often
@given(disc=discs(KINDS + COOKED, KINDS + COOKED))
def test_one_bin(disc: MadeDisc, folder: Path) -> None:
    with opened(made_cds.write_cue(fresh(folder).with_suffix(".cue"), disc)) as image:
        check(image, disc)
        assert [track.first_sector - image.tracks[0].first_sector for track in image.tracks] == [
            address - made_cds.addresses(disc)[0] for address in made_cds.addresses(disc)
        ]
        assert [track.silent_pregap for track in image.tracks] == [track.silent_pregap for track in disc.tracks]
        assert [track.postgap for track in image.tracks] == [track.postgap for track in disc.tracks]


@often
@given(disc=discs(KINDS + COOKED, KINDS + COOKED), audio=st.sampled_from(["BINARY", "MOTOROLA", "WAVE"]))
def test_a_bin_for_each_track(disc: MadeDisc, audio: str, folder: Path) -> None:
    assume(audio != "WAVE" or not disc.is_music)
    with opened(made_cds.write_split_cue(fresh(folder).with_suffix(".cue"), disc, audio=audio)) as image:
        check(image, disc)


@often
@given(disc=discs(["AUDIO", "MODE1/2352", "MODE2/2352", "MODE1/2048", "MODE2/2336"], ["MODE1/2352"]))
def test_a_gdi(disc: MadeDisc, folder: Path) -> None:
    with opened(made_cds.write_gdi(fresh(folder).with_suffix(".gdi"), disc)) as image:
        check(image, disc, with_pregaps=False, with_kinds=False)
        assert image.is_gd_rom is (len(disc.tracks) >= 3 and disc.tracks[2].kind != "AUDIO")


@often
@given(disc=discs(), with_lead_out=st.booleans())
def test_a_cloned_cd(disc: MadeDisc, with_lead_out: bool, folder: Path) -> None:
    plain = MadeDisc([made_cds.MadeTrack(each.kind, each.pregap, each.content) for each in disc.tracks])
    with opened(made_cds.write_ccd(fresh(folder).with_suffix(".ccd"), plain, with_lead_out=with_lead_out)) as image:
        check(image, disc)
        assert [track.first_sector for track in image.tracks] == made_cds.addresses(plain)


@often
@given(disc=discs(KINDS + COOKED), pregaps=st.sampled_from(["before", "at"]), subcode=st.booleans())
def test_an_mds(disc: MadeDisc, pregaps: str, subcode: bool, folder: Path) -> None:
    with opened(made_cds.write_mds(fresh(folder).with_suffix(".mds"), disc, pregaps=pregaps, subcode=subcode)) as image:
        check(image, disc)
        assert image.left_out_bytes == (96 * sum(track.sectors for track in disc.tracks) if subcode else 0)

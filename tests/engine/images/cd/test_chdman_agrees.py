"""chdman reads the same bytes from a sheet as discpress does."""

from pathlib import Path

import made_cds
import pytest
from chd_images import chdman, needs_chdman
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from made_cds import MadeDisc
from opened_discs import opened, whole

from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.open import open_image

pytestmark = needs_chdman
FILLING = 200
"""Sectors of the last track: chdman 0.251 writes CHDs of a few hunks that it cannot read."""


@st.composite
def discs(draw: st.DrawFn) -> MadeDisc:
    """Return discs with the types of tracks that chdman keeps byte for byte, and a long last one."""
    disc = MadeDisc()
    for number in range(draw(st.integers(0, 3))):
        pregap = draw(st.sampled_from([0, 3])) if number else 0
        silent = 0 if pregap else draw(st.sampled_from([0, 75]))
        kind = draw(st.sampled_from(["AUDIO", "MODE1/2352", "MODE2/2352", "MODE1/2048", "MODE2/2336"]))
        disc.add(kind, draw(st.integers(4, 9)), pregap, silent, draw(st.sampled_from([0, 75])))
    return disc.add("AUDIO", FILLING, pregap=draw(st.sampled_from([0, 2])) if disc.tracks else 0)


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(disc=discs(), form=st.sampled_from(["one", "BINARY", "WAVE"]))
def test_the_bin_of_chdman_is_what_is_decoded(disc: MadeDisc, form: str, tmp_path: Path) -> None:
    assume(form != "WAVE" or not disc.is_music)
    for old in tmp_path.iterdir():
        old.unlink()
    path = tmp_path / "game.cue"
    if form == "one":
        made_cds.write_cue(path, disc)
    else:
        made_cds.write_split_cue(path, disc, audio=form)
    chdman("createcd", "-i", path, "-o", tmp_path / "game.chd")
    chdman("extractcd", "-i", tmp_path / "game.chd", "-o", tmp_path / "back.cue", "-ob", tmp_path / "back.bin")
    with opened(path) as image, opened(tmp_path / "back.cue") as back, open_image(tmp_path / "game.chd") as chd:
        assert whole(image) == (tmp_path / "back.bin").read_bytes()
        assert whole(back) == disc.data
        assert isinstance(chd, CdImage)
        assert whole(chd) == disc.data
        assert [(track.kind, track.sectors, track.first_sector) for track in chd.tracks] == [
            (track.kind, track.sectors, track.first_sector) for track in image.tracks
        ]


@pytest.mark.slow
def test_the_gdi_of_chdman_is_what_is_decoded(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 20).add("AUDIO", 30).add("MODE1/2352", 40)
    path = made_cds.write_gdi(tmp_path / "game.gdi", disc, high_density=300)
    chdman("createcd", "-i", path, "-o", tmp_path / "game.chd")
    (tmp_path / "back").mkdir()
    chdman("extractcd", "-i", tmp_path / "game.chd", "-o", tmp_path / "back" / "back.gdi")
    with opened(path) as image, opened(tmp_path / "back" / "back.gdi") as back:
        assert whole(image) == whole(back) == disc.data
        assert [track.first_sector for track in back.tracks] == [track.first_sector for track in image.tracks]

"""CHD files of CDs by chdman: each track is the file that went in (tests/data/golden-cds)."""

import pytest
from packed_cds import GOLDEN_CDS, sha1

from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.open import open_image
from discpress.engine.images.statistics import read_facts

DATA = "004061b89a09b43be4ca3a98c0fe25e1d2c3d9b4"
GAP_2, GAP_3 = "53aab03b37e01299910db13189dc8904b2ec882a", "efab345fcd5b75acce37d812a7384a4a4744d24c"
SONG_2, SONG_3 = "a3a585f8fb8b762c8d6af4439fdbfd1636798245", "8c1c326bfcf39c05f3e7dc4bbbd7e537474d1d4d"
MODE_1 = "6912bec6eed50d0939574bbfc14c54c59a1a5196"
TRACKS = {
    "data.cdlz": [DATA],
    "data.cdzl": [DATA],
    "data.none": [DATA],
    "index00": [DATA, GAP_2, GAP_3],
    "index00.zlib": [DATA, GAP_2, GAP_3],
    "pregap": [DATA, SONG_2, SONG_3],
    "mode1": [MODE_1],
    "protected": ["2740be5ecdfc309f89892a34716858d438b3d862"],
    "gdi": [MODE_1, SONG_2, "51ddabdb74618083635ff0b2bbd191f775007f72"],
}
COOKED = "e2498c5341ba6680e591aacf22551b7df1776382"


def opened(name: str) -> CdImage:
    image = open_image(GOLDEN_CDS / f"{name}.chd")
    assert isinstance(image, CdImage)
    return image


@pytest.mark.parametrize("name", TRACKS)
def test_each_track_is_the_file_that_went_in(name: str) -> None:
    with opened(name) as image:
        found = [sha1(image.read_at(track.start, track.stored_bytes)) for track in image.tracks]
    assert found == TRACKS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", TRACKS)
def test_the_sha1_of_the_header_is_that_of_all_frames(name: str) -> None:
    with opened(name) as image:
        frames = image.stored_form
        decoded = frames.read_at(0, frames.size)
        assert frames.recorded == ({} if name == "data.none" else {"sha1": sha1(decoded)})
        assert image.recorded == {}  # no digest of the decoded image
        assert image.recorded_problem == ""
        assert image.disc_bytes(memoryview(decoded), 0) == image.read_at(0, image.size)


def test_a_pregap_in_the_file_is_stored() -> None:
    with opened("index00") as image:
        found = [(track.pregap, track.silent_pregap, track.length, track.first_sector) for track in image.tracks]
    assert found == [(0, 0, 151, 0), (75, 0, 61, 151 + 75), (75, 0, 42, 151 + 75 + 61 + 75)]


def test_a_pregap_that_is_in_no_file_is_silent() -> None:
    with opened("pregap") as image:
        found = [(track.pregap, track.silent_pregap, track.length, track.first_sector) for track in image.tracks]
    assert found == [(0, 0, 151, 0), (0, 75, 61, 151 + 75), (0, 75, 42, 151 + 75 + 61 + 75)]


def test_a_gd_rom_has_its_tracks_at_their_addresses_without_the_gaps() -> None:
    with opened("gdi") as image:
        found = [(track.kind, track.sectors, track.first_sector, track.session) for track in image.tracks]
        assert image.is_gd_rom
        assert image.game_track is image.tracks[2]
    assert found == [
        (TrackKind.MODE1_RAW, 121, 0, 1),
        (TrackKind.AUDIO, 61, 450, 1),
        (TrackKind.MODE1_RAW, 61, 45_000, 2),
    ]


def test_an_iso_that_was_packed_as_a_cd_is_that_iso() -> None:
    with open_image(GOLDEN_CDS / "cooked.chd") as image:
        assert not isinstance(image, CdImage)
        assert sha1(image.read_at(0, image.size)) == COOKED
        assert image.size == 121 * 2048


def test_hunks_are_counted_by_kind() -> None:
    with opened("gdi") as image:
        facts = read_facts(image)
    assert (facts.blocks, facts.plain_blocks, facts.packed_blocks, facts.shared_blocks) == (5634, 0, 35, 5599)
    assert (facts.block_size, facts.codecs) == (19584, ("cdlz", "cdzl", "cdfl"))
    assert facts.original_bytes == (121 + 61 + 61) * 2352

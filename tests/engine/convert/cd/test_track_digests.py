"""Each track has the digests of its own stored sectors, however the decoded bytes arrive."""

import hashlib
import zlib
from itertools import pairwise

from cd_sectors import mode_1
from hypothesis import given
from hypothesis import strategies as st
from memory_cds import memory_cd, raw_sectors, sound

from discpress.engine.convert.cd.track_digests import TrackDigester
from discpress.engine.convert.verify import digest_checked
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.plain.image import PlainImage
from discpress.engine.progress import Control, Progress

TRACKS = (
    (TrackKind.MODE1_RAW, raw_sectors(bytes(4 * 2048), mode_1), 0, 0),
    (TrackKind.AUDIO, sound(5), 2, 6),
    (TrackKind.AUDIO, sound(3, seed=5), 0, 9),
)
STORED = [b"".join(sectors) for _, sectors, _, _ in TRACKS]


def expected(wanted: str) -> list[tuple[int, str, str, str]]:
    return [
        (len(each), f"{zlib.crc32(each):08x}", hashlib.sha1(each).hexdigest(), hashlib.new(wanted, each).hexdigest())
        for each in STORED
    ]


@given(cuts=st.lists(st.integers(0, 30_000), max_size=8))
def test_bytes_may_arrive_in_any_pieces(cuts: list[int]) -> None:
    digester = TrackDigester(memory_cd(*TRACKS).tracks, ("md5",))
    whole = b"".join(STORED)
    places = [0, *sorted(each for each in cuts if each < len(whole)), len(whole)]
    for start, end in pairwise(places):
        digester.update(whole[start:end])
    found = [
        (each.digests.size_bytes, *(each.digests.values[kind] for kind in ("crc32", "sha1", "md5")))
        for each in digester.finish()
    ]
    assert found == expected("md5")


def test_one_pass_gives_the_digests_of_the_image_and_of_its_tracks() -> None:
    image = memory_cd(*TRACKS)
    digester = TrackDigester.of(image)
    whole = digest_checked(image, 2, Control(), Progress(), ("sha1",), on_data=digester.update)
    assert whole.values["sha1"] == hashlib.sha1(b"".join(STORED)).hexdigest()
    assert [each.digests.values["sha1"] for each in digester.finish()] == [row[2] for row in expected("md5")]


def test_an_image_without_tracks_has_no_digests_of_tracks() -> None:
    digester = TrackDigester.of(PlainImage(memory_cd(*TRACKS).source))
    digester.update(b"data")
    assert digester.finish() == ()

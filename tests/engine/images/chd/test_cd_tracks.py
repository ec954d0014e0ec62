"""The track table of a CHD: sound ones, broken ones, and any bytes."""

import contextlib

import pytest
from chd_images import MadeChd
from hypothesis import given, settings
from hypothesis import strategies as st
from packed_cds import MadeTrack, made_cd
from sample_images import MemorySource

from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.cd.tracks import Track, TrackKind
from discpress.engine.images.open import open_source

CHT2 = "TRACK:%d TYPE:%s SUBTYPE:NONE FRAMES:%d PREGAP:%d PGTYPE:%s PGSUB:RW POSTGAP:%d"
SOUND = MadeTrack("AUDIO", bytes(2352 * 40))


def made(*texts: str | bytes, tag: bytes = b"CHT2", frames: int = 160) -> MadeChd:
    """Return a CHD with these entries of metadata, and `frames` frames of silence."""
    chd = made_cd([MadeTrack("AUDIO", bytes(2352 * frames))], [b"cdzl"])
    payloads = (text if isinstance(text, bytes) else text.encode() + b"\0" for text in texts)
    chd.metadata = tuple((tag, 1, payload) for payload in payloads)
    return chd


def tracks_of(chd: MadeChd) -> tuple[Track, ...]:
    image = open_source(MemorySource(chd.encode()))
    assert isinstance(image, CdImage)
    return image.tracks


TYPES = {
    "MODE1": TrackKind.MODE1_2048,
    "MODE1_RAW": TrackKind.MODE1_RAW,
    "MODE2": TrackKind.MODE2_2336,
    "MODE2_FORM1": TrackKind.MODE2_2048,
    "MODE2_FORM2": TrackKind.MODE2_2324,
    "MODE2_FORM_MIX": TrackKind.MODE2_2336,
    "MODE2_RAW": TrackKind.MODE2_RAW,
    "AUDIO": TrackKind.AUDIO,
}


@pytest.mark.parametrize("name", TYPES)
def test_each_type_has_its_kind_of_sectors(name: str) -> None:
    first, second = tracks_of(made(CHT2 % (1, name, 40, 0, "", 0), CHT2 % (2, "AUDIO", 8, 0, "", 0)))
    assert first.kind is TYPES[name]
    assert second.start == 40 * TYPES[name].sector_bytes


def test_tracks_are_in_the_order_of_their_numbers_whatever_that_of_the_entries() -> None:
    found = tracks_of(made(CHT2 % (2, "AUDIO", 8, 0, "", 0), CHT2 % (1, "MODE1_RAW", 9, 0, "", 0)))
    assert [(track.number, track.sectors, track.start) for track in found] == [(1, 9, 0), (2, 8, 9 * 2352)]


@pytest.mark.parametrize(
    ("kind", "pregap", "pregap_type", "first_sector"),
    [
        ("MODE1_RAW", 0, "MODE1", 0),
        ("MODE1_RAW", 150, "MODE1", 0),
        ("AUDIO", 152, "AUDIO", 2),
        ("MODE2_RAW", 150, "VMODE2_RAW", 0),
        ("AUDIO", 100, "VAUDIO", 100),
    ],
)
def test_the_two_seconds_before_address_0_belong_to_track_1(
    kind: str, pregap: int, pregap_type: str, first_sector: int
) -> None:
    """A dump of data may begin with them; sound in the pregap of track 1 is hidden, from address 0 on."""
    (first,) = tracks_of(made(CHT2 % (1, kind, 155, pregap, pregap_type, 0)))
    assert first.first_sector == first_sector


def test_gaps_move_what_follows_on_the_disc_only() -> None:
    first, second = tracks_of(made(CHT2 % (1, "MODE1_RAW", 21, 0, "", 75), CHT2 % (2, "AUDIO", 9, 150, "AUDIO", 0)))
    assert second.first_sector == 21 + 75 + 150
    assert (first.postgap, second.silent_pregap, second.start) == (75, 150, 21 * 2352)


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ([""], "expected a number as TRACK in ''"),
        (["TRACK:x TYPE:AUDIO FRAMES:4"], "expected a number as TRACK in 'TRACK:x TYPE:AUDIO FRAMES:4'"),
        (["TRACK:1 TYPE:AUDIO"], "expected a number as FRAMES"),
        (["TRACK:1 TYPE:AUDIO FRAMES:-4"], "expected a number as FRAMES"),
        (["TRACK:1 TYPE:AUDIO FRAMES:99999999999"], "expected a number as FRAMES"),
        (["TRACK:1 TYPE:AUDIO FRAMES:0"], "track 1 has 0 frames, of which 0 are padding"),
        (["TRACK:1 TYPE:AUDIO FRAMES:9 PAD:9"], "track 1 has 9 frames, of which 9 are padding"),
        (["TRACK:1 TYPE:TAPE FRAMES:9"], "track 1 has the unknown type 'TAPE'"),
        (["TRACK:1 FRAMES:9"], "track 1 has the unknown type ''"),
        ([CHT2 % (1, "AUDIO", 9, 9, "VAUDIO", 0)], "track 1 has 9 frames, but a pregap of 9"),
        ([CHT2 % (1, "AUDIO", 9, 450_000, "AUDIO", 0)], "track 1 has gaps of 450000 and 0 sectors"),
        ([CHT2 % (1, "AUDIO", 9, 0, "", 450_000)], "track 1 has gaps of 0 and 450000 sectors"),
        ([CHT2 % (2, "AUDIO", 9, 0, "", 0)], "expected tracks 1 to 1, got 2"),
        ([CHT2 % (1, "AUDIO", 9, 0, "", 0)] * 2, "expected tracks 1 to 2, got 1, 1"),
        ([CHT2 % (number, "AUDIO", 1, 0, "", 0) for number in range(1, 101)], "expected up to 99 tracks, got 100"),
        ([b"\xff\xfe\x00"], "expected a number as TRACK"),
        ([CHT2 % (1, "AUDIO", 161, 0, "", 0)], "its tracks fill 164 frames, but it has 160"),
    ],
)
def test_a_table_that_cannot_be_is_damage(texts: list[str | bytes], problem: str) -> None:
    with pytest.raises(DamagedImageError) as caught:
        tracks_of(made(*texts))
    assert problem in str(caught.value)
    assert caught.value.hint == "restore the file from a backup, or make it again"


def test_a_negative_pregap_shows_that_chdman_left_out_a_file() -> None:
    table = [CHT2 % (1, "AUDIO", 9, 0, "", 0), CHT2 % (2, "AUDIO", 9, -5, "VAUDIO", 0)]
    with pytest.raises(DamagedImageError, match="the pregap of track 2 is negative") as caught:
        tracks_of(made(*table))
    assert caught.value.hint == "convert that CUE sheet again, with discpress"


def test_more_frames_than_any_disc_has_are_damage() -> None:
    chd = made(CHT2 % (1, "AUDIO", 40, 0, "", 0))
    chd.total_bytes = 2448 * 1_000_001
    with pytest.raises(DamagedImageError, match="expected up to 1000000 frames, got 1000001"):
        tracks_of(chd)


@pytest.mark.parametrize(
    ("missing", "problem"),
    [
        (1, "expected whole frames of 2448 bytes, got 159 and 2447 bytes"),
        (2448, "its tracks fill 160 frames, but it has 159"),
    ],
)
def test_an_image_that_ends_in_the_padding_of_its_last_track_is_damage(missing: int, problem: str) -> None:
    """The SHA-1 in the header is that of whole tracks: `verify` refused such a file, and `convert` did not."""
    chd = made(CHT2 % (1, "AUDIO", 157, 0, "", 0))
    chd.total_bytes = 160 * 2448 - missing
    with pytest.raises(DamagedImageError, match=problem):
        tracks_of(chd)


def test_a_cd_without_a_table_is_damage() -> None:
    with pytest.raises(DamagedImageError, match="its track table is damaged: it is missing"):
        tracks_of(made())


@pytest.mark.parametrize(("unit_size", "hunk_size"), [(2048, 2448 * 8), (2448, 2448 * 8 + 1224), (512, 4096)])
def test_hunks_that_are_no_frames_are_damage(unit_size: int, hunk_size: int) -> None:
    chd = made(CHT2 % (1, "AUDIO", 40, 0, "", 0))
    chd.unit_size, chd.hunk_size = unit_size, hunk_size
    with pytest.raises(DamagedImageError, match=r"units|multiple"):
        tracks_of(chd)


def test_the_binary_table_of_old_files_is_refused_with_the_way_out() -> None:
    with pytest.raises(UnsupportedImageError, match="a binary track table cannot be read: `chdman copy -i OLD -o NEW`"):
        tracks_of(made(b"\0" * 2000, tag=b"CHCD"))


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=120) | st.text(max_size=60).map(str.encode), max_size=4),
    st.sampled_from([b"CHT2", b"CHTR", b"CHGD", b"CHGT", b"CHCD"]),
)
def test_any_table_is_read_or_refused(payloads: list[bytes], tag: bytes) -> None:
    with contextlib.suppress(DiscpressError):
        tracks_of(made(*payloads, tag=tag))


fields = st.sampled_from(["TRACK", "TYPE", "FRAMES", "PREGAP", "PGTYPE", "PAD", "POSTGAP", "SUBTYPE"])
values = st.sampled_from(["", "0", "1", "2", "39", "160", "999999999", "-1", "AUDIO", "VAUDIO", "MODE1", "NONE", "٣"])


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.tuples(fields, values), min_size=3, max_size=9), min_size=1, max_size=3), st.booleans())
def test_any_fields_give_tracks_inside_the_image_or_an_error(entries: list[list[tuple[str, str]]], is_gd: bool) -> None:
    texts = [" ".join(f"{key}:{value}" for key, value in entry) for entry in entries]
    with contextlib.suppress(DiscpressError):
        image = open_source(MemorySource(made(*texts, tag=b"CHGD" if is_gd else b"CHT2").encode()))
        assert 0 < image.size <= 160 * 2352
        assert image.read_at(0, image.size) == bytes(image.size)

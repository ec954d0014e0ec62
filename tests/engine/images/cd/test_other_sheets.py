"""GDI, CloneCD and Alcohol sheets: what they describe, and why some are refused."""

import struct
from collections.abc import Callable
from pathlib import Path

import made_cds
import pytest
from made_cds import MadeDisc
from opened_discs import opened, whole

from discpress.engine.errors import DamagedImageError, SplitImageError, UnsupportedImageError
from discpress.engine.images.cd.sheets.ccd import parse_ccd
from discpress.engine.images.cd.sheets.gdi import parse_gdi
from discpress.engine.images.cd.sheets.mds import parse_mds
from discpress.engine.images.cd.sheets.sheet import Piece
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.open import open_image
from discpress.engine.images.sets.source_set import SourceSet

DISC = MadeDisc().add("MODE2/2352", 4).add("AUDIO", 3, pregap=2).add("AUDIO", 2)


def test_a_gdi_has_addresses_offsets_and_quoted_names() -> None:
    sheet = parse_gdi(
        b'\xef\xbb\xbf3\r\n\r\n 1 0 4 2048 "a b.iso" 0 \r\n3 45000 4 2352 c.bin 4704\r\n2 600 0 2352 c.bin 0', "g"
    )
    assert [file.name for file in sheet.files] == ["a b.iso", "c.bin"]
    assert [(track.number, track.first_sector, track.kind) for track in sheet.tracks] == [
        (1, 0, TrackKind.MODE1_2048), (2, 600, TrackKind.AUDIO), (3, 45_000, TrackKind.MODE1_RAW),
    ]  # fmt: skip
    assert [track.pieces for track in sheet.tracks] == [
        (Piece(0, 0, None),), (Piece(1, 0, 2),), (Piece(1, 4704, None),),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "g: expected the number of tracks"),
        (b"x\n", "g: line 1: expected the number of tracks"),
        (b"2\n1 0 4 2352 a 0\n", "g: line 1: it states 2 tracks and describes 1"),
        (b"1\n1 0 4 2352 a 0\n2 9 4 2352 b 0\n", "g: line 1: it states 1 tracks and describes 2"),
        (b"1\n1 0 4 2352 a\n", "g: line 2: expected number, first sector"),
        (b"1\n0 0 4 2352 a 0\n", "g: line 2: expected a track number"),
        (b"1\n1 0 4 2340 a 0\n", "g: line 2: sectors of 2340 bytes are not read here: expected 2048"),
        (b"1\n1 0 0 2048 a 0\n", "g: line 2: sectors of 2048 bytes are not read here: expected 2352"),
        (b"2\n1 5 4 2352 a 0\n2 5 0 2352 b 0\n", "g: line 3: track 2 begins before"),
        (b"2\n1 0 4 2352 a 0\n1 9 0 2352 b 0\n", "g: line 3: track 1 was already described"),
        (b"2\n1 0 4 2352 a 0\n3 9 0 2352 b 0\n", "g: line 3: track 3 follows track 1"),
        (b"2\n1 0 4 2352 a 0\n2 9 0 2352 a 0\n", "g: line 2: track 1 overlaps"),
        (b"2\n1 0 4 2352 a 0\n2 9 0 2352 a 1000\n", "g: line 2: track 1 overlaps"),
    ],
)
def test_a_line_of_a_gdi_that_breaks_a_rule_is_named(text: bytes, problem: str) -> None:
    with pytest.raises((DamagedImageError, UnsupportedImageError)) as caught:
        parse_gdi(text, "g")
    assert str(caught.value).startswith(problem)
    assert caught.value.hint


def test_the_first_sector_of_a_gdi_track_has_its_mode(tmp_path: Path) -> None:
    with opened(made_cds.write_gdi(tmp_path / "g.gdi", MadeDisc().add("MODE2/2352", 3))) as image:
        assert image.tracks[0].kind is TrackKind.MODE2_RAW
        assert image.remarks == ()


CCD = """[CloneCD]
Version=3
[Disc]
TocEntries=4
Sessions=1
[Entry 0]
Session=1
Point=0xa2
PLBA=20
[Entry 1]
Session=1
Point=0x01
Control=0x04
PLBA=0
[Entry 2]
Session=1
Point=0x02
Control=0x00
PLBA=10
[TRACK 1]
MODE=2
INDEX 0=-150
INDEX 1=0
[TRACK 2]
MODE=0
INDEX 0=8
INDEX 1=10
ISRC=XX
"""


def test_a_ccd_has_the_places_of_its_table_of_contents() -> None:
    sheet = parse_ccd(CCD.encode(), "c")
    assert [file.name for file in sheet.files] == ["*.img"]
    first, second = sheet.tracks
    assert (first.kind, first.pieces, first.first_sector) == (TrackKind.MODE2_RAW, (Piece(0, 0, 8),), 0)
    assert second.pieces == (Piece(0, 8 * 2352, 2, is_pregap=True), Piece(0, 10 * 2352, 10))
    assert second.first_sector == 10


def test_a_ccd_without_modes_and_lead_out_is_read_to_the_end_of_its_image() -> None:
    text = CCD.replace("MODE=2\n", "").replace("MODE=0\n", "").replace("Point=0xa2", "Point=0xa3")
    first, second = parse_ccd(text.encode(), "c").tracks
    assert (first.kind, first.is_mode_open, second.kind) == (TrackKind.MODE1_RAW, True, TrackKind.AUDIO)
    assert second.pieces[-1] == Piece(0, 10 * 2352, None)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Sessions=1", "Sessions=2", "c: a disc of several sessions is not read"),
        ("Session=1\nPoint=0x02", "Session=2\nPoint=0x02", "c: a disc of several sessions is not read"),
        ("PLBA=10", "PLBA=-5", "c: line 19: expected a sector from 0"),
        ("PLBA=10", "PLBA=99999999", "c: line 19: expected a sector from 0"),
        ("PLBA=10\n", "", "c: line 17: track 2 has no PLBA"),
        ("MODE=2", "MODE=7", "c: line 21: expected mode 0, 1 or 2, got 7"),
        ("INDEX 0=8", "INDEX 0=11", "c: line 26: the pregap of track 2 begins after the track"),
        ("PLBA=20", "PLBA=10", "c: line 19: track 2 has no sector"),
        ("Point=0x02", "Point=0x01", "c: line 14: track 1 has no sector"),
        ("Point=0x02", "Point=0x03", "c: line 19: track 3 follows track 1"),
        ("[Entry 2]", "[Entry 1]", "c: line 15: there is another section Entry 1"),
    ],
)
def test_a_value_of_a_ccd_that_breaks_a_rule_is_named(old: str, new: str, problem: str) -> None:
    assert old in CCD
    with pytest.raises((DamagedImageError, UnsupportedImageError)) as caught:
        parse_ccd(CCD.replace(old, new).encode(), "c")
    assert str(caught.value).startswith(problem)
    assert caught.value.hint


def test_the_subcode_of_a_ccd_belongs_to_the_title_and_its_image_must_be_there(tmp_path: Path) -> None:
    path = made_cds.write_ccd(tmp_path / "Disc.ccd", DISC)
    with opened(path) as image:
        assert {each.name for each in SourceSet.of(image.source).paths} == {"Disc.ccd", "Disc.img", "Disc.sub"}
        assert (image.left_out_bytes, image.has_unkept_bytes) == (len(DISC.data) // 2352 * 96, True)
    (tmp_path / "Disc.sub").unlink()
    with opened(path) as image:
        assert whole(image) == DISC.data
        assert (image.left_out_bytes, image.has_unkept_bytes) == (0, False)
    (tmp_path / "Disc.img").rename(tmp_path / "Other.img")
    with pytest.raises(SplitImageError, match=r"Disc\.ccd: Disc\.img is missing"):
        open_image(path)


def test_sectors_after_the_lead_out_of_a_ccd_are_told(tmp_path: Path) -> None:
    path = made_cds.write_ccd(tmp_path / "Disc.ccd", DISC)
    with (tmp_path / "Disc.img").open("ab") as file:
        file.write(bytes(2352))
    with opened(path) as image:
        assert image.remarks == ("2352 bytes of Disc.img are in no track, and are left out",)
        assert image.size == len(DISC.data)


MDS = made_cds.mds_and_mdf(DISC)[0]


def with_bytes(offset: int, layout: str, *values: int) -> bytes:
    data = bytearray(MDS)
    struct.pack_into(layout, data, offset, *values)
    return bytes(data)


def block(number: int) -> int:
    return 0x58 + 24 + (number + 2) * 0x50


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"MEDIA DESCRIPTOR\x02" + MDS[17:], "m: expected MEDIA DESCRIPTOR, version 1"),
        (MDS[:80], "m: an offset leads outside of its 80 bytes"),
        (with_bytes(0x14, "<H", 2), "m: a disc of 2 sessions is not read"),
        (with_bytes(0x14, "<H", 0), "m: a disc of 0 sessions is not read"),
        (with_bytes(0x50, "<I", 1 << 31), "m: an offset leads outside"),
        (with_bytes(0x58 + 10, "<B", 0), "m: it describes no track"),
        (with_bytes(0x58 + 20, "<I", 1 << 31), "m: an offset leads outside"),
        (with_bytes(block(1) + 4, "<B", 3), "m: expected track 1, got 3"),
        (with_bytes(block(1) + 16, "<H", 2340), "m: track 1 has sectors of 2340 bytes in mode 3"),
        (with_bytes(block(1), "<B", 0xAF), "m: track 1 has sectors of 2352 bytes in mode 7"),
        (with_bytes(block(2) + 12, "<I", 1 << 31), "m: an offset leads outside"),
        (with_bytes(block(2) + 40, "<Q", 1 << 63), "m: the place or the length of track 2 is impossible"),
        (with_bytes(block(2) + 40, "<Q", 0), "m: track 1 reaches into the one after it"),
    ],
)
def test_a_descriptor_that_breaks_a_rule_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises((DamagedImageError, UnsupportedImageError)) as caught:
        parse_mds(data, "m")
    assert str(caught.value).startswith(problem)
    assert caught.value.hint


def test_a_track_without_a_length_that_begins_behind_the_next_one_is_refused() -> None:
    data = bytearray(with_bytes(block(1) + 12, "<I", 0))
    struct.pack_into("<Q", data, block(1) + 40, 1 << 20)
    with pytest.raises(DamagedImageError, match="m: track 1 reaches into the one after it"):
        parse_mds(bytes(data), "m")


def test_track_numbers_of_an_mds_may_be_decimal_digits() -> None:
    disc = MadeDisc()
    for _ in range(12):
        disc.add("AUDIO", 1)
    data = bytearray(made_cds.mds_and_mdf(disc)[0])
    for number in (10, 11, 12):
        data[block(number) + 4] = number + 6
    assert [track.number for track in parse_mds(bytes(data), "m").tracks] == list(range(1, 13))


@pytest.mark.parametrize(
    ("address", "second", "third"),
    [(0, None, 9), (-150, None, 9), (3, 3, 9), (10_000_000, 10_000_000, None), (1 << 30, None, 9)],
)
def test_an_address_in_an_mds_that_cannot_be_is_not_believed(
    address: int, second: int | None, third: int | None
) -> None:
    tracks = parse_mds(with_bytes(block(2) + 36, "<i", address), "m").tracks
    assert [track.first_sector for track in tracks] == [0, second, third]


def test_a_first_address_in_an_mds_that_cannot_be_is_not_believed() -> None:
    tracks = parse_mds(with_bytes(block(1) + 36, "<i", (1 << 31) - 2), "m").tracks
    assert tracks[0].first_sector == 0


def test_a_dvd_of_alcohol_is_its_iso(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2048", 20)
    path = made_cds.write_mds(tmp_path / "d.mds", disc)
    data = bytearray(path.read_bytes())
    struct.pack_into("<H", data, 0x12, 0x10)
    struct.pack_into("<I", data, block(1) + 12, 20)
    path.write_bytes(data)
    with opened(path) as image:
        assert whole(image) == disc.data


@pytest.mark.parametrize("write", [made_cds.write_ccd, made_cds.write_mds], ids=["ccd", "mds"])
def test_an_image_that_is_too_short_is_damaged(write: Callable[[Path, MadeDisc], Path], tmp_path: Path) -> None:
    path = write(tmp_path / f"Disc.{'ccd' if write is made_cds.write_ccd else 'mds'}", DISC)
    data_path = path.with_suffix(".img" if path.suffix == ".ccd" else ".mdf")
    data_path.write_bytes(data_path.read_bytes()[:-1])
    with pytest.raises(DamagedImageError, match=rf"track 3 needs \d+ bytes of {data_path.name}, which has"):
        open_image(path)

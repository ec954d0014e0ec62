"""The frames and the metadata that a CHD of a CD gets: those of chdman, from the files that chdman had."""

from pathlib import Path

import pytest
from disc_files import convert_chd
from hypothesis import given, settings
from hypothesis import strategies as st
from made_cds import MadeDisc, write_cue, write_gdi
from packed_cds import GOLDEN_CDS, MadeTrack, made_cd, sha1

from discpress.engine.codecs.cd.frames import FRAME_BYTES
from discpress.engine.errors import UnsupportedImageError
from discpress.engine.formats import CD_HUNK_SIZE, ImageFormat, Method, Settings
from discpress.engine.images.cd.image import CdImage
from discpress.engine.images.chd.cd.disc_frames import DiscFrames, frames_of, lost_in_chd
from discpress.engine.images.chd.cd.image import ChdCdImage
from discpress.engine.images.chd.cd.layout import cd_layout
from discpress.engine.images.chd.header import HEADER_SIZE
from discpress.engine.images.chd.layout import ChdLayout
from discpress.engine.images.chd.metadata import NewEntry, encode_entries, read_metadata
from discpress.engine.images.open import open_image
from discpress.engine.images.source import MemorySource

SETTINGS = Settings(ImageFormat.CHD, CD_HUNK_SIZE, methods=(Method.CDZL,))


def opened(path: Path) -> CdImage:
    image = open_image(path)
    assert isinstance(image, CdImage)
    return image


def layout_of(frames: DiscFrames) -> ChdLayout:
    return cd_layout(SETTINGS, frames.size, frames.metadata)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["index00", "pregap", "protected"])
def test_both_sha1s_of_a_sheet_are_those_of_chdman(name: str, tmp_path: Path) -> None:
    chd_path = tmp_path / f"{name}.chd"
    chd_path.write_bytes((GOLDEN_CDS / chd_path.name).read_bytes())
    convert_chd(chd_path)
    with opened(chd_path) as golden, opened(chd_path.with_suffix(".cue")) as disc:
        assert isinstance(golden, ChdCdImage)
        header, frames = golden.frames.header, frames_of(disc)
        raw_sha1 = bytes.fromhex(sha1(frames.read_at(0, frames.size)))
        made = layout_of(frames).shape.header(raw_sha1)
        assert (made.total_bytes, made.raw_sha1, made.sha1) == (header.total_bytes, header.raw_sha1, header.sha1)


def test_a_gd_rom_has_the_metadata_and_the_size_of_chdman(tmp_path: Path) -> None:
    tracks = (("MODE1/2352", 121, 0), ("AUDIO", 61, 450), ("MODE1/2352", 61, 45_000))
    lines = ["3"]
    for number, (kind, sectors, address) in enumerate(tracks, 1):
        (tmp_path / f"{number}.bin").write_bytes(bytes(sectors * 2352))
        lines.append(f"{number} {address} {0 if kind == 'AUDIO' else 4} 2352 {number}.bin 0")
    (tmp_path / "Sky.gdi").write_text("\n".join(lines))
    with opened(GOLDEN_CDS / "gdi.chd") as golden, opened(tmp_path / "Sky.gdi") as disc:
        assert isinstance(golden, ChdCdImage)
        frames, made = frames_of(disc), frames_of(golden)
        counted = tuple(entry for entry in frames.metadata if entry.is_counted)
        assert (counted, frames.size) == (made.metadata, made.size)
        assert lost_in_chd(disc) == []


def test_the_frames_of_a_chd_are_taken_with_their_subcode_and_metadata(tmp_path: Path) -> None:
    track = MadeTrack("AUDIO", bytes(range(256)) * 147, subcode=b"s" * 96)
    made = made_cd([track])
    made.metadata = (*made.metadata, (b"NOTE", 0, b"kept"))
    (tmp_path / "a.chd").write_bytes(made.encode())
    with opened(tmp_path / "a.chd") as disc:
        frames = frames_of(disc)
        assert frames.read_at(0, frames.size) == made.image
        assert [each.tag for each in frames.metadata] == [b"CHT2", b"NOTE"]
        assert frames.metadata[1] == NewEntry(b"NOTE", b"kept", is_counted=False)
        assert frames.recorded == {"sha1": sha1(made.image)}


def test_any_part_of_the_frames_reads_as_in_the_whole(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2048", 5).add("AUDIO", 6, pregap=2).add("MODE2/2336", 3)
    with opened(write_cue(tmp_path / "a.cue", disc)) as image:
        frames = frames_of(image)
        whole = frames.read_at(0, frames.size)
        assert len(whole) == frames.size == (8 + 8 + 4) * FRAME_BYTES
        assert frames.disc_bytes(memoryview(whole), 0) == disc.data
        assert whole[:2048] == disc.data[:2048]
        for offset, length in ((1, 10), (2047, 500), (FRAME_BYTES * 7 - 3, 3 * FRAME_BYTES), (frames.size - 5, 99)):
            assert frames.read_at(offset, length) == whole[offset : offset + length]


def test_what_a_track_table_does_not_state_is_named(tmp_path: Path) -> None:
    disc = MadeDisc().add("CDI/2352", 4).add("AUDIO", 6, pregap=2, silent_pregap=3)
    with opened(write_cue(tmp_path / "a.cue", disc)) as image:
        assert lost_in_chd(image) == ["that it is for CD-i (track 1)", "its second pregap (track 2)", *MOVED]


MOVED = ["its place on the disc (track 2)"]


def test_a_second_session_is_named(tmp_path: Path) -> None:
    sheet = write_cue(tmp_path / "a.cue", MadeDisc().add("AUDIO", 4).add("MODE1/2352", 6))
    sheet.write_text(sheet.read_text().replace("  TRACK 02", "REM SESSION 02\n  TRACK 02"))
    with opened(sheet) as image:
        assert lost_in_chd(image) == ["its session (track 2)"]


def test_tracks_of_a_gd_rom_that_overlap_are_refused(tmp_path: Path) -> None:
    disc = MadeDisc().add("MODE1/2352", 4).add("AUDIO", 8).add("MODE1/2352", 6)
    sheet = write_gdi(tmp_path / "a.gdi", disc)
    sheet.write_text(sheet.read_text().replace("2 154", "2 3"))
    with opened(sheet) as image, pytest.raises(UnsupportedImageError, match="track 2 begins before the end of track 1"):
        frames_of(image)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.binary(min_size=4, max_size=4), st.binary(max_size=300), st.booleans()), max_size=5))
def test_any_metadata_reads_as_it_was_written(entries: list[tuple[bytes, bytes, bool]]) -> None:
    new = [NewEntry(*each) for each in entries]
    shape = cd_layout(SETTINGS, 4 * FRAME_BYTES, new).shape
    header = shape.header(bytes(range(20)))
    source = MemorySource(Path("a.chd"), header.encode() + encode_entries(new))
    found = read_metadata(source, header)
    assert [(each.tag, each.is_counted, each.length) for each in found] == [
        (each.tag, each.is_counted, len(each.payload)) for each in new
    ]
    assert source.size_bytes == shape.map_offset
    assert HEADER_SIZE + sum(16 + len(each.payload) for each in new) == shape.map_offset

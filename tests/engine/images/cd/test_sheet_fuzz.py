"""No bytes of a sheet, and none of the files next to it, crash or hang a reader or make it read outside of a track."""

import contextlib
import time
from pathlib import Path

import made_cds
import pytest
from cd_sectors import SYNC
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from discpress.engine.errors import DamagedImageError, UnsupportedImageError
from discpress.engine.formats import ImageFormat
from discpress.engine.images.cd.raw_image import open_raw
from discpress.engine.images.cd.sheet_image import SheetImage, open_sheet
from discpress.engine.images.cd.sheet_source import PARSERS, SheetSource, parse_sheet, read_sheet
from discpress.engine.images.cd.sheets.detection import MAX_SHEET_BYTES, has_sheet, is_cue, is_gdi
from discpress.engine.images.cd.sheets.sheet import Sheet
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.images.cd.wave import find_samples
from discpress.engine.images.source import ByteSource, MemorySource

quickly = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
FORMATS = sorted(PARSERS)

CUE_LINES = """\
FILE "a.bin" BINARY|FILE "b.wav" WAVE|FILE c d.bin MOTOROLA|FILE "../x.bin"|TRACK 01 MODE1/2352|TRACK 02 AUDIO
TRACK 03 MODE2/2336|TRACK 99 CDG|TRACK 00 AUDIO|TRACK 04 MODE1/2048|INDEX 00 00:00:00|INDEX 01 00:00:00
INDEX 01 00:00:02|INDEX 00 00:00:02|INDEX 01 00:00:04|INDEX 02 00:00:05|INDEX 01 99:59:74|INDEX 01 00:60:00
PREGAP 00:02:00|POSTGAP 999:59:74|REM SESSION 02|REM HIGH-DENSITY AREA|FLAGS DCP 4CH|ISRC ABCDE1234567
CATALOG 1234567890123||REM|JUNK \xff""".replace("\n", "|").split("|")
CUE = """\
FILE "a.bin" BINARY|TRACK 01 MODE1/2352|INDEX 01 00:00:00|TRACK 02 AUDIO|PREGAP 00:02:00|INDEX 01 00:00:03
FILE "b.wav" WAVE|TRACK 03 AUDIO|INDEX 00 00:00:00|INDEX 01 00:00:01|POSTGAP 00:02:00""".replace("\n", "|").split("|")
GDI_LINES = """\
1|2|3|1 0 4 2352 a.bin 0|2 600 0 2352 "b b.raw" 0|2 2 0 2352 a.bin 4704|3 45000 4 2352 c.bin 0
3 45000 4 2048 c.bin 999999999999999999|9 9 9 9 9 9|""".replace("\n", "|").split("|")
GDI = ["3", "1 0 4 2352 a.bin 0", '2 600 0 2352 "b b.raw" 0', "3 45000 4 2048 a.bin 4704"]
CCD_LINES = """\
[CloneCD]|[Disc]|TocEntries=4|Sessions=1|Sessions=2|[Entry 0]|[Entry 1]|[Entry 2]|Session=1|Point=0x01|Point=0x02
Point=0xa2|Control=0x04|Control=0|PLBA=0|PLBA=3|PLBA=9|PLBA=-150|PLBA=0xffffffff|[TRACK 1]|[TRACK 2]|MODE=1|MODE=0
MODE=9|INDEX 0=-150|INDEX 0=2|INDEX 1=3|=""".replace("\n", "|").split("|")
CCD = """\
[CloneCD]|[Disc]|TocEntries=4|[Entry 0]|Session=1|Point=0x01|Control=0x04|PLBA=0|[Entry 1]|Point=0x02|Control=0|PLBA=3
[Entry 2]|Point=0xa2|PLBA=6|[TRACK 1]|MODE=1|INDEX 1=0
[TRACK 2]|MODE=0|INDEX 0=2|INDEX 1=3""".replace("\n", "|").split("|")

MDS, _ = made_cds.mds_and_mdf(made_cds.MadeDisc().add("MODE2/2352", 3).add("AUDIO", 2, pregap=2))


@st.composite
def texts(draw: st.DrawFn, valid: list[str], others: list[str]) -> bytes:
    """Return the text of a sheet in which some lines are replaced, doubled, moved or missing."""
    lines = list(valid)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(valid + others), max_size=3))
    return draw(st.sampled_from(["\n", "\r\n", "\r"])).join(lines).encode("latin-1")


@st.composite
def changed(draw: st.DrawFn, data: bytes) -> bytes:
    """Return bytes with some of them replaced, and perhaps the end cut off."""
    made = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(made) - 1))
        junk = draw(st.binary(min_size=1, max_size=8))
        made[at : at + len(junk)] = junk
    return bytes(made[: draw(st.integers(0, len(made)))] if draw(st.booleans()) else made)


SHEETS: dict[ImageFormat, st.SearchStrategy[bytes]] = {
    ImageFormat.CUE: texts(CUE, CUE_LINES),
    ImageFormat.GDI: texts(GDI, GDI_LINES),
    ImageFormat.CCD: texts(CCD, CCD_LINES),
    ImageFormat.MDS: changed(MDS),
}


def check_sheet(sheet: Sheet) -> None:
    """Check what every reader of a sheet relies on."""
    numbers = [track.number for track in sheet.tracks]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert 1 <= numbers[0] <= numbers[-1] <= 99
    for track in sheet.tracks:
        assert track.pieces
        assert all(0 <= piece.file < len(sheet.files) and piece.offset >= 0 for piece in track.pieces)


def parse(image_format: ImageFormat, data: bytes) -> Sheet | None:
    try:
        sheet = parse_sheet(data, image_format, "sheet")
    except (DamagedImageError, UnsupportedImageError) as error:
        assert str(error).startswith("sheet: ")
        assert error.hint
        return None
    check_sheet(sheet)
    return sheet


@pytest.mark.parametrize("image_format", FORMATS)
@quickly
@given(data=st.binary(max_size=4000))
def test_any_bytes_are_a_sheet_or_a_reason(image_format: ImageFormat, data: bytes) -> None:
    parse(image_format, data)


@pytest.mark.slow
@pytest.mark.parametrize("image_format", FORMATS)
@quickly
@given(data=st.data())
def test_any_lines_are_a_disc_or_a_reason(image_format: ImageFormat, data: st.DataObject) -> None:
    text = data.draw(SHEETS[image_format])
    sheet = parse(image_format, text)
    if sheet is None:
        return
    sizes = [data.draw(st.integers(0, 30_000)) for _ in sheet.files]
    files = [MemorySource(Path(f"file{number}"), content(size)) for number, size in enumerate(sizes)]
    source = SheetSource(MemorySource(Path(f"sheet.{image_format}"), text), files)
    with contextlib.suppress(DamagedImageError, UnsupportedImageError):
        read_everything(open_sheet(source, image_format))


def content(size: int) -> bytes:
    return (SYNC + bytes(range(1, 250)) * 100)[:size] if size % 2 else made_cds.wave(bytes(size))


def read_everything(image: SheetImage) -> None:
    """Read all of an image, and check its tracks against the bytes."""
    assert image.tracks[0].start == 0
    assert [track.end for track in image.tracks] == [*(track.start for track in image.tracks[1:]), image.size]
    assert all(track.sectors > 0 and 0 <= track.pregap < track.sectors for track in image.tracks)
    assert image.left_out_bytes >= 0
    assert image.size <= image.source.size_bytes + 2352 * len(image.tracks)
    assert len(image.read_at(0, image.size)) == image.size
    assert image.sums().end == image.source.size_bytes
    for track in image.tracks:
        if track.kind.has_data:
            image.user_data(track).read_at(0, 4096)


@quickly
@given(st.binary(max_size=3000), st.sampled_from([b"", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0"]))
@example(made_cds.wave(b"1234")[12:], b"RIFF\0\0\0\0WAVE")
def test_any_bytes_are_a_wave_file_or_a_reason(data: bytes, start: bytes) -> None:
    whole = start + data
    try:
        offset, length = find_samples(lambda at, count: whole[at : at + count], len(whole), "a.wav")
    except (DamagedImageError, UnsupportedImageError):
        return
    assert 0 < offset <= offset + length <= len(whole)


@pytest.mark.slow
@quickly
@given(changed(made_cds.MadeDisc().add("MODE2/2352", 4).data))
def test_any_raw_bytes_are_a_disc_or_a_reason(data: bytes) -> None:
    source: ByteSource = MemorySource(Path("game.bin"), data)
    with contextlib.suppress(DamagedImageError, UnsupportedImageError):
        image = open_raw(source)
        read_everything(image)
        found = image.find_other_sector()
        assert found is None or 0 <= found < image.tracks[0].sectors


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_sheet_larger_than_any_is_not_read(image_format: ImageFormat) -> None:
    source = MemorySource(Path("sheet"), MDS + b" " * 2_000_000 if image_format == ImageFormat.MDS else b" " * 70_000)
    with pytest.raises(DamagedImageError):
        read_sheet(source, image_format)


@pytest.mark.parametrize("kind", TrackKind)
def test_every_kind_of_track_of_a_cue_sheet_is_known(kind: TrackKind) -> None:
    text = f'FILE "a.bin" BINARY\nTRACK 01 {kind.value}\nINDEX 01 00:00:00\n'
    sheet = parse_sheet(text.encode(), ImageFormat.CUE, "sheet")
    assert (sheet.tracks[0].kind, sheet.tracks[0].stride) == (kind, kind.sector_bytes)


HOSTILE = [
    b" ",
    b"\t",
    b'"',
    b'" ',
    b"a ",
    b"=",
    b" =",
    b"[",
    b"[ ",
    b"] ",
    b"1 ",
    b"/",
    b"\xff",
    b"\n",
    b"FILE a\n",
    b"FILE x",
]
BEFORE = [
    b"", b"FILE a", b'FILE "', b"TRACK ", b"INDEX ", b"REM ", b"1\n", b"1\n1 0 4 2352 a", b"1\n1 0 4 2352 \"",
    b"[", b"[TRACK ", b"[TRACK 9", b"PLBA", b"PLBA=", b"MEDIA DESCRIPTOR\1",
]  # fmt: skip
LIMIT_S = 5.0
"""Processor time that no sheet takes on any machine; a pattern that looks at each place twice takes minutes."""


@pytest.mark.slow
@pytest.mark.parametrize("before", BEFORE)
def test_a_long_line_takes_no_time(before: bytes) -> None:
    began = time.process_time()
    for junk in HOSTILE:
        data = before + junk * ((MAX_SHEET_BYTES - len(before) - 1) // len(junk)) + b"!"
        for image_format in FORMATS:
            parse(image_format, data)
        is_cue(data, len(data))
        has_sheet(data)
        is_gdi(data, len(data))
    assert time.process_time() - began < LIMIT_S


@pytest.mark.parametrize("digits", [b"9" * 5000, b"-" + b"9" * 5000, b"0x" + b"f" * 5000])
def test_a_number_of_any_length_is_no_number(digits: bytes) -> None:
    for text in (
        b"[CloneCD]\n[TRACK %s]\nINDEX 1=0\n", b"[Entry 1]\nPoint=%s\nPLBA=%s\n", b"%s\n1 0 4 2352 a 0\n",
        b"1\n%s 0 4 2352 a 0\n", b"1\n1 %s 4 2352 a 0\n", b"1\n1 0 4 2352 a %s\n",
        b'FILE "a" BINARY\nTRACK %s AUDIO\nINDEX %s %s:00:00\n',
    ):  # fmt: skip
        for image_format in FORMATS:
            assert parse(image_format, text.replace(b"%s", digits)) is None

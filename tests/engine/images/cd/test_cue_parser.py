"""The grammar of CUE sheets, as many programs write it, and the line of each that breaks a rule."""

import pytest

from discpress.engine.errors import DamagedImageError, DiscpressError, UnsupportedImageError
from discpress.engine.images.cd.sheets.cue import parse_cue
from discpress.engine.images.cd.sheets.detection import is_cue
from discpress.engine.images.cd.sheets.sheet import FileKind, Piece, Sheet
from discpress.engine.images.cd.tracks import TrackKind


def parsed(text: str | bytes) -> Sheet:
    data = text if isinstance(text, bytes) else text.encode()
    assert is_cue(data[:2048], len(data)) or b"WAVE" in data
    return parse_cue(data, "game.cue")


REDUMP = """\
FILE "Game (Europe) (Track 1).bin" BINARY
  TRACK 01 MODE2/2352
    INDEX 01 00:00:00
FILE "Game (Europe) (Track 2).bin" BINARY
  TRACK 02 AUDIO
    INDEX 00 00:00:00
    INDEX 01 00:02:00
"""
IMGBURN = """\
\ufeffREM CDRWIN CUE\r
FILE "GAME.BIN" BINARY\r
\r
  TRACK 01 MODE1/2352\r
    FLAGS DCP\r
    INDEX 01 00:00:00\r
  TRACK 02 AUDIO\r
    PREGAP 00:02:00\r
    INDEX 01 10:00:05\r
    INDEX 02 11:00:06\r
    POSTGAP 00:01:00\r
"""
EAC = """\
REM GENRE Game
REM DISCID 860B640B
CATALOG 4988002335633
PERFORMER "Some \\"Body\\""
TITLE "A Sound Track"
FILE "01 - First.wav" WAVE
  TRACK 01 AUDIO
    TITLE "First"
    ISRC JPVI00213050
    FLAGS PRE DCP
    INDEX 00 00:00:00
    INDEX 01 00:00:33
  TRACK 02 AUDIO
    TITLE "Second"
    INDEX 00 04:10:00
FILE "02 - Second.wav" WAVE
    INDEX 01 00:00:00
"""
GD_ROM = """\
REM SINGLE-DENSITY AREA
FILE "track01.bin" BINARY
  TRACK 01 MODE1/2352
    INDEX 01 00:00:00
FILE "track02.bin" BINARY
  TRACK 02 AUDIO
    INDEX 00 00:00:00
    INDEX 01 00:02:00
REM HIGH-DENSITY AREA
FILE "track03.bin" BINARY
  TRACK 03 MODE1/2352
    INDEX 01 00:00:00
"""


def test_a_sheet_of_redump_has_the_pregap_in_the_file() -> None:
    sheet = parsed(REDUMP)
    assert [file.name for file in sheet.files] == [f"Game (Europe) (Track {number}).bin" for number in (1, 2)]
    assert [track.pieces for track in sheet.tracks] == [
        (Piece(0, 0, None),),
        (Piece(1, 0, 150, is_pregap=True), Piece(1, 150 * 2352, None)),
    ]
    assert [track.line for track in sheet.tracks] == [2, 5]


def test_a_sheet_of_imgburn_has_a_mark_and_a_silent_pregap() -> None:
    first, second = parsed(IMGBURN).tracks
    assert (first.kind, first.flags, first.pieces) == (TrackKind.MODE1_RAW, ("DCP",), (Piece(0, 0, 45_005),))
    assert (second.silent_pregap, second.postgap) == (150, 75)
    assert second.pieces == (Piece(0, 45_005 * 2352, None),)
    assert second.indexes == ((2, 4501),)


def test_a_sheet_of_eac_has_a_pregap_at_the_end_of_the_file_before() -> None:
    sheet = parsed(EAC)
    assert (sheet.catalog, sheet.files[0].kind) == ("4988002335633", FileKind.WAVE)
    first, second = sheet.tracks
    assert (first.isrc, first.flags) == ("JPVI00213050", ("PRE", "DCP"))
    assert first.pieces == (Piece(0, 0, 33, is_pregap=True), Piece(0, 33 * 2352, 250 * 75 - 33))
    assert second.pieces == (Piece(0, 250 * 75 * 2352, None, is_pregap=True), Piece(1, 0, None))


def test_the_high_density_area_begins_at_its_address() -> None:
    assert [track.first_sector for track in parsed(GD_ROM).tracks] == [None, None, 45_000]


def test_sessions_are_those_of_the_remarks() -> None:
    text = "REM SESSION 01\n" + REDUMP.replace('FILE "Game (Europe) (Track 2)', 'REM SESSION 02\nFILE "Track 2', 1)
    assert [track.session for track in parsed(text).tracks] == [1, 2]


def test_bytes_are_counted_with_the_size_of_each_track() -> None:
    text = """FILE "a.bin" BINARY
    TRACK 01 MODE1/2048\n INDEX 01 00:00:00
    TRACK 02 AUDIO\n INDEX 00 00:00:10\n INDEX 01 00:00:12
    TRACK 03 MODE2/2336\n INDEX 01 00:00:20"""
    second, third = parsed(text).tracks[1:]
    assert second.pieces == (Piece(0, 20_480, 2, is_pregap=True), Piece(0, 20_480 + 2 * 2352, 8))
    assert third.pieces == (Piece(0, 20_480 + 10 * 2352, None),)


def test_tracks_are_in_the_order_of_their_numbers() -> None:
    text = """FILE "b.bin" BINARY
    TRACK 02 AUDIO\n INDEX 01 00:00:00
    FILE "a.bin" BINARY
    TRACK 01 MODE1/2352\n INDEX 01 00:00:00"""
    sheet = parsed(text)
    assert [(track.number, track.pieces[0].file) for track in sheet.tracks] == [(1, 1), (2, 0)]


def test_a_file_that_is_named_again_goes_on() -> None:
    text = """FILE "a.bin" BINARY
    TRACK 01 MODE1/2352\n INDEX 01 00:00:00
    FILE "a.bin" BINARY
    TRACK 02 AUDIO\n INDEX 01 00:00:10"""
    sheet = parsed(text)
    assert len(sheet.files) == 1
    assert [track.pieces for track in sheet.tracks] == [(Piece(0, 0, 10),), (Piece(0, 10 * 2352, None),)]


def test_sectors_before_the_first_index_of_a_file_are_a_pregap() -> None:
    sheet = parsed('FILE "a.bin" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:02:00\n')
    assert sheet.tracks[0].pieces == (Piece(0, 0, 150, is_pregap=True), Piece(0, 150 * 2352, None))
    assert sheet.remarks == (
        "line 3: no index describes the 150 sectors before track 1 in its file; they count as its pregap",
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('FILE "a b.bin" BINARY', "a b.bin"),
        ("FILE a.bin BINARY", "a.bin"),
        ("FILE a b.bin BINARY", "a b.bin"),
        ('file\t"A.BIN"\tbinary', "A.BIN"),
        ('FILE "C:\\games\\a.bin" BINARY', "C:\\games\\a.bin"),
        ('FILE "a "b".bin" BINARY', 'a "b".bin'),
        ("FILE \"Pok\u00e9mon 'x'.bin\" BINARY", "Pok\u00e9mon 'x'.bin"),
    ],
)
def test_names_are_read_as_programs_write_them(line: str, name: str) -> None:
    assert parsed(f"{line}\nTRACK 1 MODE1/2352\nINDEX 1 00:00:00\n").files[0].name == name


def test_a_name_in_another_encoding_keeps_its_bytes() -> None:
    sheet = parsed(b'FILE "Pok\xe9mon.bin" BINARY\nTRACK 01 AUDIO\nINDEX 01 00:00:00\n')
    assert sheet.files[0].name == "Pok\udce9mon.bin"


@pytest.mark.parametrize(
    ("kind", "stride"),
    [
        ("CDG", 2448),
        ("MODE1/2448", 2448),
        ("MODE2/2448", 2448),
        ("cdi/2336", 2336),
        ("MODE1/2352 RW_RAW", 2448),
        ("AUDIO rw", 2448),
        ("MODE2/2336 RW", 2432),
    ],
)
def test_other_types_have_their_own_size(kind: str, stride: int) -> None:
    assert parsed(f'FILE "a.bin" BINARY\nTRACK 01 {kind}\nINDEX 01 00:00:00\n').tracks[0].stride == stride


TRACK_1 = "TRACK 01 MODE1/2352\nINDEX 01 00:00:00\n"
BIN = 'FILE "a.bin" BINARY\n'


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (f"FILE\n{BIN}{TRACK_1}", 1, "got no name"),
        (f'FILE "" BINARY\n{BIN}{TRACK_1}', 1, "got no name"),
        (f'{BIN}FILE "b.mp3" MP3\n{TRACK_1}', 2, "is of type MP3: expected BINARY, MOTOROLA or WAVE"),
        (f'{BIN}FILE "a.bin" WAVE\n{TRACK_1}', 2, "was of type BINARY in line 1"),
        (f'{TRACK_1}FILE "a.bin" BINARY\n', 1, "no FILE is named"),
        (f"{BIN}TRACK AUDIO\n{TRACK_1}", 2, "expected a track's number"),
        (f"{BIN}TRACK RW RW_RAW\n{TRACK_1}", 2, "expected a track's number"),
        (f"{BIN}TRACK 01 AUDIO RAW\n{TRACK_1}", 2, "expected a track's number"),
        (f"{BIN}TRACK 00 AUDIO\n{TRACK_1}", 2, "expected a track's number"),
        (f"{BIN}TRACK 01 MODE2/2332\n{TRACK_1}", 2, "tracks of type MODE2/2332 are not read"),
        (f"{BIN}INDEX 01 00:00:00\n{TRACK_1}", 2, "no TRACK is before this INDEX"),
        (f"{BIN}PREGAP 00:02:00\n{TRACK_1}", 2, "no TRACK is before this PREGAP"),
        (f"{BIN}TRACK 01 AUDIO\nINDEX 01\n", 3, "expected an index number"),
        (f"{BIN}TRACK 01 AUDIO\nINDEX 01 00:00:75\n", 3, "expected a time mm:ss:ff"),
        (f"{BIN}TRACK 01 AUDIO\nINDEX 01 00:60:00\n", 3, "expected a time mm:ss:ff"),
        (f"{BIN}TRACK 01 AUDIO\nPREGAP 2\n", 3, "expected a time mm:ss:ff"),
        (f"{BIN}TRACK 01 AUDIO\nINDEX 01 00:00:05\nINDEX 01 00:00:06\n", 4, "index 1 follows index 1"),
        (f"{BIN}TRACK 01 AUDIO\nINDEX 00 00:00:05\nINDEX 01 00:00:04\n", 4, "index 1 begins before index 0"),
        (f"{BIN}{TRACK_1}TRACK 02 AUDIO\nINDEX 00 00:01:00\n", 4, "track 2 has no INDEX 01"),
        (f"{BIN}{TRACK_1}TRACK 02 AUDIO\nINDEX 01 00:00:00\n", 5, "track 2 begins at the same sector as track 1"),
        (f'{BIN}{TRACK_1}FILE "b.bin" BINARY\n{TRACK_1}', 5, "track 1 was already described"),
        (f"{BIN}{TRACK_1}TRACK 03 AUDIO\nINDEX 01 00:00:09\n", 4, "track 3 follows track 1: one is missing"),
        (f'FILE "a.wav" WAVE\n{TRACK_1}', 3, "contains data, which no WAVE file can have"),
    ],
)
def test_a_line_that_breaks_a_rule_is_named_with_a_way_out(text: str, line: int, problem: str) -> None:
    with pytest.raises((DamagedImageError, UnsupportedImageError)) as caught:
        parse_cue(text.encode(), "game.cue")
    assert isinstance(caught.value, DiscpressError)
    assert str(caught.value).startswith(f"game.cue: line {line}: ")
    assert problem in str(caught.value)
    assert caught.value.hint


def test_a_track_within_the_pregap_of_another_one_is_refused() -> None:
    text = f"{BIN}TRACK 01 AUDIO\nINDEX 00 00:00:00\nINDEX 01 00:00:09\nTRACK 02 AUDIO\nINDEX 01 00:00:05\n"
    with pytest.raises(DamagedImageError, match="line 6: track 2 begins in the pregap of track 1"):
        parsed(text)


@pytest.mark.parametrize("line", ['FILE "{}.bin" BINARY\n', "TRACK {} AUDIO\n"])
def test_more_files_or_tracks_than_a_cd_has_are_refused(line: str) -> None:
    text = BIN + "".join(line.format(1 + number % 99) for number in range(100))
    with pytest.raises(DamagedImageError, match="more than 99"):
        parse_cue(text.encode(), "game.cue")


def test_a_sheet_without_tracks_is_refused() -> None:
    with pytest.raises(DamagedImageError, match=r"^game\.cue: it describes no track$"):
        parse_cue(b'FILE "a.bin" BINARY\nTITLE "x"\n', "game.cue")


def test_an_audio_cd_and_one_whose_data_comes_late_are_discs() -> None:
    late = BIN + "".join(f"TRACK {number:02} AUDIO\nINDEX 01 00:00:{number:02}\n" for number in range(1, 70))
    assert is_cue((late + "TRACK 70 MODE1/2352\n").encode()[:2048], 9000)
    assert is_cue(b'FILE "a.wav" WAVE\nTRACK 01 AUDIO\nFILE "b.bin" BINARY\nTRACK 02 MODE1/2352\n', 70)

"""Titles against lists, by what the store knows of them: each trap of real lists once."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from dat_lists import Row, disk, rom, sha1, write_list

from discpress.engine.dats.index import Added, DatIndex
from discpress.engine.dats.known import overall_sha1_of_dvd
from discpress.engine.dats.match import Match, Verdict
from discpress.engine.dats.matches import MatchReader
from discpress.engine.dats.reading.files import read_dats
from discpress.engine.discs.info import DiscInfo
from discpress.engine.formats import ImageFormat
from discpress.engine.store.digests import Digests, Grade, TrackDigest
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System

DVD = b"dvd " * 1024
OTHER_DVD = b"abc " * 1024
DATA_TRACK = b"\1" * 2352 * 5
SHARED_TRACK = b"\2" * 2352 * 3
OWN_TRACK = b"\3" * 2352 * 3
GAME = Path("/games/Okami [t-en by X] [red].iso")
KEY = bytes(GAME)


class Shelf:
    """A store with one title and the lists of a test."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self._folder = store, folder
        self._count = 0

    def load(self, games: Mapping[str, Iterable[Row]], **header: str) -> list[Added]:
        self._count += 1
        path = write_list(self._folder / f"list {self._count}.dat", games, **header)
        found = list(read_dats(path, lambda where, error: pytest.fail(str(error))))
        return DatIndex(self.store.file).add(found, path)

    def put(self, *digests: Digests, serial: str = "", fault: Fault | None = None, system: System = System.PS2) -> None:
        disc = DiscInfo(system, serial)
        title = Title(GAME, FileIdentity(1, 2, 3), ImageFormat.ISO, disc, fault=fault)
        self.store.save_titles([title])
        for each in digests:
            self.store.digests.save(GAME, title.identity, each)

    @property
    def match(self) -> Match:
        return MatchReader(self.store).read().get(KEY, Match())


@pytest.fixture
def shelf(store: Store, tmp_path: Path) -> Shelf:
    return Shelf(store, tmp_path)


def decoded(data: bytes, *, has_sha1: bool = False, grade: Grade = Grade.DECODED) -> Digests:
    crc32 = f"{zlib.crc32(data):08x}"
    return Digests(crc32, sha1=sha1(data) if has_sha1 else "", size_bytes=len(data), grade=grade)


def track(number: int, data: bytes) -> TrackDigest:
    kind, pregap = ("AUDIO", 150) if number else ("MODE2/2352", 0)
    return TrackDigest(kind, pregap, len(data), f"{zlib.crc32(data):08x}", sha1(data))


def tracks(*data: bytes) -> Digests:
    whole = b"".join(data)
    found = tuple(track(number, each) for number, each in enumerate(data))
    return Digests(f"{zlib.crc32(whole):08x}", size_bytes=len(whole), tracks=found)


def chd_of(data: bytes) -> Digests:
    overall = overall_sha1_of_dvd(sha1(data))
    return Digests(sha1=sha1(data), overall_sha1=overall, size_bytes=len(data), grade=Grade.STATED)


def test_a_dvd_is_matched_by_size_and_crc32(shelf: Shelf) -> None:
    shelf.load({"Harbour (Europe)": [rom("Harbour (Europe).iso", DVD)]})
    shelf.put(decoded(DVD))
    match = shelf.match
    assert (match.verdict, match.grade, match.game) == (Verdict.EXACT, Grade.DECODED, "Harbour (Europe)")
    assert (match.label, match.list_name) == ("Redump 2026-08-01", "Sony - PlayStation 2")
    assert match.is_proven


def test_the_same_crc32_with_another_size_is_no_match(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", DVD, size=len(DVD) + 2048)]})
    shelf.put(decoded(DVD))
    assert shelf.match.verdict is Verdict.NONE


def test_a_chd_of_a_dvd_is_matched_by_its_header_without_decoding(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", DVD)]})
    shelf.put(chd_of(DVD))
    match = shelf.match
    assert (match.verdict, match.grade, match.is_proven) == (Verdict.EXACT, Grade.STATED, False)
    assert match.sentence == "Redump 2026-08-01: its header says so: Harbour"


def test_a_chd_is_exact_once_it_was_decoded(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", DVD)]})
    shelf.put(chd_of(DVD), decoded(DVD))
    assert shelf.match.is_proven


def test_a_list_of_chds_has_the_dvd_of_any_form(shelf: Shelf) -> None:
    """The overall SHA-1 is made from that of the image."""
    shelf.load({"Harbour": [disk("Harbour.chd", overall_sha1_of_dvd(sha1(DVD)))]}, publisher="MAMERedump")
    shelf.put(decoded(DVD, has_sha1=True))
    assert shelf.match.is_proven
    shelf.put(chd_of(OTHER_DVD))
    assert shelf.match.is_proven  # what was decoded counts more


def test_a_list_of_chds_tells_nothing_of_an_image_without_its_sha1(shelf: Shelf) -> None:
    shelf.load({"Harbour": [disk("Harbour.chd", "5" * 40)]}, publisher="MAMERedump")
    shelf.put(decoded(DVD))
    assert (shelf.match.verdict, shelf.match.reason) == (Verdict.UNKNOWN, "its SHA-1 is not known yet")


def test_a_list_of_chds_has_a_cd_whose_tracks_were_digested(shelf: Shelf) -> None:
    shelf.load({"Lanterns": [disk("Lanterns.chd", "5" * 40)]}, publisher="MAMERedump")
    shelf.put(replace(tracks(b"1" * 2352, b"2" * 2352), overall_sha1="5" * 40))
    assert (shelf.match.verdict, shelf.match.game) == (Verdict.EXACT, "Lanterns")


def test_the_best_of_several_lists_counts_and_names_may_differ(shelf: Shelf) -> None:
    shelf.load({"Harbour & Company": [disk("x.chd", overall_sha1_of_dvd(sha1(DVD)))]}, publisher="MAMERedump")
    shelf.load({"Harbour": [rom("Harbour.iso", DVD)]})
    shelf.put(decoded(DVD))
    assert (shelf.match.label, shelf.match.game) == ("Redump 2026-08-01", "Harbour")


CD = {
    "Lanterns (USA)": [
        rom("Lanterns (USA).cue", b"sheet"),
        rom("Lanterns (USA) (Track 1).bin", DATA_TRACK),
        rom("Lanterns (USA) (Track 2).bin", SHARED_TRACK),
    ],
    "Unrelated (Japan)": [
        rom("Unrelated (Japan) (Track 1).bin", OWN_TRACK),
        rom("Unrelated (Japan) (Track 2).bin", SHARED_TRACK),
    ],
}


def test_a_cd_is_matched_if_all_tracks_are_those_of_one_game(shelf: Shelf) -> None:
    shelf.load(CD)
    shelf.put(tracks(DATA_TRACK, SHARED_TRACK))
    assert (shelf.match.verdict, shelf.match.game, shelf.match.sheet) == (Verdict.EXACT, "Lanterns (USA)", False)


@pytest.mark.parametrize("found", [(DATA_TRACK, OWN_TRACK), (DATA_TRACK,), (DATA_TRACK, SHARED_TRACK, SHARED_TRACK)])
def test_tracks_that_games_share_match_none(found: tuple[bytes, ...], shelf: Shelf) -> None:
    shelf.load(CD)
    shelf.put(tracks(*found))
    assert shelf.match.verdict is Verdict.NONE


def test_a_sheet_with_the_layout_of_the_listed_one_is_a_second_badge(shelf: Shelf) -> None:
    sheet = (
        'FILE "L (Track 1).bin" BINARY\r\n  TRACK 01 MODE2/2352\r\n    INDEX 01 00:00:00\r\n'
        'FILE "L (Track 2).bin" BINARY\r\n  TRACK 02 AUDIO\r\n    INDEX 00 00:00:00\r\n    INDEX 01 00:02:00\r\n'
    )
    files = [rom("L.cue", sheet.encode()), rom("L (Track 1).bin", DATA_TRACK), rom("L (Track 2).bin", SHARED_TRACK)]
    shelf.load({"L": files})
    shelf.put(tracks(DATA_TRACK, SHARED_TRACK))
    assert (shelf.match.verdict, shelf.match.sheet) == (Verdict.EXACT, True)


def test_the_listed_sheet_of_a_gd_rom_names_its_areas(shelf: Shelf) -> None:
    sheet = (
        'REM SINGLE-DENSITY AREA\r\nFILE "G (Track 1).bin" BINARY\r\n  TRACK 01 MODE2/2352\r\n    INDEX 01 00:00:00\r\n'
        'FILE "G (Track 2).bin" BINARY\r\n  TRACK 02 AUDIO\r\n    INDEX 00 00:00:00\r\n    INDEX 01 00:02:00\r\n'
        'REM HIGH-DENSITY AREA\r\nFILE "G (Track 3).bin" BINARY\r\n'
        "  TRACK 03 AUDIO\r\n    INDEX 00 00:00:00\r\n    INDEX 01 00:02:00\r\n"
    )
    found = (DATA_TRACK, SHARED_TRACK, OWN_TRACK)
    files = [rom(f"G (Track {number}).bin", data) for number, data in enumerate(found, 1)]
    shelf.load({"G": [rom("G.cue", sheet.encode()), *files]})
    shelf.put(tracks(*found))
    assert (shelf.match.verdict, shelf.match.sheet) == (Verdict.EXACT, True)


def test_a_list_with_only_the_data_track_proves_nothing_and_names_the_game(shelf: Shelf) -> None:
    shelf.load({"Lanterns": [rom("Lanterns (Track 01).bin", DATA_TRACK)]})
    shelf.put(tracks(DATA_TRACK, SHARED_TRACK))
    assert (shelf.match.verdict, shelf.match.game) == (Verdict.UNKNOWN, "Lanterns")
    assert shelf.match.reason == "its data track is the listed one; the list has no other tracks"


def test_a_cd_whose_tracks_were_never_decoded_alone_is_unknown(shelf: Shelf) -> None:
    """Earlier versions stored only the digests of all tracks together."""
    shelf.load(CD)
    shelf.put(decoded(DATA_TRACK + SHARED_TRACK))
    assert (shelf.match.verdict, shelf.match.reason) == (Verdict.UNKNOWN, "it was not decoded yet")


def test_a_cd_of_one_track_is_its_file(shelf: Shelf) -> None:
    shelf.load({"Plain": [rom("Plain.cue", b"sheet"), rom("Plain.bin", DATA_TRACK)]})
    shelf.put(decoded(DATA_TRACK))
    assert (shelf.match.verdict, shelf.match.game) == (Verdict.EXACT, "Plain")


def test_a_bad_dump_matches_as_such(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", DVD, status="baddump")]})
    shelf.put(decoded(DVD))
    assert (shelf.match.verdict, shelf.match.names_game) == (Verdict.BAD, True)


def test_a_wanted_dump_is_told(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", DVD, mia="yes")]}, publisher="No-Intro")
    shelf.put(decoded(DVD))
    assert shelf.match.sentence == "No-Intro 2026-08-01: exact, and wanted by the list: Harbour"


def test_a_file_that_nobody_dumped_never_matches(shelf: Shelf) -> None:
    never = rom("Never.iso", DVD, status="nodump")
    shelf.load({"Never": [never], "Other": [rom("Other.iso", OTHER_DVD)]})
    shelf.put(decoded(DVD))
    assert shelf.match.verdict is Verdict.NONE


REVISIONS = {
    "Kites (USA)": [rom("Kites (USA).iso", DVD, serial="SLUS-20001")],
    "Kites (USA) (Rev 1)": [rom("Kites (USA) (Rev 1).iso", OTHER_DVD, serial="SLUS-20001")],
}


def test_revisions_with_one_serial_are_told_apart(shelf: Shelf) -> None:
    shelf.load(REVISIONS)
    shelf.put(decoded(OTHER_DVD), serial="SLUS-20001")
    assert (shelf.match.verdict, shelf.match.game) == (Verdict.EXACT, "Kites (USA) (Rev 1)")


def test_another_image_of_a_listed_serial_is_another_revision(shelf: Shelf) -> None:
    shelf.load(REVISIONS)
    shelf.put(decoded(b"new " * 1024), serial="SLUS-20001")
    assert (shelf.match.verdict, shelf.match.number) == (Verdict.REVISION, -1)
    assert shelf.match.sentence == (
        "Redump 2026-08-01: other revision: Kites (USA); the same serial, and another image"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (DVD + bytes(4096), "more than the disc: 4 KiB of zeros follow it"),
        (OTHER_DVD, "not the whole disc: 2 KiB of zeros at its end are missing"),
    ],
)
def test_an_image_that_was_trimmed_or_padded_is_not_the_whole_disc(data: bytes, reason: str, shelf: Shelf) -> None:
    listed = DVD if data.startswith(DVD) else OTHER_DVD + bytes(2048)
    shelf.load({"Kites": [rom("Kites.iso", listed, serial="SLUS-20001")]})
    shelf.put(decoded(data), serial="SLUS-20001")
    assert (shelf.match.verdict, shelf.match.reason) == (Verdict.BAD, reason)


def test_an_image_that_ends_before_its_volume_is_not_the_whole_disc(shelf: Shelf) -> None:
    shelf.load(REVISIONS)
    shelf.put(decoded(DVD[:2048]), serial="SLUS-20001", fault=Fault.CUT_SHORT)
    assert (shelf.match.verdict, shelf.match.reason) == (Verdict.BAD, "not the whole disc")


def test_the_user_data_of_a_cd_is_not_called_another_revision(shelf: Shelf) -> None:
    shelf.load({"Small (Japan)": [rom("Small (Japan).bin", DATA_TRACK, serial="SLPM-60101")]})
    shelf.put(decoded(DVD), serial="SLPM-60101")
    assert (shelf.match.verdict, shelf.match.game) == (Verdict.UNKNOWN, "Small (Japan)")


def test_a_list_of_another_system_tells_nothing_of_a_title(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", OTHER_DVD)]}, name="Sony - PlayStation Portable")
    shelf.put(decoded(DVD))
    assert shelf.match.verdict is Verdict.UNKNOWN


def test_a_digest_counts_in_every_list(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", DVD)]}, name="My own discs")
    shelf.put(decoded(DVD))
    assert shelf.match.verdict is Verdict.EXACT


def test_a_moved_file_is_matched_and_not_proven(shelf: Shelf) -> None:
    shelf.load({"Harbour": [rom("Harbour.iso", DVD)]})
    shelf.put(decoded(DVD, grade=Grade.FOLLOWED))
    assert (shelf.match.verdict, shelf.match.is_proven) == (Verdict.EXACT, False)


def test_matches_follow_the_lists_and_the_titles(shelf: Shelf) -> None:
    reader = MatchReader(shelf.store)
    assert (reader.read(), reader.has_lists) == ({}, False)
    shelf.put(decoded(DVD))
    (added,) = shelf.load({"Other": [rom("Other.iso", OTHER_DVD)]})
    assert reader.read()[KEY].verdict is Verdict.NONE
    shelf.load({"Harbour": [rom("Harbour.iso", DVD)]})  # a later list of that name replaces the first
    first = reader.read()
    assert (first[KEY].verdict, reader.read() is first) == (Verdict.EXACT, True)
    shelf.put(decoded(OTHER_DVD))
    assert reader.read()[KEY].verdict is Verdict.NONE
    DatIndex(shelf.store.file).remove(DatIndex(shelf.store.file).lists())
    assert (reader.read(), reader.has_lists, added.replaced) == ({}, False, None)

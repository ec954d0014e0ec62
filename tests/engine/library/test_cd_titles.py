"""CDs in the library: one title each, with the state that says what can be done with it today."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from cd_chds import cd_chd, plain_chd
from cd_sectors import form_1, mode_1
from command_line import write_old
from memory_cds import TrackPlan, ps1_disc, ps2_disc, raw_sectors, sound
from sample_images import pack

from discpress.engine.convert.batch.model import Candidate, Skip
from discpress.engine.convert.batch.planner import plan_batch
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.images.cd.tracks import TrackKind
from discpress.engine.library.fingerprint import fingerprint_of_set
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.library.scan.rescan_files import follow_files
from discpress.engine.library.states import TitleStates
from discpress.engine.request import ConversionRequest
from discpress.engine.states import Standing, State
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault, StoredEstimate, Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System

PS2_TRACK: TrackPlan = (TrackKind.MODE2_RAW, raw_sectors(ps2_disc(), form_1), 0, 0)
PS1_TRACK: TrackPlan = (TrackKind.MODE2_RAW, raw_sectors(ps1_disc(), form_1), 0, 0)
AUDIO_TRACK: TrackPlan = (TrackKind.AUDIO, sound(40), 0, 0)


CHOSEN = ConversionRequest(level=3)
ESTIMATE = StoredEstimate(Settings(ImageFormat.ZSO), 100_000, 500, 490, 510, 160, "convert", "", 2.5)
CUE = """FILE "Okami.bin" BINARY\r
  TRACK 01 MODE2/2352\r
    INDEX 01 00:00:00\r
"""
TWO_FILES = (
    CUE
    + """FILE "Okami (Track 2).bin" BINARY\r
  TRACK 02 AUDIO\r
    INDEX 01 00:00:00\r
"""
)


def write_cd(folder: Path, sheet: str = TWO_FILES, first: TrackPlan = PS1_TRACK) -> list[Path]:
    """Write a sheet, a data track and a track of sound; return the paths."""
    contents = {
        "Okami.cue": sheet.encode(),
        "Okami.bin": b"".join(first[1]),
        "Okami (Track 2).bin": b"".join(AUDIO_TRACK[1]),
    }
    return [write_old(folder / name, data) for name, data in contents.items()]


@pytest.fixture
def games(tmp_path: Path) -> Path:
    folder = tmp_path / "[b] games"
    folder.mkdir()
    return folder


def scan(store: Store, folder: Path) -> list[Title]:
    """Scan a folder; return the titles in the order of their paths."""
    for _ in refresh(store, [folder], lambda: None):
        pass
    return store.titles([folder])


def read_again(store: Store, folder: Path) -> list[str]:
    """Return the names of titles that the next scan reads again."""
    return [title.path.name for batch in refresh(store, [folder], lambda: None) for title in batch.titles]


def standing(title: Title, target: str = "auto") -> Standing:
    return TitleStates().under(title, ConversionRequest(target=target))


def test_a_chd_of_a_cd_is_a_title_with_its_tracks(store: Store, games: Path) -> None:
    write_old(games / "Okami.chd", cd_chd(PS1_TRACK, AUDIO_TRACK))
    (title,) = scan(store, games)
    assert (title.system, title.serial, title.tracks) == (System.PS1, "SLUS-00005", TrackCounts(1, 1, 2352))
    assert title.original_bytes == sum(len(sectors) * 2352 for _, sectors, _, _ in (PS1_TRACK, AUDIO_TRACK))
    assert (title.error, title.fault, read_again(store, games)) == ("", None, [])


@pytest.mark.parametrize(
    ("target", "state"),
    [("auto", State.PACKED), ("archive", State.PACKED), ("any", State.PACKED), ("opl", State.NO_PLAYER)],
)
def test_the_chd_of_another_consoles_cd_is_packed_because_emulators_load_it(
    target: str, state: State, store: Store, games: Path
) -> None:
    write_old(games / "Okami.chd", cd_chd(PS1_TRACK, AUDIO_TRACK))
    (title,) = scan(store, games)
    assert standing(title, target).state is state


@pytest.mark.parametrize(
    ("target", "state"),
    [("auto", State.PACKED), ("pcsx2", State.PACKED), ("nethersx2", State.PACKED), ("opl", State.WONT_LOAD)],
)
def test_the_chd_of_a_ps2_cd_is_packed_unless_its_target_loads_no_chd(
    target: str, state: State, store: Store, games: Path
) -> None:
    write_old(games / "Blue.chd", cd_chd(PS2_TRACK))
    (title,) = scan(store, games)
    assert standing(title, target).state is state


def test_the_chd_that_createcd_made_of_an_iso_is_that_iso(store: Store, games: Path) -> None:
    disc = ps2_disc()
    sectors = [disc[at : at + 2048] for at in range(0, len(disc), 2048)]
    write_old(games / "Blue.chd", cd_chd((TrackKind.MODE1_2048, sectors, 0, 0)))
    (title,) = scan(store, games)
    assert (title.tracks, title.original_bytes, standing(title).state) == (None, len(disc), State.PACKED)


@pytest.mark.parametrize("zeros", [0, 400])
def test_half_a_chd_without_codecs_is_damaged(zeros: int, store: Store, games: Path) -> None:
    whole = plain_chd(ps2_disc(kib=400) + bytes(zeros * 4096))
    write_old(games / "Whole.chd", whole)
    write_old(games / "Half.chd", whole[: len(whole) // 8 * 7])
    half, sound = scan(store, games)
    assert (standing(half).state, standing(sound).state) == (State.DAMAGED, State.PACKED)
    assert "the file ends at" in half.error


def test_a_sheet_and_its_files_are_one_title(store: Store, games: Path) -> None:
    paths = write_cd(games)
    (title,) = scan(store, games)
    assert (title.path, title.file_paths) == (paths[0], tuple(paths))
    assert title.file_bytes == sum(path.stat().st_size for path in paths)
    assert (title.system, title.serial, title.title) == (System.PS1, "SLUS-00005", "Okami")
    assert (title.format, title.tracks, title.error) == (ImageFormat.CUE, TrackCounts(1, 1, 2352), "")


def test_an_unchanged_sheet_is_not_read_again(store: Store, games: Path) -> None:
    write_cd(games)
    before = scan(store, games)
    assert read_again(store, games) == []
    assert store.titles() == before


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_change_of_any_file_of_a_sheet_is_a_change_of_its_title(number: int, store: Store, games: Path) -> None:
    path = write_cd(games)[number]
    (before,) = scan(store, games)
    os.utime(path, (1_650_000_000, 1_650_000_000))
    assert read_again(store, games) == ["Okami.cue"]
    (after,) = store.titles()
    assert after.identity != before.identity


@pytest.mark.parametrize("number", [1, 2])
def test_a_missing_file_of_a_sheet_is_named_in_its_row(number: int, store: Store, games: Path) -> None:
    paths = write_cd(games)
    scan(store, games)
    paths[number].unlink()
    (title,) = scan(store, games)
    assert (title.path, TitleStates().state(title)) == (paths[0], State.SPLIT_PART)
    assert title.error == f"a file that it names is missing: {paths[number].name}"
    assert len(title.file_paths) == 2
    assert read_again(store, games) == []


def test_a_sheet_alone_names_all_missing_files_and_becomes_whole_when_they_come(store: Store, games: Path) -> None:
    _, *files = write_cd(games)
    contents = [path.read_bytes() for path in files]
    for path in files:
        path.unlink()
    (title,) = scan(store, games)
    assert title.error == "2 files that it names are missing: Okami.bin, Okami (Track 2).bin"
    for path, content in zip(files, contents, strict=True):
        path.write_bytes(content)
    (title,) = scan(store, games)
    assert (title.fault, len(title.others)) == (None, 2)


def test_the_rows_of_an_earlier_version_become_one_title(store: Store, games: Path) -> None:
    paths = write_cd(games)
    (now,) = scan(store, games)
    store.forget([now.path])
    store.save_titles(
        Title(path, FileIdentity.at(path), None, error="cannot be read", fault=Fault.OTHER, is_outdated=True)
        for path in paths[:2]
    )
    assert scan(store, games) == [now]


def test_a_file_of_a_sheet_that_may_not_be_read_makes_the_title_unread(
    store: Store, games: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_cd(games)
    real = os.open

    def refuse(path: Any, *rest: Any, **options: Any) -> int:
        if os.fsdecode(path).endswith("(Track 2).bin"):
            raise PermissionError(13, "Permission denied", path)
        return real(path, *rest, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        (title,) = scan(store, games)
        assert (title.path, title.fault) == (paths[0], Fault.UNREAD)
        assert "Okami (Track 2).bin" in title.error
    (title,) = scan(store, games)
    assert (title.fault, len(title.others)) == (None, 2)


def test_a_folder_called_like_a_file_of_a_sheet_is_no_part_of_it(store: Store, games: Path) -> None:
    paths = write_cd(games)
    paths[2].unlink()
    paths[2].mkdir()
    (games / "Folder.cue").mkdir()
    (title,) = scan(store, games)
    assert (title.path, title.fault) == (paths[0], Fault.SPLIT_PART)


def test_a_packed_image_that_a_sheet_names_is_a_title_of_its_own(store: Store, games: Path) -> None:
    pack(games / "Okami.zso", ps2_disc())
    (games / "Okami.zso.source").unlink()
    write_old(games / "Okami.cue", CUE.replace("Okami.bin", "Okami.zso").encode())
    sheet, image = scan(store, games)
    assert (image.format, standing(image).state) == (ImageFormat.ZSO, State.PACKED)
    assert (standing(sheet).state, sheet.error) == (
        State.OTHER, "line 1: Okami.zso is a compressed image, and a sheet describes raw sectors",
    )  # fmt: skip
    assert read_again(store, games) == []


def test_a_sheet_of_music_files_is_no_title(store: Store, games: Path) -> None:
    write_old(games / "Album.cue", CUE.replace("BINARY", "WAVE").replace("MODE2/2352", "AUDIO").encode())
    assert scan(store, games) == []


def test_a_disc_of_sound_alone_is_a_title(store: Store, games: Path) -> None:
    write_old(games / "Album.cue", CUE.replace("MODE2/2352", "AUDIO").replace("Okami", "Album").encode())
    write_old(games / "Album.bin", b"".join(AUDIO_TRACK[1]))
    (title,) = scan(store, games)
    assert (title.system, title.tracks) == (System.AUDIO_CD, TrackCounts(0, 1, 2352))
    assert standing(title).reason == (
        "audio CD disc: no known program loads a CHD of it; music players load its CUE sheet"
    )


def test_a_raw_dump_of_no_sheet_is_a_row_until_a_sheet_names_it(store: Store, games: Path) -> None:
    sheet, dump, _ = write_cd(games, CUE)
    sheet.rename(games / ".away")
    assert [title.path for title in scan(store, games)] == [dump]
    (games / ".away").rename(sheet)
    assert [title.path for title in scan(store, games)] == [sheet]
    sheet.unlink()
    assert [title.path for title in scan(store, games)] == [dump]


def test_a_file_too_short_for_its_tracks_is_cut_short(store: Store, games: Path) -> None:
    later = CUE + "  TRACK 02 AUDIO\r\n    INDEX 01 00:01:00\r\n"
    _, dump, _ = write_cd(games, later)
    dump.write_bytes(dump.read_bytes()[: 2352 * 40])
    (title,) = scan(store, games)
    assert TitleStates().state(title) is State.CUT_SHORT
    assert "Okami.bin, which has 94080" in title.error
    assert len(title.others) == 1


def test_a_dump_that_ends_within_a_sector_is_cut_short(store: Store, games: Path) -> None:
    _, dump, _ = write_cd(games, CUE)
    dump.write_bytes(dump.read_bytes()[:-100])
    (title,) = scan(store, games)
    assert TitleStates().state(title) is State.CUT_SHORT
    (row,) = plan_batch([Candidate(title, is_named=True)], ConversionRequest()).rows
    assert row.skip is Skip.UNREAD
    assert "ends within a sector" in row.reason


def test_half_a_dump_is_cut_short_by_its_own_volume(store: Store, games: Path) -> None:
    _, dump, _ = write_cd(games, CUE)
    half = len(PS1_TRACK[1]) // 2
    dump.write_bytes(dump.read_bytes()[: half * 2352])
    (title,) = scan(store, games)
    assert TitleStates().state(title) is State.CUT_SHORT
    assert title.error == (
        f"cut short: the volume has {len(PS1_TRACK[1])} sectors, the disc only {half}: its end is missing"
    )


def test_a_sheet_that_breaks_its_rules_is_damaged_with_the_line(store: Store, games: Path) -> None:
    write_cd(games, CUE.replace("INDEX 01 00:00:00", "INDEX 01 00:99:00"))
    sheet = next(title for title in scan(store, games) if title.path.suffix == ".cue")
    assert TitleStates().state(sheet) is State.DAMAGED
    assert "line 3" in sheet.error


def test_of_two_sheets_for_one_file_one_has_the_row_and_the_other_is_a_part(store: Store, games: Path) -> None:
    write_cd(games, CUE)
    write_old(games / "Okami (copy).cue", CUE.encode())
    titles = scan(store, games)
    assert [title.path.name for title in titles if title.path.suffix == ".cue"] == ["Okami (copy).cue"]
    assert [each.name for each in titles[0].others] == ["Okami.bin", "Okami.cue"]
    assert read_again(store, games) == []


@pytest.mark.parametrize(
    ("sheet", "first", "target", "state"),
    [
        (CUE, PS2_TRACK, "opl", State.READY),
        (CUE, PS2_TRACK, "auto", State.READY),
        (TWO_FILES, PS2_TRACK, "opl", State.NO_PLAYER),
        (TWO_FILES, PS2_TRACK, "pcsx2", State.NO_PLAYER),
        (TWO_FILES, PS2_TRACK, "any", State.READY),
        (CUE, PS1_TRACK, "auto", State.READY),
        (CUE, PS1_TRACK, "opl", State.NO_PLAYER),
        (CUE, PS1_TRACK, "archive", State.READY),
        (TWO_FILES, PS1_TRACK, "any", State.READY),
    ],
)
def test_the_state_of_a_sheet_is_what_can_be_done_with_it(
    sheet: str, first: TrackPlan, target: str, state: State, store: Store, games: Path
) -> None:
    write_cd(games, sheet, first)
    title = next(each for each in scan(store, games) if each.path.suffix == ".cue")
    found = standing(title, target)
    assert found.state is state


@pytest.mark.parametrize("number", [0, 1, 2])
def test_following_any_file_of_a_sheet_follows_the_title(number: int, store: Store, games: Path) -> None:
    paths = write_cd(games)
    scan(store, games)
    paths[2].unlink()
    follow_files(store, [paths[number]])
    (title,) = store.titles()
    assert (title.path, title.fault) == (paths[0], Fault.SPLIT_PART)
    write_old(paths[2], b"".join(AUDIO_TRACK[1]))
    follow_files(store, [paths[number]])
    (title,) = store.titles()
    assert (title.path, title.fault) == (paths[0], None)


def test_settings_estimates_and_digests_follow_a_sheet_that_moved_with_its_files(store: Store, games: Path) -> None:
    write_cd(games)
    (before,) = scan(store, games)
    store.save_settings(before.path, CHOSEN)
    store.save_estimate(before.identity, ESTIMATE)
    fingerprint, _ = fingerprint_of_set(before.file_paths)
    store.digests.save(before.path, before.identity, Digests(xxh3="1" * 32, fingerprint=fingerprint))
    shutil.move(games, games.with_name("PlayStation"))
    (title,) = scan(store, games.parent)
    assert (title.path, title.overrides) == (games.with_name("PlayStation") / "Okami.cue", CHOSEN)
    assert store.estimates_of(title.identity) == [ESTIMATE]
    assert [each.grade for each in store.digests.of(title.path, title.identity)] == [Grade.FOLLOWED]


def test_a_sheet_that_is_renamed_keeps_the_settings_of_its_title(store: Store, games: Path) -> None:
    sheet = write_cd(games)[0]
    scan(store, games)
    store.save_settings(sheet, CHOSEN)
    sheet.rename(games / "Okami (Japan).cue")
    (title,) = scan(store, games)
    assert (title.path.name, title.overrides) == ("Okami (Japan).cue", CHOSEN)


@pytest.mark.slow
def test_a_gdi_is_one_title_with_its_tracks(store: Store, games: Path) -> None:
    tracks = {
        "track01.bin": b"".join(raw_sectors(bytes(2048 * 40), mode_1)),
        "track02.raw": b"".join(AUDIO_TRACK[1]),
        "track03.bin": b"".join(raw_sectors(b"SEGA SEGAKATANA ".ljust(2048 * 40, b"\0"), mode_1, 45000)),
    }
    for name, data in tracks.items():
        write_old(games / name, data)
    sheet = "3\n1 0 4 2352 track01.bin 0\n2 600 0 2352 track02.raw 0\n3 45000 4 2352 track03.bin 0\n"
    write_old(games / "Rain (Japan).gdi", sheet.encode())
    (title,) = scan(store, games)
    assert (title.format, title.system, title.region) == (ImageFormat.GDI, System.DREAMCAST, "JP")
    assert (title.tracks, [each.name for each in title.others]) == (
        TrackCounts(2, 1, 2352, is_gd_rom=True),
        list(tracks),
    )
    assert standing(title).state is State.READY
    assert read_again(store, games) == []


def test_a_cue_for_the_image_of_a_ccd_has_the_row_and_the_rest_are_parts(store: Store, games: Path) -> None:
    write_cd(games, CUE.replace("Okami.bin", "Okami.img"))[2].unlink()
    (games / "Okami.bin").rename(games / "Okami.img")
    sectors = len(PS1_TRACK[1])
    write_old(games / "Okami.sub", bytes(96 * sectors))
    write_old(games / "Okami.ccd", ccd(sectors))
    (title,) = scan(store, games)
    assert (title.path.name, title.fault) == ("Okami.cue", None)
    assert [each.name for each in title.others] == ["Okami.img", "Okami.ccd", "Okami.sub"]
    assert read_again(store, games) == []
    (games / "Okami.cue").unlink()
    (title,) = scan(store, games)
    assert (title.path.name, title.format, title.system) == ("Okami.ccd", ImageFormat.CCD, System.PS1)
    assert title.tracks == TrackCounts(1, 0, 2352, has_unkept_bytes=True)
    assert [each.name for each in title.others] == ["Okami.img", "Okami.sub"]
    assert read_again(store, games) == []


def ccd(sectors: int) -> bytes:
    """Return the CloneCD sheet of a disc with one track in mode 2."""
    entries = [(0xA0, 0), (0xA1, 0), (0xA2, sectors), (1, 0)]
    lines = ["[CloneCD]", "Version=3", "[Disc]", f"TocEntries={len(entries)}", "Sessions=1", "DataTracksScrambled=0"]
    for number, (point, address) in enumerate(entries):
        lines += [
            f"[Entry {number}]",
            "Session=1",
            f"Point=0x{point:02x}",
            "ADR=0x01",
            "Control=0x04",
            f"PLBA={address}",
        ]
    lines += ["[TRACK 1]", "MODE=2", "INDEX 1=0"]
    return "\r\n".join([*lines, ""]).encode()


def test_a_raw_dump_without_a_sheet_is_a_disc_of_one_track(store: Store, games: Path) -> None:
    _, dump, _ = write_cd(games, CUE, PS2_TRACK)
    (games / "Okami.cue").unlink()
    (title,) = scan(store, games)
    assert (title.path, title.format, title.system) == (dump, ImageFormat.RAW_CD, System.PS2)
    assert (title.tracks, standing(title, "opl").state) == (TrackCounts(1, 0, 2352), State.READY)


def test_a_raw_dump_that_ends_with_sound_needs_its_sheet(store: Store, games: Path) -> None:
    write_old(games / "Blue.bin", b"".join((*PS2_TRACK[1], *AUDIO_TRACK[1])))
    (title,) = scan(store, games)
    found = standing(title, "opl")
    assert found.state is State.NO_PLAYER
    assert found.reason.endswith("which only its CUE sheet tells apart: put the sheet next to it")


def test_half_a_raw_dump_is_cut_short(store: Store, games: Path) -> None:
    _, dump, _ = write_cd(games, CUE, PS2_TRACK)
    (games / "Okami.cue").unlink()
    for size in (len(PS2_TRACK[1]) // 2 * 2352, len(PS2_TRACK[1]) * 2352 - 100):
        dump.write_bytes(dump.read_bytes()[:size])
        (title,) = scan(store, games)
        assert standing(title).state is State.CUT_SHORT

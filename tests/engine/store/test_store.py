"""What the store keeps and gives back."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.errors import StoreError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.images.cd.counts import TrackCounts
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Digests, Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.migrations import MIGRATIONS
from discpress.engine.store.model import Fault, OtherFile, StoredEstimate, Title
from discpress.engine.store.rows.known_rows import KnownTitle
from discpress.engine.store.store import Store
from discpress.engine.systems import System

GAMES = Path("/games")
IDENTITY = FileIdentity(12, 700_000_000, 1_700_000_000_123_456_789)
TITLE = Title(
    GAMES / "kain.zso", IDENTITY, ImageFormat.ZSO,
    DiscInfo(System.PS2, "SLUS-20024", "Blood Omen 2", "us", 2, 3, "v1.01", ("(USA)", "(v1.01)"), Found.INSIDE),
    1_400_000_000, 16384, 3, 1, 2, "index is cut off",
)  # fmt: skip
ZSO = Settings(ImageFormat.ZSO)
BEFORE_FAULTS = next(number for number, step in enumerate(MIGRATIONS) if "COLUMN fault" in step[0])
BEFORE_TRACKS = next(number for number, step in enumerate(MIGRATIONS) if "'raw-cd'" in "".join(step))
BEFORE_MOVED_GAPS = next(number for number, step in enumerate(MIGRATIONS) if "'dreamcast'" in "".join(step))
BEFORE_DISC_FACTS = next(number for number, step in enumerate(MIGRATIONS) if "COLUMN disc_total" in "".join(step))
OLDER_ROWS = [
    (b"/games/known.iso", "ps2", "", "1 2 700 4"),
    (b"/games/zeros.iso", "unknown", "", "1 3 700 4"),
    (b"/games/broken.zso", "unknown", "its index is cut off", "1 4 700 4"),
    (b"/games/far.zip/far.iso", "unknown", "", "1 5 700 4 6 99"),
]


def make_estimate(chosen: Settings = ZSO, packed_bytes: int = 400) -> StoredEstimate:
    return StoredEstimate(chosen, 700, packed_bytes, packed_bytes - 9, packed_bytes + 9, 160, "convert", "", 2.5)


def make_titles(number: int) -> list[Title]:
    return [replace(TITLE, path=GAMES / f"{index}.zso") for index in range(number)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store(folder, now=count(1000.0).__next__) as store:
        yield store


def test_a_title_comes_back_as_it_was(store: Store) -> None:
    store.save_titles([TITLE])
    assert store.titles() == [TITLE]


@pytest.mark.parametrize("fault", [None, *Fault])
def test_a_fault_comes_back(store: Store, fault: Fault | None) -> None:
    disc = TITLE.disc._replace(has_disc=fault is not Fault.NO_DISC)
    title = replace(TITLE, disc=disc, fault=fault, error="")
    store.save_titles([title])
    assert store.titles() == [title]


def test_a_fault_of_another_version_is_no_row(store: Store) -> None:
    store.save_titles([TITLE])
    store.file.write(lambda connection: connection.execute("UPDATE titles SET fault = 'haunted'"))
    assert store.titles() == []


def test_what_an_older_version_could_not_tell_is_read_again(folder: Path) -> None:
    with Store(folder, migrations=MIGRATIONS[:BEFORE_FAULTS]) as older:

        def fill(connection: sqlite3.Connection) -> None:
            for name, system, error, identity in OLDER_ROWS:
                row = (name, identity, "iso", system, "", "", "", 0, "[]", 5, 0, 0, 0, 1, error)
                connection.execute(f"INSERT INTO titles VALUES ({', '.join('?' * 15)})", row)
            connection.execute("INSERT INTO empty_archives VALUES (?, ?)", (b"/games/notes.zip", "1 2 3 4"))

        older.file.write(fill)
    with Store(folder) as store:
        identities = {title.path.name: title.identity for title in store.titles()}
        assert store.empty_archives(GAMES) == {}
    assert identities == {
        "known.iso": FileIdentity(2, 700, 4),
        "zeros.iso": FileIdentity(3, 700, 0),
        "broken.zso": FileIdentity(4, 700, 0),
        "far.iso": FileIdentity(5, 700, 0, 6, 99),
    }


def test_discs_that_this_version_knows_better_are_read_again(folder: Path) -> None:
    rows = {
        b"/games/known.iso": ("ps2", "1 2 700 4"),
        b"/games/cube.iso": ("gamecube", "1 3 700 4"),
        b"/games/linux.iso": ("iso9660", "1 4 700 5"),
        b"/games/far.7z/far.iso": ("wii", "1 5 700 20 6 99"),
    }
    with Store(folder, migrations=MIGRATIONS[:BEFORE_DISC_FACTS]) as older:

        def fill(connection: sqlite3.Connection) -> None:
            for path, (system, identity) in rows.items():
                row = (path, identity, "iso", system, "", "", "", 0, "[]", 5, 0, 0, 0, 1, "", "")
                connection.execute(f"INSERT INTO titles VALUES ({', '.join('?' * 16)})", row)

        older.file.write(fill)
    with Store(folder) as store:
        titles = {title.path.name: title for title in store.titles()}
    assert {name: title.identity for name, title in titles.items()} == {
        "known.iso": FileIdentity(2, 700, 4),
        "cube.iso": FileIdentity(3, 700, 0),
        "linux.iso": FileIdentity(4, 700, 0),
        "far.iso": FileIdentity(5, 700, 0, 6, 99),
    }
    assert titles["known.iso"].disc == DiscInfo(System.PS2, found=Found.INSIDE)
    assert all(title.is_outdated for title in titles.values())


def test_a_system_of_another_version_is_unknown(store: Store) -> None:
    store.save_titles([TITLE])
    store.file.write(lambda connection: connection.execute("UPDATE titles SET system = 'jaguar'"))
    assert [title.system for title in store.titles()] == [System.UNKNOWN]


OTHERS = (OtherFile("Game [red].iso.002", 5), OtherFile("Game\udcff.iso.003", 2**63 - 1))


def test_the_files_of_a_set_come_back(store: Store) -> None:
    title = replace(
        TITLE, identity=FileIdentity(1, 5, 9).with_others([(5, 8), (2, 7)]), others=OTHERS, whole_name="Game [red].iso"
    )
    store.save_titles([title])
    assert store.titles() == [title]


@pytest.mark.parametrize(
    "tracks", [TrackCounts(1, 0, 2048), TrackCounts(2, 97, 0, 99), TrackCounts(0, 12, 2352, 1, True, True, True)]
)
def test_the_tracks_of_a_cd_come_back_with_its_files_and_without_any(store: Store, tracks: TrackCounts) -> None:
    chd = replace(TITLE, tracks=tracks)
    sheet = replace(chd, path=GAMES / "Game.cue", others=OTHERS)
    store.save_titles([chd, sheet])
    assert {title.path: title for title in store.titles()} == {chd.path: chd, sheet.path: sheet}


def test_the_tracks_that_an_earlier_version_stored_are_read_again(store: Store) -> None:
    store.save_titles([replace(TITLE, tracks=TrackCounts(1, 2, 2352))])
    store.file.write(lambda connection: connection.execute("UPDATE titles SET parts = '{\"tracks\": [1, 2, 2352]}'"))
    (title,) = store.titles()
    assert (title.tracks, title.is_outdated) == (TrackCounts(1, 2, 2352), True)


def test_sheets_raw_dumps_and_faulty_chds_of_an_older_version_are_read_again(folder: Path) -> None:
    kept = [TITLE, replace(TITLE, path=GAMES / "whole.chd", format=ImageFormat.CHD, error="", fault=None)]
    formats = (ImageFormat.CUE, ImageFormat.GDI, ImageFormat.CCD, ImageFormat.MDS, ImageFormat.RAW_CD, ImageFormat.CHD)
    other = replace(TITLE, error="cannot be read", fault=Fault.OTHER)
    old = [replace(other, path=GAMES / f"old.{each}", format=each) for each in formats]
    with Store(folder, migrations=MIGRATIONS[:BEFORE_TRACKS]) as older:
        older.save_titles([*kept, *old])
    with Store(folder) as store:
        outdated = {title.path for title in store.titles() if title.is_outdated}
    assert outdated == {title.path for title in old}


def test_dreamcast_sheets_of_an_older_version_are_read_again(folder: Path) -> None:
    game = TITLE.disc._replace(system=System.DREAMCAST)
    old = replace(TITLE, path=GAMES / "old.cue", format=ImageFormat.CUE, disc=game, tracks=TrackCounts(3, 2, 2352, 2))
    gdi = replace(old, path=GAMES / "old.gdi", format=ImageFormat.GDI)
    other = replace(old, path=GAMES / "other.cue", disc=game._replace(system=System.PS1))
    with Store(folder, migrations=MIGRATIONS[:BEFORE_MOVED_GAPS]) as older:
        older.save_titles([old, gdi, other])
    with Store(folder) as store:
        assert {title.path for title in store.titles() if title.is_outdated} == {old.path}


WRONG_PARTS = [
    "[]", "{}", "1", '{"name": "a"}', '{"name": "a", "tracks": [1, 0, 0]}', '{"files": [], "tracks": null}',
    *(f'{{"tracks": {each}}}' for each in (
        "[]", "[1, 2]", "[1, 2, 3, 4]", "[-1, 2, 0]", "[1, 2, 0, 4, 0, 0, 0]", "[1, 2, 0, 0, 2, 0, 0]",
        "[1, 2, 0, 0, 0, 0, true]", "[1, 2, 0, 0, 0, 0, 2]",
        "[50, 50, 0]", '["1", 2, 0]', "[true, 1, 0]", "[1, 0, 2353]",
    )),
    '{"name": "", "files": []}', '{"name": "a/b", "files": []}',
    *(f'{{"name": "a", "files": [{each}]}}' for each in (
        "[]", '["a"]', '["a", -1]', '["a", true]', '["a", 9223372036854775808]', '["a", 1, 2]', '["../a", 1]',
        '["..", 1]', '["", 1]', '["a\\u0000", 1]', '["\\ud800", 1]', '["a", 1', "[" * 99,
    )),
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG_PARTS)
def test_a_title_with_impossible_parts_is_no_row(store: Store, text: str) -> None:
    store.save_titles([TITLE])
    store.file.write(lambda connection: connection.execute("UPDATE titles SET parts = ?", (text,)))
    assert store.titles() == []


def test_a_changed_part_changes_the_identity_of_a_set() -> None:
    main = FileIdentity(1, 5, 9)
    others = [(5, 8)], [(5, 7)], [(4, 8)], [(5, 8), (5, 7)], [(5, 7), (5, 8)]
    sets = [main, *map(main.with_others, others)]
    assert len(set(sets)) == len(sets)


@pytest.mark.parametrize("name", [b"\xff\xfe.iso", b"line\nbreak.iso", "é😀.iso".encode()])
def test_any_file_name_comes_back(store: Store, name: bytes) -> None:
    text = os.fsdecode(name)
    disc = TITLE.disc._replace(title=text, tags=(text,))
    title = replace(TITLE, path=GAMES / text, disc=disc, error=text)
    store.save_titles([title])
    assert store.titles() == [title]


def test_numbers_beyond_63_bits_come_back(store: Store) -> None:
    title = replace(TITLE, identity=FileIdentity(2**64 - 1, 5, 2**64))
    store.save_titles([title])
    assert store.titles() == [title]


def test_a_claimed_size_beyond_63_bits_does_not_stop_the_batch(store: Store) -> None:
    store.save_titles([replace(TITLE, original_bytes=2**64 - 1)])
    assert store.titles()[0].original_bytes == 2**63 - 1


def test_a_title_is_replaced_by_path(store: Store) -> None:
    store.save_titles([TITLE])
    store.save_titles([replace(TITLE, disc=DiscInfo(title="Renamed"))])
    assert [title.title for title in store.titles()] == ["Renamed"]


def test_a_batch_with_a_bad_title_changes_nothing(store: Store) -> None:
    with pytest.raises(TypeError):
        store.save_titles([TITLE, replace(TITLE, path=7)])  # type: ignore[arg-type]
    assert store.titles() == []


def test_only_titles_below_the_folder_are_listed(store: Store) -> None:
    inside, beside = replace(TITLE, path=GAMES / "ps2" / "a.zso"), replace(TITLE, path=Path("/games2/a.zso"))
    store.save_titles([inside, beside])
    assert store.titles([GAMES]) == [inside]


def test_the_root_folder_holds_everything(store: Store) -> None:
    store.save_titles([TITLE])
    assert store.titles([Path("/")]) == [TITLE]


def test_a_title_in_two_folders_is_listed_once(store: Store) -> None:
    store.save_titles([TITLE])
    assert store.titles([GAMES, Path("/"), TITLE.path]) == [TITLE]


def test_a_rescan_finds_what_is_known_by_path(store: Store) -> None:
    store.save_titles([TITLE])
    assert store.known_titles(GAMES) == [KnownTitle.of(TITLE)]


def test_a_forgotten_title_keeps_its_settings(store: Store) -> None:
    store.save_titles([TITLE])
    store.save_settings(TITLE.path, ConversionRequest(level=12))
    store.forget([TITLE.path])
    assert (store.titles(), store.settings_for(TITLE.path)) == ([], ConversionRequest(level=12))


def test_settings_come_back_and_are_part_of_the_title(store: Store) -> None:
    overrides = ConversionRequest(ImageFormat.CHD, 16384, 12, 64, "ppsspp", methods=(Method.ZSTD, Method.LZMA))
    store.save_titles([TITLE])
    store.save_settings(TITLE.path, overrides)
    assert (store.settings_for(TITLE.path), store.titles()[0].overrides) == (overrides, overrides)


def test_empty_settings_are_no_settings(store: Store) -> None:
    store.save_settings(TITLE.path, ConversionRequest(level=12))
    store.save_settings(TITLE.path, ConversionRequest())
    assert store.settings_for(TITLE.path) is None


def test_an_estimate_comes_back_for_its_settings_alone(store: Store) -> None:
    store.save_estimate(IDENTITY, make_estimate())
    assert store.estimate_for(IDENTITY, ZSO) == make_estimate()
    assert store.estimate_for(IDENTITY, replace(ZSO, level=1)) is None


def test_a_refined_estimate_replaces_the_first(store: Store) -> None:
    store.save_estimate(IDENTITY, make_estimate())
    store.save_estimate(IDENTITY, make_estimate(packed_bytes=410))
    assert store.estimate_for(IDENTITY, ZSO) == make_estimate(packed_bytes=410)


def test_a_changed_file_has_no_estimate(store: Store) -> None:
    store.save_estimate(IDENTITY, make_estimate())
    store.save_titles([replace(TITLE, identity=replace(IDENTITY, mtime_ns=1))])
    assert store.titles()[0].estimate is None


def test_a_title_shows_the_estimate_for_the_defaults(store: Store) -> None:
    slow = replace(ZSO, level=12)
    store.save_titles([TITLE])
    store.save_estimate(IDENTITY, make_estimate(slow, 390))
    store.save_estimate(IDENTITY, make_estimate())
    assert store.titles(defaults=slow)[0].estimate == make_estimate(slow, 390)


def test_its_own_settings_come_before_the_defaults(store: Store) -> None:
    slow = replace(ZSO, level=12)
    store.save_titles([TITLE])
    store.save_settings(TITLE.path, ConversionRequest(level=12))
    store.save_estimate(IDENTITY, make_estimate(slow, 390))
    store.save_estimate(IDENTITY, make_estimate())
    assert store.titles(defaults=ZSO)[0].estimate == make_estimate(slow, 390)


def test_without_defaults_the_last_estimate_counts(store: Store) -> None:
    store.save_titles([TITLE])
    store.save_estimate(IDENTITY, make_estimate())
    store.save_estimate(IDENTITY, make_estimate(replace(ZSO, level=1), 450))
    assert store.titles()[0].estimate == make_estimate(replace(ZSO, level=1), 450)


def test_digests_add_up(store: Store) -> None:
    store.digests.save(TITLE.path, IDENTITY, Digests(crc32="0badf00d", xxh3="aa"))
    store.digests.save(TITLE.path, IDENTITY, Digests(xxh3="aa", sha1="bb"))
    assert store.digests.of(TITLE.path, IDENTITY) == [Digests("0badf00d", "aa", "bb", "", "", 1001.0)]


def test_digests_of_other_bytes_replace_the_known_ones(store: Store) -> None:
    """The same identity does not prove the same bytes: a disk may have lost some."""
    store.digests.save(TITLE.path, IDENTITY, Digests(crc32="0badf00d", xxh3="aa", sha1="bb"))
    store.digests.save(TITLE.path, IDENTITY, Digests(crc32="00000001", xxh3="cc"))
    assert store.digests.of(TITLE.path, IDENTITY) == [Digests("00000001", "cc", at=1001.0)]


def test_digests_are_of_one_path(store: Store) -> None:
    """Inode, size and time of a file on another disk may be equal by chance."""
    store.digests.save(TITLE.path, IDENTITY, Digests(crc32="0badf00d", xxh3="aa"))
    assert store.digests.of(GAMES / "another.zso", IDENTITY) == []


def test_the_best_grade_comes_first(store: Store) -> None:
    for grade in (Grade.STATED, Grade.FOLLOWED):
        store.digests.save(TITLE.path, IDENTITY, Digests(sha1="bb", grade=grade))
    assert [each.grade for each in store.digests.of(TITLE.path, IDENTITY)] == [Grade.FOLLOWED, Grade.STATED]
    store.digests.save(TITLE.path, IDENTITY, Digests(sha1="bb"))
    assert [each.grade for each in store.digests.of(TITLE.path, IDENTITY)] == [Grade.DECODED, Grade.STATED]


def test_a_content_never_read_has_no_digests(store: Store) -> None:
    assert store.digests.of(TITLE.path, IDENTITY) == []


def test_the_journal_keeps_order_and_payload(store: Store) -> None:
    first = store.append_journal("published", {"path": "/games/\udcff.zso"})
    second = store.append_journal("trashed", {"links": [1, None]})
    entries = store.journal_entries()
    assert [(entry.id, entry.kind) for entry in entries] == [(first, "published"), (second, "trashed")]
    assert entries[0].payload == {"path": "/games/\udcff.zso"}


def test_the_journal_is_read_from_an_entry_on(store: Store) -> None:
    first = store.append_journal("published", {})
    second = store.append_journal("trashed", {})
    assert [entry.id for entry in store.journal_entries(after=first)] == [second]


def test_the_data_version_changes_with_our_own_writes(store: Store) -> None:
    before = store.data_version()
    store.save_titles([TITLE])
    assert store.data_version() != before


def test_the_data_version_changes_with_the_writes_of_others(store: Store, folder: Path) -> None:
    before = store.data_version()
    with Store(folder) as other:
        other.append_journal("published", {})
    assert store.data_version() != before


def test_the_data_version_rests_while_nobody_writes(store: Store) -> None:
    store.save_titles([TITLE])
    before = store.data_version()
    store.titles()
    assert store.data_version() == before


def test_threads_take_turns(store: Store) -> None:
    threads = [threading.Thread(target=store.save_titles, args=([title],)) for title in make_titles(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.titles()) == 16


def test_a_closed_store_says_so(folder: Path) -> None:
    store = Store(folder)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="the state file is closed"):
        store.titles()

"""Lists in the state file: added, replaced, read again and removed, and a state file of the version before them."""

import gzip
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest
from dat_lists import disk, rom, write_list
from full_state import some_titles

from discpress.engine.dats.index import DatIndex, ListedDat
from discpress.engine.dats.lookup import files_by_crc32, games_by_serial
from discpress.engine.dats.reading.files import FoundDat, read_dats
from discpress.engine.store.digests import Digests, Grade, TrackDigest
from discpress.engine.store.store import FILE_NAME, Store
from discpress.engine.systems import System

STATES = Path(__file__).parents[2] / "data" / "state"
GAMES = {
    "Harbour [b] (Europe)": [rom("Harbour [b] (Europe).iso", b"a" * 2048, serial="SLES-50001")],
    "Second": [rom("other name.iso", b"b" * 2048), disk("Second.chd", "7" * 40)],
}


@pytest.fixture
def index(store: Store) -> DatIndex:
    return DatIndex(store.file, lambda: 1_700_000_000.0)


def found_in(path: Path) -> list[FoundDat]:
    return list(read_dats(path, lambda where, error: pytest.fail(str(error))))


def rows(store: Store) -> dict[str, int]:
    def count(connection: sqlite3.Connection) -> dict[str, int]:
        tables = ("dats", "dat_games", "dat_files", "dat_serials")
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}

    return store.file.run(count)


def test_a_list_is_added_with_its_head_and_its_counts(index: DatIndex, tmp_path: Path) -> None:
    path = write_list(tmp_path / "redump.dat", GAMES)
    (added,) = index.add(found_in(path), tmp_path)
    expected = ListedDat(
        1, tmp_path, path, "", "Redump", "Sony - PlayStation 2", "2026-08-01", System.PS2, 2, 3, 1, 1_700_000_000.0
    )
    assert (added.dat, added.replaced, index.lists()) == (expected, None, [expected])
    assert expected.label == "Redump 2026-08-01"


def test_files_are_found_under_their_whole_names(store: Store, index: DatIndex, tmp_path: Path) -> None:
    index.add(found_in(write_list(tmp_path / "redump.dat", GAMES)), tmp_path)
    wanted = [int(str(row[0]["crc"]), 16) for row in GAMES.values()]
    found = store.file.run(lambda connection: files_by_crc32(connection, wanted))
    assert sorted(file.name for files in found.values() for file in files) == [
        "Harbour [b] (Europe).iso", "other name.iso",
    ]  # fmt: skip
    assert store.file.run(lambda connection: games_by_serial(connection, ["SLES50001"])) == {"SLES50001": [(1, 0)]}


def test_a_newer_list_of_the_same_name_replaces_the_older(store: Store, index: DatIndex, tmp_path: Path) -> None:
    (old,) = index.add(found_in(write_list(tmp_path / "old.dat", GAMES)), tmp_path / "old.dat")
    newer = write_list(tmp_path / "new.dat", GAMES, version="2026-09-01")
    (new,) = index.add(found_in(newer), newer)
    assert (new.replaced, index.lists(), new.dat.id > old.dat.id) == (old.dat, [new.dat], True)
    assert rows(store) == {"dats": 1, "dat_games": 2, "dat_files": 3, "dat_serials": 1}


def test_lists_of_two_publishers_for_one_system_stay_both(index: DatIndex, tmp_path: Path) -> None:
    for publisher in ("Redump", "MAMERedump"):
        path = write_list(tmp_path / f"{publisher}.dat", GAMES, publisher=publisher)
        index.add(found_in(path), path)
    assert [listed.publisher for listed in index.lists()] == ["Redump", "MAMERedump"]


def test_a_folder_that_is_read_again_gains_and_loses_lists(index: DatIndex, tmp_path: Path) -> None:
    write_list(tmp_path / "a.dat", GAMES)
    write_list(tmp_path / "b.dat", GAMES, name="Sony - PlayStation")
    index.add(found_in(tmp_path), tmp_path)
    (tmp_path / "b.dat").unlink()
    write_list(tmp_path / "c.dat", GAMES, name="Sega - Saturn")
    added, gone = index.renew(found_in(tmp_path), tmp_path)
    assert [(each.dat.system, each.replaced is None) for each in added] == [(System.PS2, False), (System.SATURN, True)]
    assert [each.system for each in gone] == [System.PS1]
    assert [each.system for each in index.lists()] == [System.PS2, System.SATURN]


def test_a_removed_list_leaves_nothing_and_its_number_is_not_given_again(
    store: Store, index: DatIndex, tmp_path: Path
) -> None:
    path = write_list(tmp_path / "a.dat", GAMES)
    (first,) = index.add(found_in(path), path)
    index.remove([first.dat])
    assert set(rows(store).values()) == {0}
    (second,) = index.add(found_in(path), path)
    assert second.dat.id > first.dat.id


def test_a_state_file_of_the_version_before_keeps_its_digests_and_takes_lists(tmp_path: Path) -> None:
    path = tmp_path / "state" / FILE_NAME
    path.parent.mkdir(mode=0o700)
    path.write_bytes(gzip.decompress((STATES / "schema-15.sqlite3.gz").read_bytes()))
    assert struct.unpack_from(">I", path.read_bytes(), 60) == (15,)
    title = some_titles(Path("/games"))[0]
    with Store(path.parent) as store:
        assert store.notices == []
        assert len(store.titles()) == len(some_titles(Path("/games")))
        (digests,) = store.digests.of(title.path, title.identity)
        assert (digests.grade, digests.crc32, digests.tracks) == (Grade.DECODED, "0badf00d", ())
        assert DatIndex(store.file).lists() == []
        list_path = write_list(tmp_path / "a.dat", GAMES)
        DatIndex(store.file).add(found_in(list_path), list_path)
        assert len(DatIndex(store.file).lists()) == 1


TRACKS = (TrackDigest("MODE2/2352", 0, 2352, "00000001", "1" * 40), TrackDigest("AUDIO", 150, 4704, "2" * 8, "2" * 40))


def test_the_digests_of_tracks_are_kept_until_the_bytes_differ(store: Store) -> None:
    title = some_titles(Path("/games"))[0]
    store.digests.save(title.path, title.identity, Digests("aaaaaaaa", tracks=TRACKS))
    store.digests.save(title.path, title.identity, Digests("aaaaaaaa", sha1="b" * 40))
    assert [each.tracks for each in store.digests.of(title.path, title.identity)] == [TRACKS]
    store.digests.save(title.path, title.identity, Digests("cccccccc"))
    assert [each.tracks for each in store.digests.of(title.path, title.identity)] == [()]


@pytest.mark.parametrize("text", ["x", "AUDIO 0 1 zz 11", "AUDIO -1 1 11 11", "AUDIO 0 1 11", ";"])
def test_digests_with_unreadable_tracks_are_left_out(text: str, store: Store) -> None:
    title = some_titles(Path("/games"))[0]
    store.digests.save(title.path, title.identity, Digests("aaaaaaaa", tracks=TRACKS))
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("UPDATE digests SET tracks = ?", (text,))
    assert store.digests.of(title.path, title.identity) == []

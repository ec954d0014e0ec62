"""Where the state file lives, and what becomes of a damaged or newer one."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.errors import StoreError
from discpress.engine.formats import ImageFormat, Method, Settings
from discpress.engine.request import ConversionRequest
from discpress.engine.store import schema
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.migrations import MIGRATIONS
from discpress.engine.store.model import StoredEstimate, Title
from discpress.engine.store.store import Store, state_folder
from discpress.engine.systems import System

GAMES = Path("/games")
IDENTITY = FileIdentity(12, 700_000_000, 1_700_000_000_123_456_789)
TITLE = Title(
    GAMES / "kain.zso", IDENTITY, ImageFormat.ZSO,
    DiscInfo(System.PS2, "SLUS-20024", "Blood Omen 2", "us", 2, 3, "v1.01", ("(USA)", "(v1.01)"), Found.INSIDE),
    1_400_000_000, 16384, 3, 1, 2, "index is cut off",
)  # fmt: skip
ZSO = Settings(ImageFormat.ZSO)
LATER_STEP = (
    "CREATE TABLE jobs (id INTEGER PRIMARY KEY, kind TEXT NOT NULL)",
    "INSERT INTO jobs (kind) VALUES ('made')",
)


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


def test_the_option_comes_before_the_environment(tmp_path: Path) -> None:
    assert state_folder(tmp_path, {"DISCPRESS_STATE": "/elsewhere"}) == tmp_path


def test_the_environment_moves_it() -> None:
    assert state_folder(None, {"DISCPRESS_STATE": "/elsewhere"}) == Path("/elsewhere")


def test_else_it_is_in_the_state_folder() -> None:
    assert state_folder(None, {"DISCPRESS_STATE": ""}).name == "discpress"


def test_folder_and_files_are_for_the_owner_alone(folder: Path) -> None:
    old_umask = os.umask(0)
    try:
        with Store(folder) as store:
            store.save_titles([TITLE])
            modes = {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.iterdir()]}
    finally:
        os.umask(old_umask)
    assert modes.pop("state") == 0o700
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o1777])
def test_a_folder_that_others_may_write_in_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(StoreError, match="other users may write in the state folder"):
        Store(folder)


def test_the_folder_of_another_user_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(StoreError, match="belongs to another user"):
        Store(folder)


def test_a_file_in_the_place_of_the_folder_is_refused(folder: Path) -> None:
    folder.write_bytes(b"")
    with pytest.raises(StoreError, match="not a folder"):
        Store(folder)


def test_a_local_disk_gets_a_write_ahead_log(store: Store) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_network_share_gets_none_and_is_mentioned_once(folder: Path) -> None:
    told = []
    for _ in range(2):
        with Store(folder, is_local=lambda path: False) as store:
            store.save_titles([TITLE])
            told += store.notices
        assert not folder.joinpath("discpress.sqlite3-wal").exists()
    assert len(told) == 1
    assert "a network share" in told[0]


@pytest.mark.parametrize("steps", range(1, len(MIGRATIONS)))
def test_a_file_of_any_earlier_step_is_brought_up_to_date(folder: Path, steps: int) -> None:
    with Store(folder, migrations=MIGRATIONS[:steps]) as older:
        older.file.write(lambda connection: connection.execute("INSERT INTO told VALUES ('kept')"))
    with Store(folder) as store:
        assert store.notices == []
        told = store.file.run(lambda connection: connection.execute("SELECT name FROM told").fetchall())
        assert told == [("kept",)]


def test_a_new_file_is_made_as_every_step_would_make_it(tmp_path: Path) -> None:
    steps = (*MIGRATIONS, LATER_STEP)
    Store(tmp_path / "slow", migrations=steps[:1]).close()
    contents = []
    for name in ("slow", "new"):
        with Store(tmp_path / name, migrations=steps) as store:
            dump = store.file.run(lambda connection: sorted(connection.iterdump()))
            version = store.file.run(lambda connection: connection.execute("PRAGMA user_version").fetchone())
            began = store.file.run(lambda connection: connection.execute("SELECT number FROM title_changes").fetchone())
        contents.append(([line.replace(str(began[0]), "then") for line in dump], version))
    assert contents[0] == contents[1]


def test_a_newer_file_is_set_aside_whole(folder: Path) -> None:
    with Store(folder, migrations=(*MIGRATIONS, LATER_STEP)) as newer:
        newer.save_titles([TITLE])
    with Store(folder) as store:
        assert store.titles() == []
        assert "was written by a newer discpress" in store.notices[0]
        assert "discpress.sqlite3.newer-1" in store.notices[0]
    with closing(sqlite3.connect(folder / "discpress.sqlite3.newer-1")) as connection:
        assert connection.execute("SELECT count(*) FROM titles").fetchone() == (1,)


def test_a_file_that_is_no_database_is_kept_beside_the_new_one(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    garbage = b"no database at all" * 500
    (folder / "discpress.sqlite3").write_bytes(garbage)
    with Store(folder) as store:
        store.save_titles([TITLE])
        assert "is damaged (file is not a database)" in store.notices[0]
    assert (folder / "discpress.sqlite3.damaged-1").read_bytes() == garbage


def test_a_second_damaged_file_gets_its_own_name(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for content in (b"one" * 500, b"two" * 500):
        (folder / "discpress.sqlite3").write_bytes(content)
        Store(folder).close()
    assert (folder / "discpress.sqlite3.damaged-1").read_bytes() == b"one" * 500
    assert (folder / "discpress.sqlite3.damaged-2").read_bytes() == b"two" * 500


def test_a_database_of_something_else_is_set_aside(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "discpress.sqlite3")) as connection:
        connection.execute("CREATE TABLE titles (other TEXT)")
    with Store(folder) as store:
        assert store.titles() == []
        assert "is damaged" in store.notices[0]


def damage(path: Path) -> None:
    """Write over every page that an empty state file does not have: the schema stays."""
    empty = path.parent / "empty"
    Store(empty).close()
    kept_bytes = (empty / path.name).stat().st_size
    with path.open("r+b") as file:
        file.seek(kept_bytes)
        file.write(b"\x55" * (path.stat().st_size - kept_bytes))


def test_a_schema_that_cannot_even_be_quoted_is_damage(folder: Path) -> None:
    Store(folder).close()
    path = folder / "discpress.sqlite3"
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE titles", b"CREATE \x80\x80\x80\x80\x80 titles"))
    with Store(folder) as store:
        assert "is damaged" in store.notices[0]


def test_damage_in_a_small_file_is_found_when_it_is_opened(folder: Path) -> None:
    with Store(folder) as store:
        store.save_titles(make_titles(500))
    damage(store.path)
    with Store(folder) as store:
        assert len(store.notices) == 1


def test_damage_found_by_a_read_is_set_aside_then(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(folder) as store:
        store.save_titles(make_titles(500))
    damage(store.path)
    monkeypatch.setattr(schema, "QUICK_CHECK_MAX_BYTES", 0)
    with Store(folder) as store:
        assert store.notices == []
        assert store.titles() == []
        assert "is damaged" in store.notices[0]
        store.save_titles([TITLE])
        assert store.titles() == [TITLE]


def test_a_state_folder_that_was_removed_is_made_again(folder: Path) -> None:
    with Store(folder) as store:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        store.save_titles([TITLE])
        assert store.titles() == [TITLE]


@pytest.fixture(scope="module")
def sound_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Store(tmp_path_factory.mktemp("sound") / "state") as store:
        store.save_titles(make_titles(60))
        store.save_estimate(IDENTITY, make_estimate())
        store.save_settings(TITLE.path, ConversionRequest(ImageFormat.CHD, 2048, 9, 64, "any", methods=(Method.ZLIB,)))
        store.append_journal("published", {"path": "/games/kain.zso"})
    return store.path


# Header and schema, where a byte does most, as often as anywhere else.
OFFSETS = st.integers(0, 99) | st.integers(0, 2**20)


@pytest.mark.slow
@example(changes=[(18, 3)], length=None)  # the header's write version: read-only to SQLite
@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(st.tuples(OFFSETS, st.integers(0, 255)), max_size=8),
    length=st.none() | st.integers(0, 2**20),
)
def test_a_file_with_any_damage_opens_or_is_set_aside(
    changes: list[tuple[int, int]],
    length: int | None,
    sound_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    content = bytearray(sound_path.read_bytes())
    for offset, value in changes:
        content[offset % len(content)] = value
    if length is not None:
        del content[length % len(content) :]
    folder = tmp_path_factory.mktemp("damaged") / "state"
    folder.mkdir(mode=0o700)
    (folder / "discpress.sqlite3").write_bytes(content)
    with Store(folder) as store:
        store.titles()
        store.journal_entries()
        store.settings_for(TITLE.path)
        store.estimate_for(IDENTITY, ZSO)
        store.save_titles([TITLE])
        assert TITLE in [replace(title, estimate=None, overrides=None) for title in store.titles()]
        set_aside = [path for path in folder.iterdir() if path.suffix.startswith((".damaged-", ".newer-"))]
        told = sum("and a new state file was begun" in notice for notice in store.notices)
        assert told == len([path for path in set_aside if not path.name.endswith(("-wal", "-shm", "-journal"))])


def test_the_cache_of_sqlite_can_be_limited(store: Store) -> None:
    store.file.limit_cache(256)
    assert store.file.run(lambda connection: connection.execute("PRAGMA cache_size").fetchone()) == (-256,)


def test_a_title_below_two_of_the_folders_comes_once(store: Store) -> None:
    store.save_titles([*make_titles(2), replace(TITLE, path=GAMES / "a" / "b.zso")])
    folders = [GAMES / "a", GAMES, GAMES / "a" / "b.zso", Path("/other")]
    found = [title.path for title in store.each_title(folders)]
    assert found == [title.path for title in store.titles()]
    assert len(found) == 3

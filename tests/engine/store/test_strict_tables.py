"""New tables are STRICT, old ones stay as they are, and a wrong value costs its own row whatever the table is."""

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from full_state import fill, some_titles
from hostile_state import Cell, cells, put

from discpress.engine.errors import StoreError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import TaskKind
from discpress.engine.store import schema
from discpress.engine.store.migrations import MIGRATIONS
from discpress.engine.store.store import FILE_NAME, Store

DATA = Path(__file__).parents[2] / "data" / "state"
GAMES = Path("/games")
TITLES = some_titles(GAMES)
NEWER = {"digests", "gone_titles", "dats", "dat_games", "dat_files", "dat_serials", "watched", "shares", "share_locks"}
"""The tables that a later version has made anew."""

BYTES = {"path", "origin", "output_path", "output_folder", "head"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def old_path(folder: Path) -> Path:
    """A file of the version before STRICT tables."""
    folder.mkdir(mode=0o700)
    path = folder / FILE_NAME
    path.write_bytes(gzip.decompress((DATA / "schema-10.sqlite3.gz").read_bytes()))
    return path


def tables(path: Path) -> dict[str, bool]:
    """Every table of ours, and whether it is STRICT."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("PRAGMA table_list").fetchall()
    return {name: bool(strict) for _, name, kind, _, _, strict in rows if kind == "table" and "sqlite_" not in name}


def contents(store: Store) -> dict[str, Any]:
    """All that can be read of what `fill` writes, but for when that was."""
    queue, background_tasks = JobQueue(store), BackgroundTasks(store)
    jobs = queue.jobs()
    return {
        "titles": store.titles(),
        "estimates": [store.estimates_of(title.identity) for title in TITLES],
        "chd": store.estimate_for(TITLES[0].identity, Settings(ImageFormat.ZSO)),
        "digests": [
            (each.grade, each.crc32, each.xxh3, each.sha1)
            for title in TITLES
            for each in store.digests.of(title.path, title.identity)
        ],
        "settings": [store.settings_for(title.path) for title in TITLES],
        "journal": [(entry.kind, entry.payload) for entry in store.journal_entries()],
        "measurements": store.measurements(),
        "empty archives": store.empty_archives(GAMES),
        "jobs": [(job.id, job.task, job.state, job.path, job.result) for job in jobs],
        "logs": [queue.log(job.id) for job in jobs],
        "checkpoints": [(kept.facts, kept.head) for job in jobs if (kept := queue.checkpoint(job.id))],
        "totals": queue.snapshot().totals,
        "worker": queue.worker(),
        "errands": (background_tasks.pending(), background_tasks.failed(TaskKind.SCAN)),
    }


def filled(folder: Path, output_folder: Path = Path("/out [b]")) -> dict[str, Any]:
    with Store(folder) as store:
        fill(store, TITLES, output_folder)
        return contents(store)


def test_every_table_of_a_new_file_is_strict(folder: Path) -> None:
    Store(folder).close()
    found = tables(folder / FILE_NAME)
    assert len(found) >= 15
    assert {name for name, is_strict in found.items() if not is_strict} == set()


def test_sqlite_refuses_a_value_of_another_type_in_a_new_file(folder: Path) -> None:
    filled(folder)
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        for cell in cells(folder / FILE_NAME):
            if not cell.table.startswith("sqlite_") and cell.row == 0:
                is_bytes = cell.column in BYTES or (cell.table, cell.column) == ("dat_files", "sha1")
                value = "'abc'" if is_bytes else "x'ff'"
                with pytest.raises(sqlite3.IntegrityError, match=r"cannot store|CHECK|datatype"):
                    connection.execute(f"UPDATE {cell.table} SET {cell.column} = {_wrong(cell, value)}")


def _wrong(cell: Cell, value: str) -> str:
    # Names may be bytes.
    return "5" if (cell.table, cell.column) in {("titles", name) for name in NAMES} else value


NAMES = ("system", "serial", "title", "region", "error")


def test_a_file_of_the_version_before_is_read_whole_and_stays_plain(old_path: Path, tmp_path: Path) -> None:
    # Archives without an image are searched again, because this version recognises more in them.
    expected = filled(tmp_path / "new") | {"empty archives": {}}
    with Store(old_path.parent) as store:
        assert (store.notices, contents(store)) == ([], expected)
    assert {name for name, is_strict in tables(old_path).items() if is_strict} == NEWER


def test_a_file_of_the_version_before_is_written_into(old_path: Path) -> None:
    with Store(old_path.parent) as store:
        fill(store, TITLES, Path("/out"))
        assert len(JobQueue(store).jobs()) == 14


def test_a_new_table_of_an_old_file_is_strict(old_path: Path) -> None:
    later = (*MIGRATIONS, ("CREATE TABLE later (id INTEGER PRIMARY KEY, name TEXT NOT NULL)",))
    Store(old_path.parent, migrations=later).close()
    with Store(old_path.parent, migrations=later) as store:
        assert store.notices == []
    assert [name for name, is_strict in tables(old_path).items() if is_strict and name not in NEWER] == ["later"]


def test_the_version_before_keeps_a_new_file_as_one_of_a_newer_version(folder: Path) -> None:
    filled(folder)
    with Store(folder, migrations=MIGRATIONS[:-1]) as older:
        assert "was written by a newer discpress" in older.notices[0]
    assert (folder / f"{FILE_NAME}.newer-1").is_file()


def test_an_old_sqlite_makes_plain_tables_that_a_new_one_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema, "makes_strict_tables", lambda: False)
        known = filled(folder)
    assert set(tables(folder / FILE_NAME).values()) == {False}
    with Store(folder) as store:
        assert (store.notices, contents(store)) == ([], known)


def test_an_old_sqlite_leaves_a_file_with_strict_tables_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(folder).close()
    path = folder / FILE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA writable_schema = ON")
        # What STRICT is to an SQLite before 3.37.
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'STRICT', 'LENIENT') WHERE name = 'titles'")
    content = path.read_bytes()
    monkeypatch.setattr(schema, "makes_strict_tables", lambda: False)
    with pytest.raises(StoreError, match=r"its tables need SQLite 3\.37, this Python has ") as caught:
        Store(folder)
    assert "start discpress with the Python" in caught.value.hint
    assert path.read_bytes() == content


@pytest.mark.parametrize("value", ["NULL", "'abc'", "x'ff'", "5", "CAST(x'ff' AS TEXT)", "9e999"])
@pytest.mark.parametrize("column", ["original_bytes", "tags", "links", "identity"])
def test_a_wrong_value_costs_its_row_and_not_the_file(folder: Path, column: str, value: str) -> None:
    filled(folder)
    is_sound = (column, value) in {("original_bytes", "5"), ("links", "5")}
    assert put(folder / FILE_NAME, Cell("titles", column, 1), value)
    with Store(folder) as store:
        found = [title.path for title in store.titles()]
        assert found == sorted(title.path for title in TITLES if is_sound or title is not sorted_titles()[1])
        assert any("1 title cannot be read" in notice for notice in store.take_notices()) is not is_sound
        assert store.settings_for(TITLES[0].path) is not None


def sorted_titles() -> list[Any]:
    return sorted(TITLES, key=lambda title: str(title.path).encode(errors="surrogateescape"))


def test_names_that_are_not_utf_8_come_back_from_strict_tables(folder: Path) -> None:
    filled(folder)
    with Store(folder) as store:
        assert "bad \udcff" in {title.title for title in store.titles()}

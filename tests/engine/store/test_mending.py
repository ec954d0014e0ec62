"""Rows of STRICT tables that damage has given a wrong type can be changed again, and hold no more sense than before."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from full_state import fill, some_titles
from hostile_state import Cell, put

from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.queue.jobs import Action, JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.store.numbering import next_number
from discpress.engine.store.store import FILE_NAME, Store
from discpress.engine.store.title_changes import changes_since

GAMES = Path("/games")
TITLES = some_titles(GAMES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file whose tables are STRICT, with something in each."""
    with Store(tmp_path) as store:
        fill(store, TITLES, Path("/out"))
    return tmp_path / FILE_NAME


def value_of(path: Path, cell: Cell) -> object:
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        rows = connection.execute(f"SELECT {cell.column} FROM {cell.table} ORDER BY id").fetchall()
        return rows[cell.row][0]


@pytest.mark.parametrize(
    ("column", "value", "kept", "is_readable"),
    [
        ("wish", "x'7bff'", b"{\xff", False),
        ("batch", "5", b"5", True),
        ("output_folder", "'/out'", b"/out", True),
        ("output_folder", "5", b"5", False),
        ("gain_bytes", "'much'", -(2**63), False),
        ("created_at", "'noon'", float("-inf"), False),
        ("reached_bytes", "x'ff'", -(2**63), True),
    ],
)
def test_a_job_with_a_value_of_a_wrong_type_can_be_changed(
    path: Path, column: str, value: str, kept: object, is_readable: bool
) -> None:
    """Job 7 waits in the queue; one transaction changes it and those that are sound."""
    cell = Cell("queue_jobs", column, 6)
    assert put(path, cell, value)
    with Store(path.parent) as store:
        queue = JobQueue(store)
        assert queue.ask([4, 7], Action.CANCEL) == [4, 7]
        assert [queue.job(number).state for number in (4, 7)] == [JobState.CANCELLED] * 2
        assert bool(queue.job(7).fault) is not is_readable
        assert store.take_notices() == []
    assert value_of(path, cell) == kept


@pytest.mark.parametrize("column", ["revision", "hold"])
def test_the_queue_can_be_written_whatever_its_state_holds(path: Path, column: str) -> None:
    assert put(path, Cell("queue_state", column, 0), "x'ff'")
    with Store(path.parent) as store:
        queue = JobQueue(store)
        before = queue.snapshot()
        assert queue.ask([7], Action.PAUSE) == [7]
        queue.set_hold("the disk is full")
        after = queue.snapshot()
        assert (before.waiting_reason, after.waiting_reason, after.totals.paused) == ("", "the disk is full", 2)


@pytest.mark.parametrize("value", ["'/games/x.iso'", "5", "CAST(x'ff' AS TEXT)"])
def test_an_estimate_is_kept_though_a_title_of_that_content_has_no_path(path: Path, value: str) -> None:
    assert put(path, Cell("titles", "path", 0), value)
    with Store(path.parent) as store:
        for title in TITLES:
            estimate = store.estimate_for(title.identity, Settings(title.format or ImageFormat.ISO))
            for each in [estimate] if estimate else store.estimates_of(title.identity):
                store.save_estimate(title.identity, each)
        assert len(store.titles()) == len(TITLES) - 1


def test_changes_go_on_after_the_largest_number(path: Path) -> None:
    """Of a table without AUTOINCREMENT SQLite numbers the next row at random then."""
    assert put(path, Cell("title_changes", "number", 0), str(2**63 - 1))
    with Store(path.parent) as store:
        first = store.changes_since(0)
        assert first.paths is None
        store.save_titles(TITLES[:1])
        second = store.changes_since(first.number)
        assert (second.paths, second.number > first.number) == (frozenset({TITLES[0].path}), True)
        assert store.file.run(lambda connection: changes_since(connection, second.number)).paths == frozenset()


@pytest.mark.parametrize("number", [2**63 - 1, 10**15 + 1, -5])
def test_a_number_that_was_never_given_gives_no_next_one(path: Path, number: int) -> None:
    assert put(path, Cell("measurements", "id", 1), str(number))
    for row in range(3):
        assert put(path, Cell("sqlite_sequence", "seq", row), str(number))
    with Store(path.parent) as store:
        assert store.file.run(lambda connection: next_number(connection, "measurements")) == 2
        store.save_measurement(store.measurements()[0])
        assert len(store.measurements()) == 3

"""A state file whose identities contain the device loses no title, setting, estimate, digest or job."""

import gzip
import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from full_state import GONE, add_every_kind, fill, some_titles
from hostile_state import VALUES, Cell, put

from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.library.scan.refresh import refresh
from discpress.engine.queue.background import BackgroundTasks
from discpress.engine.queue.jobs import JobState
from discpress.engine.queue.queue import JobQueue
from discpress.engine.queue.tasks.kinds import JOB_KINDS, TaskKind
from discpress.engine.queue.tasks.records import ConvertTask
from discpress.engine.request import ConversionRequest
from discpress.engine.store.digests import Grade
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Fault
from discpress.engine.store.store import FILE_NAME, Store
from discpress.engine.worker.checkpoint_store import JobCheckpointStore

DATA = Path(__file__).parents[2] / "data" / "state"
GAMES = Path("/games")
TITLES = some_titles(GAMES)


@pytest.fixture
def old_path(tmp_path: Path) -> Path:
    path = tmp_path / "state" / FILE_NAME
    path.parent.mkdir(mode=0o700)
    path.write_bytes(gzip.decompress((DATA / "schema-12.sqlite3.gz").read_bytes()))
    return path


def change(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_every_title_comes_back_with_its_settings(old_path: Path) -> None:
    with Store(old_path.parent) as store:
        titles = store.titles()
        assert store.notices == []
    assert [title.path.name for title in titles] == sorted((each.path.name for each in TITLES), key=os.fsencode)
    assert {title.identity.ino for title in titles} == {10, 11, 12, 13}
    assert {(title.device, title.inode - title.identity.ino) for title in titles} == {(66, 0)}
    assert [title.overrides for title in titles if title.overrides] != []
    assert {title.path: title.overrides for title in titles}[TITLES[1].path] == ConversionRequest(level=3)


def test_no_stored_identity_contains_a_device(old_path: Path) -> None:
    Store(old_path.parent).close()
    with closing(sqlite3.connect(old_path)) as connection:
        for table in ("titles", "estimates", "digests", "measurements"):
            found = [identity for (identity,) in connection.execute(f"SELECT identity FROM {table}")]
            assert found, table
            assert all(len(each.split()) == 3 and each.split()[0] != "66" for each in found), table


def test_estimates_measurements_and_digests_are_those_of_the_titles(old_path: Path) -> None:
    with Store(old_path.parent) as store:
        for title in TITLES:
            assert len(store.estimates_of(title.identity)) == 2
            (digests,) = store.digests.of(title.path, title.identity)
            assert (digests.grade, digests.crc32, digests.sha1) == (Grade.DECODED, "0badf00d", "bb" * 20)
        assert len(store.measurements(identity=TITLES[0].identity)) == 2
        assert store.estimate_for(TITLES[0].identity, Settings(ImageFormat.ZSO)) is not None


def test_of_two_estimates_under_two_devices_the_one_from_more_bytes_stays(old_path: Path) -> None:
    columns = "format, block_size, level, alignment, methods, target, original_bytes"
    rest = "low_bytes, high_bytes, sampled_bytes"
    change(
        old_path,
        f"INSERT INTO estimates SELECT '67' || substr(identity, 3), {columns}, 111, {rest} + 1, advice, reason,"
        " seconds, at - 9, seek_us FROM estimates",
    )
    with Store(old_path.parent) as store:
        assert [each.packed_bytes for each in store.estimates_of(TITLES[0].identity)] == [111, 111]


def test_digests_without_a_title_are_shown_and_prove_nothing(old_path: Path) -> None:
    change(old_path, "DELETE FROM titles")
    with Store(old_path.parent) as store:
        (digests,) = store.digests.of(TITLES[0].path, TITLES[0].identity)
    assert (digests.grade, digests.crc32) == (Grade.FOLLOWED, "0badf00d")


NEWER_KINDS = {TaskKind.REPAIR, TaskKind.DUPLICATES, TaskKind.DEPLOY}


def test_jobs_of_each_kind_are_the_same(old_path: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "new") as store:
        fill(store, TITLES, Path("/out [b]"))
        add_every_kind(store, TITLES)
        expected = [(job.id, job.kind, job.state, job.path, job.task) for job in JobQueue(store).jobs()]
    with Store(old_path.parent) as store:
        jobs = JobQueue(store).jobs()
        assert [(job.id, job.kind, job.state, job.path, job.task) for job in jobs] == expected
        assert {job.kind for job in jobs} == JOB_KINDS - NEWER_KINDS
        assert Counter(job.state for job in jobs)[JobState.QUEUED] == 11
        assert BackgroundTasks(store).pending(TaskKind.ESTIMATE) == 4
        away = next(job for job in jobs if job.output_folder == GONE)
        assert isinstance(away.task, ConvertTask)
        assert away.task.request == ConversionRequest(ImageFormat.CSO)


def test_a_checkpoint_is_still_there(old_path: Path) -> None:
    with Store(old_path.parent) as store:
        queue = JobQueue(store)
        found = [JobCheckpointStore(queue, job.id).load() for job in queue.jobs([JobState.QUEUED])]
    (checkpoint,) = [each for each in found if each is not None]
    assert checkpoint.identity[-4:] == (10, 700_000_000, 1_700_000_000_123_456_789, 1_700_000_001_000_000_000)


def put_a_real_file(old_path: Path, folder: Path) -> Path:
    """Let the first title be a file, known under another device and an inode that it no longer has."""
    game = folder / "Okami [t-en by X] [red].iso"
    folder.mkdir()
    game.write_bytes(bytes(2048))
    facts = game.stat()
    old, new = "66 10 700000000 1700000000123456789", f"99 4711 {facts.st_size} {facts.st_mtime_ns}"
    for table in ("titles", "estimates", "digests"):
        change(old_path, f"UPDATE {table} SET identity = ? WHERE identity = ?", new, old)
    for table in ("titles", "title_settings"):
        change(old_path, f"UPDATE {table} SET path = ? WHERE path = ?", os.fsencode(game), os.fsencode(TITLES[0].path))
    return game


@pytest.mark.parametrize("is_unknown", [False, True])
def test_a_scan_of_a_migrated_library_keeps_all_of_a_file(
    is_unknown: bool, old_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read again, because no version before checked it; also one that this version can identify better."""
    game = put_a_real_file(old_path, tmp_path / "games")
    change(old_path, "UPDATE titles SET serial = ''")
    if is_unknown:
        change(old_path, "UPDATE titles SET system = 'unknown'")
    monkeypatch.setattr("discpress.engine.system.filesystems._STABLE_INODES", set())
    with Store(old_path.parent) as store:
        for _ in refresh(store, [game.parent], lambda: None):
            pass
        (title,) = store.titles([game.parent])
        facts = game.stat()
        assert title.identity == FileIdentity(0, facts.st_size, facts.st_mtime_ns)
        assert (title.device, title.fault) == (facts.st_dev, Fault.NO_DISC)
        assert len(store.estimates_of(title.identity)) == 2
        assert [each.grade for each in store.digests.of(game, title.identity)] == [Grade.DECODED]
        assert title.overrides is not None


WRONG = [
    ("titles", "path", "text"), ("titles", "links", "text"), ("titles", "identity", "bytes"),
    ("estimates", "format", "bytes"), ("estimates", "packed_bytes", "text"), ("digests", "crc32", "bytes"),
    ("measurements", "identity", "bytes"), ("empty_archives", "path", "numbers without an end"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "value"), WRONG)
def test_a_wrong_value_costs_no_more_than_its_row(old_path: Path, table: str, column: str, value: str) -> None:
    put(old_path, Cell(table, column, 0), VALUES[value])
    with Store(old_path.parent) as store:
        assert store.notices == []
        assert len(JobQueue(store).jobs()) == 17
        assert len(store.titles()) >= 3

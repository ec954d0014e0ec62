"""Several processes at one state file: beginning, migrating and leaving it together."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from patience import HANG_S

from discpress import engine
from discpress.engine.discs.info import DiscInfo, Found
from discpress.engine.errors import StoreError
from discpress.engine.formats import ImageFormat, Settings
from discpress.engine.store import schema
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.migrations import MIGRATIONS, Migrations
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.systems import System

pytestmark = pytest.mark.slow

ROOT = Path(engine.__file__ or "").parent.parent
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


CHILD = """
import sys
from pathlib import Path
from discpress.engine.store.store import Store
from discpress.engine.store import schema
from discpress.engine.store.migrations import MIGRATIONS, Migrations
from discpress.engine.store.model import FileIdentity, Title
folder, name, later = Path(sys.argv[1]), sys.argv[2], eval(sys.argv[3])
schema.BUSY_TIMEOUT_S = schema.OPEN_TIMEOUT_S = float(sys.argv[4])
def meet():
    print("ready", flush=True)
    sys.stdin.readline()
meet()
with Store(folder, migrations=MIGRATIONS + later) as store:
    for number in range(20):
        store.save_titles([Title(Path(f"/games/{name}/{number}.iso"), FileIdentity(number, 5, 6), None)])
        store.append_journal("published", {"by": name})
    meet()
    store.save_titles([Title(Path(f"/games/{name}/last.iso"), FileIdentity(99, 5, 6), None)])
    print(len(store.notices), flush=True)
"""


class Child:
    """A process with the store open, that stops twice until it is let go."""

    def __init__(self, folder: Path, name: str, later: Migrations = ()) -> None:
        command = [sys.executable, "-c", CHILD, str(folder), name, repr(later), str(HANG_S)]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
        )
        self.expect("ready")

    def expect(self, word: str) -> None:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line == word, self.process.communicate()[1]

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> str:
        out, complaints = self.process.communicate("\n")
        assert self.process.returncode == 0, complaints
        return out.strip()


def run_together(folder: Path, number: int, later: Migrations = ()) -> None:
    children = [Child(folder, str(index), later) for index in range(number)]
    for child in children:
        child.go()
    for child in children:
        child.expect("ready")
    assert [child.end() for child in children] == ["0"] * number


def test_processes_that_begin_a_store_together_lose_nothing(folder: Path) -> None:
    run_together(folder, 4)
    with Store(folder) as store:
        assert (len(store.titles()), len(store.journal_entries())) == (4 * 21, 4 * 20)


def test_processes_that_migrate_together_do_it_once(folder: Path) -> None:
    with Store(folder) as store:
        store.save_titles([TITLE])
    run_together(folder, 4, (LATER_STEP,))
    with closing(sqlite3.connect(folder / "discpress.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM titles").fetchone() == (4 * 21 + 1,)


def test_a_migration_that_fails_leaves_the_old_schema_aside(folder: Path) -> None:
    broken: Migrations = (*MIGRATIONS, (LATER_STEP[0], "nonsense"))
    Store(folder).close()
    with pytest.raises(StoreError, match="a new state file cannot be used"):
        Store(folder, migrations=broken)
    with closing(sqlite3.connect(folder / "discpress.sqlite3.damaged-1")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'").fetchone() == (0,)


def test_a_writer_that_keeps_the_file_busy_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "BUSY_TIMEOUT_S", 0.01)
    with Store(folder) as store, closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="database is locked") as caught:
            store.save_titles([TITLE])
        other.execute("ROLLBACK")
        assert "another discpress" in caught.value.hint
        store.save_titles([TITLE])
        assert store.titles() == [TITLE]


def test_a_process_with_the_old_file_open_follows_to_the_new_one(folder: Path) -> None:
    child = Child(folder, "other")
    child.go()
    child.expect("ready")
    Store(folder, migrations=(*MIGRATIONS, LATER_STEP)).close()
    with Store(folder) as store:
        assert "newer" in store.notices[0]
        store.save_titles([TITLE])
        assert child.end() == "0"
        assert [title.path.name for title in store.titles()] == ["kain.zso", "last.iso"]
    with Store(folder) as store:
        assert len(store.titles()) == 2


def test_what_was_written_before_the_file_was_set_aside_is_kept_with_it(folder: Path) -> None:
    child = Child(folder, "other")
    child.go()
    child.expect("ready")
    Store(folder, migrations=(*MIGRATIONS, LATER_STEP)).close()
    Store(folder).close()
    child.end()
    with closing(sqlite3.connect(folder / "discpress.sqlite3.newer-1")) as connection:
        assert connection.execute("SELECT count(*) FROM titles").fetchone() == (20,)

"""Opening, migration and setting aside of state files.

A state file is opened under a lock file. Of several processes, one creates, migrates or sets it aside, and the others
find that done. Each migration is one transaction that reads `user_version` again after BEGIN IMMEDIATE.
"""

import contextlib
import errno
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from xxhash import xxh3_64_hexdigest

from discpress.engine.errors import StoreError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store.mending import drop_unkeyed, is_of_wrong_type, mend
from discpress.engine.store.migrations import MIGRATIONS, SCHEMA_CHECKSUM, STRICT_SINCE, Migrations, strict
from discpress.engine.system.filesystems import filesystem_of
from discpress.engine.system.lock_files import held_lock_file
from discpress.engine.system.rename import rename_new

ELSEWHERE_HINT = "give another folder with --state or DISCPRESS_STATE"
BUSY_TIMEOUT_S = 5.0
OPEN_TIMEOUT_S = 30.0  # a migration by another process may take a while on a slow disk
QUICK_CHECK_MAX_BYTES = 16 * 1024 * 1024  # 2 ms a MB with a warm cache: 20,000 titles are 6 MB

_BESIDE = ("-wal", "-shm", "-journal", "")
"""The database comes last: if this is interrupted, the next opening finds it and continues."""

# Faults of the system, not of the file: result codes of https://sqlite.org/rescode.html.
_TROUBLE = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_READONLY,
}  # fmt: skip
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NOT_TEXT = "Could not decode to UTF-8"  # Python's own error, without a code
_UNKNOWN_SYNTAX = "malformed database schema"
_OF_ONE_ROW = re.compile(r"(?:NULL|TEXT|NUMERIC|non-[A-Z]+) value in |CHECK constraint failed in ")
"""Reports of `PRAGMA quick_check` about one cell: the file is sound, and the reader of the row checks the cell."""
_MOST_REPORTS = 1_000_000
_OF_FIRST_ROW = re.compile(r"INSERT INTO \w+ (?:\([\w, ]+\) )?VALUES ")

Objects: TypeAlias = Mapping[tuple[str, str], str | None]
"""The statements that created the objects of a file, by kind and name, oldest first; None for the index of a key."""


class DamagedStoreError(Exception):
    """The file is not, or no longer, a state file of discpress; caught by the caller that sets it aside."""


class NewerStoreError(Exception):
    """The file was written by a newer discpress; caught by the caller that sets it aside."""


def is_local(path: Path) -> bool:
    """Return whether the file system has working shared memory and locks: not a network share."""
    return not filesystem_of(path).is_remote


def connect(path: Path, synchronous: str) -> sqlite3.Connection:
    """Open one connection for use by any thread, one at a time."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA synchronous={synchronous}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def opening_lock(path: Path) -> Iterator[None]:
    """Hold the lock for creating, migrating and setting aside state files. Raises StoreError after 30 s."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(held_lock_file(path.with_name(f"{path.name}.lock"), OPEN_TIMEOUT_S))
        except TimeoutError as error:
            raise StoreError(
                f"{display_name(path)}: another discpress has been opening it for {OPEN_TIMEOUT_S:.0f} s",
                hint=f"wait until it ends, or {ELSEWHERE_HINT}",
            ) from error
        except OSError as error:
            refusal = from_os_error(error, path, "lock the state file")
            if error.errno == errno.EROFS:
                refusal.hint = f"the file system is mounted read-only: {ELSEWHERE_HINT}"
            raise refusal from error
        yield


def migrate(connection: sqlite3.Connection, migrations: Migrations) -> None:
    """Bring the schema up to date. Raises NewerStoreError or DamagedStoreError if that is impossible."""
    if _is_empty(connection):
        with immediate(connection):
            if _is_empty(connection):
                _build(connection, migrations)
    for number, statements in enumerate(migrations, start=1):
        if _user_version(connection) >= number:
            continue
        with immediate(connection):
            if _user_version(connection) < number:
                _step(connection, number, statements)
    version = _user_version(connection)
    if version > len(migrations):
        raise NewerStoreError(f"schema {version}, this discpress knows {len(migrations)}")
    if version < 0 or not _has_tables(connection, migrations):
        raise DamagedStoreError("its tables are not those of a state file")


def _has_tables(connection: sqlite3.Connection, migrations: Migrations) -> bool:
    """Return whether each object is as the migrations leave it: STRICT, or plain in the file of an older version."""
    present = objects_of(connection)
    if migrations is MIGRATIONS and checksum(present) == SCHEMA_CHECKSUM:
        return True
    wrong = _unlike(present, _migrated(migrations, has_strict=makes_strict_tables()))
    return not (wrong and wrong & _unlike(present, _migrated(migrations, has_strict=False)))


def checksum(objects: Objects) -> str:
    """Return a number for the objects of a file, in any order."""
    return xxh3_64_hexdigest("\n".join(sorted(map(repr, objects.items()))).encode())


def _unlike(present: Objects, expected: Objects) -> set[tuple[str, str]]:
    return {key for key, statement in expected.items() if present.get(key, "") != statement}


def _is_empty(connection: sqlite3.Connection) -> bool:
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return bool(objects == 0) and _user_version(connection) == 0


def _build(connection: sqlite3.Connection, migrations: Migrations) -> None:
    """Create what all migrations lead to, in a quarter of their time: nothing needs to be moved or dropped again."""
    made: dict[bool, list[str]] = {True: [], False: []}
    for (kind, name), statement in _migrated(migrations, has_strict=makes_strict_tables()).items():
        if statement is not None and not name.startswith("sqlite_"):
            made[kind == "table"].append(statement)
    rows = [each for statements in migrations for each in statements if _OF_FIRST_ROW.match(each)]
    for statement in (*made[True], *rows, *made[False]):  # no trigger sees the rows
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version={len(migrations)}")


def _step(connection: sqlite3.Connection, number: int, statements: Sequence[str]) -> None:
    for each in statements:
        statement = strict(each) if makes_strict_tables() else each
        for repair in (mend, drop_unkeyed, None):
            try:
                connection.execute(statement)
                break
            except sqlite3.IntegrityError as error:  # one wrong cell must not cost the whole file
                if repair is None or not is_of_wrong_type(error):
                    raise
                repair(connection, error)
    connection.execute(f"PRAGMA user_version={number}")


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise DamagedStoreError if a small file is malformed inside; a large one is trusted until it is read.

    A value of the wrong type is not damage of the file: only its own row is lost.
    """
    if path.stat().st_size > QUICK_CHECK_MAX_BYTES:
        return
    for (answer,) in connection.execute(f"PRAGMA quick_check({_MOST_REPORTS})"):
        if answer != "ok" and _OF_ONE_ROW.match(answer) is None:
            raise DamagedStoreError(str(answer))


def choose_journal(connection: sqlite3.Connection, path: Path, local: Callable[[Path], bool]) -> bool:
    """Set WAL on a local file system, TRUNCATE elsewhere; return whether the mode is now WAL."""
    wanted = "wal" if local(path.parent) else "truncate"
    for mode in dict.fromkeys((wanted, "truncate")):
        # The mode cannot change while others use the file: their mode then applies.
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute(f"PRAGMA journal_mode={mode}")
        (answer,) = connection.execute("PRAGMA journal_mode").fetchone()
        if answer == mode:
            break
    return bool(answer == "wal")


def set_aside(path: Path, why: str) -> Path:
    """Rename the state file and its companions to the first free `NAME.<why>-<number>`; return the new path.

    Call it with the opening lock held and no connection of this process open.
    """
    number = 1
    while any(os.path.lexists(f"{path}.{why}-{number}{suffix}") for suffix in _BESIDE):
        number += 1
    aside = path.with_name(f"{path.name}.{why}-{number}")
    for suffix in _BESIDE:
        with contextlib.suppress(FileNotFoundError):
            rename_new(path.with_name(path.name + suffix), aside.with_name(aside.name + suffix))
    return aside


def is_damage(error: sqlite3.DatabaseError | UnicodeDecodeError, path: Path, *, opening: bool) -> bool:
    """Return whether the file is to blame. While opening, this includes SQL that fails: the tables are foreign."""
    if isinstance(error, UnicodeDecodeError):
        return True  # SQLite quoted a damaged schema in a message that Python could not decode
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_READONLY:
        # A flipped version byte in the header makes SQLite open a file read-only that the system lets us write.
        return code == primary and os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if is_too_new_for_sqlite(error):
        return False
    if primary in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return True
    return opening and primary not in _TROUBLE


def makes_strict_tables() -> bool:
    """Return whether SQLite is new enough for STRICT tables."""
    return sqlite3.sqlite_version_info >= STRICT_SINCE


def is_too_new_for_sqlite(error: Exception) -> bool:
    """Return whether an old SQLite does not understand the tables of a file, which may otherwise be sound."""
    return not makes_strict_tables() and str(error).startswith(_UNKNOWN_SYNTAX)


def is_not_text(error: Exception) -> bool:
    """Return whether a cell contains text that is not UTF-8."""
    return str(error).startswith(_NOT_TEXT)


@contextlib.contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Run one writing transaction: BEGIN IMMEDIATE, then COMMIT, or ROLLBACK on any exception."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # some errors have rolled back already
            connection.execute("ROLLBACK")
        raise


def is_old(connection: sqlite3.Connection, migrations: Migrations) -> bool:
    """Return whether an older version wrote the file, so that migrations are pending."""
    return 0 < _user_version(connection) < len(migrations)


def _user_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def objects_of(connection: sqlite3.Connection) -> Objects:
    """Return the objects of a file."""
    return {(kind, name): sql for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master")}


@lru_cache(maxsize=16)
def _migrated(migrations: Migrations, *, has_strict: bool) -> Objects:
    """Return the objects that the migrations lead to."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("BEGIN")  # one for all is faster
        for statement in (statement for statements in migrations for statement in statements):
            connection.execute(strict(statement) if has_strict else statement)
        return objects_of(connection)

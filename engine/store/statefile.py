"""One SQLite file shared by several processes: opened, followed, and set aside if it is damaged or newer."""

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from discpress.engine.errors import StoreError, StoreFullError, from_os_error
from discpress.engine.names import display_name
from discpress.engine.store import mending, schema
from discpress.engine.store.migrations import STRICT_SINCE, Migrations
from discpress.engine.store.rows.checked import Row, text_or_bytes
from discpress.engine.store.worker_lock import stop_worker, worker_lock
from discpress.engine.system.filesystems import free_bytes
from discpress.engine.system.folders import PRIVATE, make_folder
from discpress.engine.units import KIB

T = TypeVar("T")
Values: TypeAlias = Sequence[Any] | Mapping[str, Any]

_FILE_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
_NOWHERE = (-1, -1)
_LEAST_BYTES = 256 * KIB
"""A write that fails with less free space failed for lack of space: the shared memory of a WAL alone takes 32 KiB."""


def prepare_folder(folder: Path) -> None:
    """Create the folder for its owner alone. Raises StoreError if others own it or may write in it (POSIX)."""
    name = display_name(folder)
    try:
        make_folder(folder, PRIVATE)
        facts = folder.stat()
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(f"{name}: not a folder", hint=schema.ELSEWHERE_HINT) from error
    except OSError as error:
        raise from_os_error(error, folder, "make the state folder") from error
    if not hasattr(os, "geteuid"):
        return
    if facts.st_uid != os.geteuid():
        raise StoreError(f"{name}: the state folder belongs to another user", hint=schema.ELSEWHERE_HINT)
    if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StoreError(
            f"{name}: other users may write in the state folder; only its owner may",
            hint=f"run chmod go-w on it, or {schema.ELSEWHERE_HINT}",
        )


class StateFile:
    """Two connections to one file: an ordinary one (synchronous=NORMAL), and one for the journal (FULL).

    Any thread may call it: a lock admits one at a time. Every call first checks whether the path still leads to the
    opened file (1 us). If another process has set that file aside, it opens the new one.
    """

    def __init__(
        self,
        path: Path,
        *,
        is_local: Callable[[Path], bool],
        migrations: Migrations,
        is_worker: bool,
        tell: Callable[[str], None] | None,
    ) -> None:
        self.path = path
        self._is_worker = is_worker
        self.notices: list[str] = []
        self._tell = tell or self.notices.append
        self._told: set[str] = set()
        self._is_local = is_local
        self._migrations = migrations
        self._lock = threading.RLock()
        self._closed = False
        self._opened_id: tuple[int, int] | None = _NOWHERE
        self._times_opened = 0
        self._open()

    def close(self) -> None:
        """Close both connections; a second time does nothing."""
        with self._lock:
            self._closed = True
            self._disconnect()

    def limit_cache(self, kib: int) -> None:
        """Let SQLite keep at most so many KiB of the file in memory, of 2,000; until the file is opened anew."""
        self.run(lambda connection: connection.execute(f"PRAGMA cache_size=-{kib:d}"))

    def data_version(self) -> tuple[int, int, int]:
        """Return a value that changes with every commit by anyone: PRAGMA data_version alone leaves out our own."""

        def read(connection: sqlite3.Connection) -> tuple[int, int, int]:
            (version,) = connection.execute("PRAGMA data_version").fetchone()
            return self._times_opened, int(version), connection.total_changes

        return self.run(read)

    def run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """Call `operation` with the ordinary connection; call it again if the cause of a failure can be repaired.

        A damaged file is set aside for a new one. Text that is not UTF-8 is read as `NotText` from then on. A value of
        the wrong type is mended in a row that is to be changed.
        """
        with self._lock:
            if self._closed:
                raise StoreError(f"{display_name(self.path)}: the state file is closed")
            if self._file_id() != self._opened_id:
                self._reopen("")
            tried: set[str] = set()
            while True:
                try:
                    return operation(self._connection)
                except sqlite3.ProgrammingError:
                    raise  # an error in our own calls
                except _FILE_ERRORS as error:
                    self._put_right(error, tried)

    def rows(self, query: str, values: Values = ()) -> list[Row]:
        """Return all rows of a query."""
        return self.run(lambda connection: connection.execute(query, values).fetchall())

    def row(self, query: str, values: Values = ()) -> Row | None:
        """Return the first row of a query; None if it has none."""
        return next(iter(self.rows(query, values)), None)

    def value(self, query: str, values: Values = ()) -> Any:
        """Return the first cell of a query that always has a row."""
        return self.rows(query, values)[0][0]

    def _put_right(self, error: sqlite3.DatabaseError | UnicodeDecodeError, tried: set[str]) -> None:
        """Repair the cause of a failed operation, each kind once. Raises StoreError for any other cause."""
        if schema.is_not_text(error) and "text" not in tried:
            tried.add("text")
            # This is slower, so files whose text is all UTF-8 do without it.
            self._connection.text_factory = self._journal.text_factory = text_or_bytes
        elif mending.is_of_wrong_type(error) and "type" not in tried:
            tried.add("type")
            self._mend(error)
        elif schema.is_damage(error, self.path, opening=False) and "damage" not in tried:
            tried.add("damage")
            self._reopen(str(error))
        else:
            raise self._refusal(error) from error

    def _mend(self, error: Exception) -> None:
        try:
            with schema.immediate(self._connection):
                mending.mend(self._connection, error)
        except _FILE_ERRORS as failure:
            raise self._refusal(failure) from failure

    def write(self, operation: Callable[[sqlite3.Connection], T], *, durable: bool = False) -> T:
        """Call `operation` in one writing transaction; durable: it is on the disk when this returns."""

        def transaction(connection: sqlite3.Connection) -> T:
            with schema.immediate(self._journal if durable else connection) as writer:
                return operation(writer)

        return self.run(transaction)

    def warn(self, notice: str) -> None:
        """Warn the user about unreadable content of the file; the same sentence once."""
        if notice not in self._told:
            self._told.add(notice)
            self._tell(notice)

    def _disconnect(self) -> None:
        self._journal.close()
        self._connection.close()

    def _reopen(self, damage: str) -> None:
        self._disconnect()
        # If opening fails, the next call tries again.
        damaged_id, self._opened_id = self._opened_id if damage else None, _NOWHERE
        self._open(damage, damaged_id)

    def _open(self, damage: str = "", damaged_id: tuple[int, int] | None = None) -> None:
        prepare_folder(self.path.parent)
        with schema.opening_lock(self.path):
            # If another process found the damage first, there is a new file by now.
            if damage and self._file_id() == damaged_id:
                self._set_aside("damaged", damage)
            fault = self._try_open()
            if fault is not None:
                self._set_aside(*fault)
                fault = self._try_open()
            if fault is not None:
                raise StoreError(f"{display_name(self.path)}: a new state file cannot be used: {fault[1]}")
            self._opened_id = self._file_id()
            self._times_opened += 1

    def _try_open(self) -> tuple[str, str] | None:
        """Open both connections; return (`damaged` or `newer`, reason) if the file has to be set aside."""
        self._create()
        with contextlib.ExitStack() as stack:
            try:
                connection = stack.enter_context(contextlib.closing(schema.connect(self.path, "NORMAL")))
                is_wal = schema.choose_journal(connection, self.path, self._is_local)
                with self._right_to_migrate(connection):
                    schema.migrate(connection, self._migrations)
                schema.check(connection, self.path)
                journal = stack.enter_context(contextlib.closing(schema.connect(self.path, "FULL")))
                if not is_wal:
                    self._tell_once(connection)
            except schema.NewerStoreError as error:
                return "newer", str(error)
            except schema.DamagedStoreError as error:
                return "damaged", str(error)
            except _FILE_ERRORS as error:
                if schema.is_damage(error, self.path, opening=True):
                    return "damaged", str(error)
                raise self._refusal(error) from error
            stack.pop_all()
        self._connection, self._journal = connection, journal
        return None

    @contextlib.contextmanager
    def _right_to_migrate(self, connection: sqlite3.Connection) -> Iterator[None]:
        """Hold the worker's lock if an existing file is about to change under a worker of an older version."""
        if self._is_worker or not schema.is_old(connection, self._migrations):
            yield
            return
        folder = self.path.parent
        if not stop_worker(folder):
            raise StoreError(
                f"{display_name(self.path)}: a worker of an older discpress uses it and did not stop",
                hint="wait until its job is done, or stop it with the discpress that started it",
            )
        with worker_lock(folder):
            yield

    def _create(self) -> None:
        # SQLite would use the mode of the umask. O_EXCL, because closing a second descriptor of an open database would
        # drop this process's POSIX locks on it (sqlite.org/howtocorrupt.html, 2.2).
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            pass
        except OSError as error:
            raise from_os_error(error, self.path, "create the state file") from error

    def _tell_once(self, connection: sqlite3.Connection) -> None:
        with schema.immediate(connection):
            is_news = connection.execute("INSERT OR IGNORE INTO told VALUES ('no-wal')").rowcount
        if is_news:
            self._tell(
                f"{display_name(self.path.parent)}: a network share, or without shared memory: the state file is slower"
                " there; choose a folder on a local disk with --state or DISCPRESS_STATE"
            )

    def _set_aside(self, why: str, reason: str) -> None:
        try:
            aside = schema.set_aside(self.path, why)
        except OSError as error:
            raise from_os_error(error, self.path, f"set the {why} state file aside") from error
        fault = "was written by a newer discpress" if why == "newer" else "is damaged"
        self._tell(
            f"{display_name(self.path)} {fault} ({display_name(reason)}): it was renamed to"
            f" {display_name(aside.name)}, and a new state file was begun; scan your folders again"
        )

    def _file_id(self) -> tuple[int, int] | None:
        try:
            facts = os.stat(self.path)  # noqa: PTH116 - twice as fast as the Path's, in every call
        except OSError:
            return None
        return facts.st_dev, facts.st_ino

    def _refusal(self, error: Exception) -> StoreError:
        if self._is_full(error):
            return StoreFullError(
                f"{display_name(self.path)}: its disk is full: {error}",
                hint=f"free some space there, or {schema.ELSEWHERE_HINT}",
            )
        if schema.is_too_new_for_sqlite(error):
            return StoreError(
                f"{display_name(self.path)}: its tables need SQLite {'.'.join(map(str, STRICT_SINCE))}, this Python has"
                f" {sqlite3.sqlite_version}",
                hint=f"start discpress with the Python that wrote the file, or {schema.ELSEWHERE_HINT}",
            )
        is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
        hint = "another discpress is using it: try again" if is_busy else "check the disk and its free space"
        return StoreError(f"{display_name(self.path)}: {error}", hint=hint)

    def _is_full(self, error: Exception) -> bool:
        """Return whether the disk is full: SQLite reports that, or an I/O error if its files grow."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code != sqlite3.SQLITE_IOERR:
            return code == sqlite3.SQLITE_FULL
        try:
            return free_bytes(self.path.parent) < _LEAST_BYTES
        except OSError:
            return False

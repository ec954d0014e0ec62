"""The state file: all memory of discpress, and the only channel between its processes."""

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from platformdirs import user_state_path

from discpress.engine.formats import Settings
from discpress.engine.request import ConversionRequest
from discpress.engine.store import journal, schema
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.journal import JournalEntry
from discpress.engine.store.known_files import GoneTitles, KnownDigests
from discpress.engine.store.losses import Losses, lost_entries, lost_measurements, lost_settings
from discpress.engine.store.mending import drop_nameless, has_nameless
from discpress.engine.store.migrations import MIGRATIONS, Migrations
from discpress.engine.store.model import JsonValue, StoredEstimate, Title
from discpress.engine.store.rows import (
    empty_archives,
    estimate_rows,
    gone_rows,
    keys,
    measurement_rows,
    saving,
    title_rows,
)
from discpress.engine.store.rows import settings_rows as title_settings
from discpress.engine.store.rows.checked import Row, UnreadableError
from discpress.engine.store.rows.known_rows import KnownTitle, known_titles
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.rows.portions import WITHIN, folder_range, title_portions
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.store.statefile import StateFile
from discpress.engine.store.title_changes import TitleChanges, changes_since

FILE_NAME = "discpress.sqlite3"


def state_folder(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the folder of the state file: `--state`, DISCPRESS_STATE, or the system's state folder, in this order."""
    chosen = option or environ.get("DISCPRESS_STATE")
    return Path(chosen).absolute() if chosen else user_state_path("discpress", appauthor=False)


class Store:
    """One open state file; a context manager.

    Any thread may call it: a lock admits one at a time, and no transaction outlives a call. Paths are absolute. A
    damaged or newer file is renamed aside for a new one, with a warning in `notices`. Raises StoreError if the file
    cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_local: Callable[[Path], bool] = schema.is_local,
        migrations: Migrations = MIGRATIONS,
        now: Callable[[], float] = time.time,
        is_worker: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Open the store of a state folder; `is_worker`: the caller holds the worker's lock already.

        `tell` receives warnings as they come; without it they are kept in `notices`.
        """
        self._now = now
        self._file = StateFile(
            folder / FILE_NAME, is_local=is_local, migrations=migrations, is_worker=is_worker, tell=tell
        )
        self.digests = KnownDigests(self._file, now)
        """The digests of files."""
        self.gone = GoneTitles(self._file, now)
        """The titles whose files are gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._file.close()

    @property
    def path(self) -> Path:
        """Path of the state file."""
        return self._file.path

    @property
    def notices(self) -> list[str]:
        """Warnings for the user, in whole sentences; the reader empties the list."""
        return self._file.notices

    def take_notices(self) -> list[str]:
        """Return the warnings since the last call."""
        notices = self._file.notices
        return [notices.pop(0) for _ in range(len(notices))]

    @property
    def file(self) -> StateFile:
        """The open file, for packages that keep their own tables in it."""
        return self._file

    def data_version(self) -> tuple[int, int, int]:
        """Return a value that changes with every write, by any process (4 us)."""
        return self._file.data_version()

    def titles(self, folders: Iterable[Path] | None = None, defaults: Settings | None = None) -> list[Title]:
        """Return the titles below the folders (None: all of them) in the order of their paths.

        Each carries its overrides, and the estimate for its present content under overrides and `defaults`; without
        defaults, the last estimate that agrees with the overrides.
        """
        return list(self.each_title(folders, defaults))

    def each_title(self, folders: Iterable[Path] | None = None, defaults: Settings | None = None) -> Iterator[Title]:
        """Yield what `titles` returns, read in portions."""
        parameters = title_rows.default_parameters(defaults)
        if folders is None:
            yield from self._titles("", parameters)
            return
        some = set(folders)
        for folder in sorted(each for each in some if some.isdisjoint(each.parents)):  # each title once
            yield from self._titles(WITHIN, {**parameters, **folder_range(folder)})

    def first_by_name(
        self, count: int, folders: Iterable[Path] | None = None, defaults: Settings | None = None
    ) -> list[Title]:
        """Return the titles that come first by name, at most so many, in natural order; the rest is not decoded."""
        where = ((WITHIN, folder_range(folder)) for folder in folders) if folders else [("", {})]
        rows: dict[object, Row] = {}
        for condition, parameters in where:
            rows.update((row[0], row) for row in self._file.rows(f"{title_rows.SELECT_NAMES} {condition}", parameters))
        first = title_rows.first_by_name(rows.values(), count)
        titles = {title.path: title for title in self.titles_at(first, defaults)}
        return [titles[path] for path in first if path in titles]

    def titles_at(self, paths: Iterable[Path], defaults: Settings | None = None) -> list[Title]:
        """Return the known titles among some paths, as `titles` does."""
        chosen = sorted({keys.path_key(path) for path in paths})
        parameters = title_rows.default_parameters(defaults)
        found: list[Title] = []
        for start in range(0, len(chosen), title_rows.KEYS_AT_ONCE):
            some = title_rows.path_parameters(chosen[start : start + title_rows.KEYS_AT_ONCE])
            found += self._titles(f"WHERE t.path IN ({', '.join(f':{name}' for name in some)})", {**parameters, **some})
        return found

    def changes_since(self, number: int) -> TitleChanges:
        """Return the titles that were saved, dropped, set or estimated after the change of that number; 0: any."""
        return self._file.run(lambda connection: changes_since(connection, number))

    def known_titles(self, folder: Path, losses: Losses | None = None) -> list[KnownTitle]:
        """Return what a re-scan of a folder compares with, without unreadable titles.

        `losses` counts those, without a notice.
        """
        select, parameters = title_rows.SELECT_TITLES_ALONE, folder_range(folder)
        rows = title_portions(self._file.rows, f"{select} ", WITHIN, parameters)
        return list(known_titles(rows, losses or Losses()))

    def drop_unreadable(self, folder: Path) -> None:
        """Drop the titles below a folder that cannot be read, after a scan of it: their files are gone."""
        parameters = folder_range(folder)

        def drop(connection: sqlite3.Connection) -> None:
            found = connection.execute(f"{title_rows.SELECT_TITLES_ALONE} {WITHIN}", parameters).fetchall()
            unreadable = [(row[0],) for row in found if not title_rows.is_title(row)]
            connection.executemany("DELETE FROM titles WHERE path = ?", unreadable)

        self._file.write(drop)

    def drop_nameless(self) -> None:
        """Drop the titles whose paths cannot be read: no scan finds their files."""
        if self._file.run(has_nameless):
            self._file.write(drop_nameless)

    def knows(self, folder: Path) -> bool:
        """Return whether a title in or below a folder is stored, or was: the last one may be in the trash."""
        tables = ("titles", "gone_titles")
        query = "SELECT " + " OR ".join(f"EXISTS (SELECT 1 FROM {each} t {WITHIN})" for each in tables)
        return bool(self._file.value(query, folder_range(folder)))

    def save_titles(self, batch: Iterable[Title]) -> None:
        """Add or replace titles by path, all or none; their estimates and overrides are ignored."""
        titles, now = list(batch), self._now
        self._file.write(lambda connection: saving.save_titles(connection, titles, now))

    def forget(self, paths: Collection[Path]) -> None:
        """Drop titles. Settings, estimates and digests stay in case the file returns, or turns up elsewhere."""
        gone, now = list(paths), self._now() if paths else 0.0
        self._file.write(lambda connection: gone_rows.forget(connection, gone, now))

    def empty_archives(self, folder: Path) -> dict[Path, EmptyArchive]:
        """Return the archives below a folder that are known to contain no image."""
        return self._file.run(lambda connection: empty_archives.read(connection, folder))

    def save_empty_archives(self, archives: Iterable[EmptyArchive], gone: Iterable[Path] = ()) -> None:
        """Store archives without an image, and remove some, all or none."""

        def save(connection: sqlite3.Connection) -> None:
            empty_archives.save(connection, archives)
            empty_archives.forget(connection, gone)

        self._file.write(save)

    def save_estimate(self, identity: FileIdentity, estimate: StoredEstimate, *, keep_better: bool = False) -> None:
        """Store an estimate, replacing an earlier one of the same file and settings.

        `keep_better`: do not replace an estimate from a larger sample.
        """
        now = self._now()
        self._file.write(
            lambda connection: estimate_rows.save(connection, identity, estimate, now, keep_better=keep_better)
        )

    def save_grid(self, identity: FileIdentity, grid: Iterable[StoredEstimate]) -> None:
        """Store the estimates of a table of settings; they replace no better one, and none counts as the last."""
        cells = list(grid)
        self._file.write(lambda connection: estimate_rows.save_grid(connection, identity, cells))

    def estimates_of(self, identity: FileIdentity) -> list[StoredEstimate]:
        """Return all estimates of that content, by format, block size, level and alignment."""
        return self._file.run(lambda connection: estimate_rows.all_of(connection, identity))

    def estimate_for(self, identity: FileIdentity, settings: Settings) -> StoredEstimate | None:
        """Return the estimate of that content under those settings, made for any target."""
        return self._file.run(lambda connection: estimate_rows.one_of(connection, identity, settings))

    def save_measurement(self, measurement: Measurement) -> None:
        """Add a benchmark result to the earlier ones."""
        self._file.write(lambda connection: measurement_rows.save(connection, measurement))

    def measurements(
        self, kind: LabTest | None = None, identity: FileIdentity | None = None, path: Path | None = None
    ) -> list[Measurement]:
        """Return benchmark results, newest first: of one kind, one content, one file; None for any."""
        found, unreadable = self._file.run(lambda connection: measurement_rows.read(connection, kind, identity, path))
        if unreadable:
            self._file.warn(lost_measurements(self.path, unreadable))
        return found

    def save_settings(self, path: Path, overrides: ConversionRequest | None) -> None:
        """Store the settings of one title; None, or all None, returns it to the defaults."""
        if overrides is None or overrides.form == ConversionRequest():
            key = (keys.path_key(path),)
            self._file.write(lambda connection: connection.execute(title_settings.DROP, key))
            return
        values = title_settings.settings_row(path, overrides)
        self._file.write(lambda connection: connection.execute(title_settings.SAVE, values))

    def settings_for(self, path: Path) -> ConversionRequest | None:
        """Return the settings chosen for a title; None if it follows the defaults.

        A title with unreadable settings follows them too, with a warning.
        """
        row = self._file.row(title_settings.SELECT, (keys.path_key(path),))
        try:
            return None if row is None else title_settings.overrides_from(row)
        except UnreadableError as fault:
            self._file.warn(lost_settings({path: fault.column}))
            return None

    def append_journal(self, kind: str, payload: Mapping[str, JsonValue]) -> int:
        """Record a change, on the disk when this returns (synchronous=FULL); return the entry's id."""
        now = self._now()
        return self._file.write(lambda connection: journal.append(connection, now, kind, payload), durable=True)

    def journal_entries(self, after: int = 0) -> list[JournalEntry]:
        """Return the journal's entries with an id above `after`, oldest first."""
        entries, unreadable = self._file.run(lambda connection: journal.read(connection, after))
        if unreadable:
            self._file.warn(lost_entries(self.path, unreadable))
        return entries

    def _titles(self, where: str, parameters: Mapping[str, title_rows.SqlValue]) -> Iterator[Title]:
        losses = Losses()
        yield from self._read_titles(where, parameters, losses)
        for notice in losses.notices(self.path):
            self._file.warn(notice)

    def _read_titles(self, where: str, values: Mapping[str, title_rows.SqlValue], losses: Losses) -> Iterator[Title]:
        # Decoded outside the file's lock: 10,000 titles take half a second, and other threads need the lock meanwhile.
        found = title_portions(self._file.rows, title_rows.SELECT_TITLES, where, values)
        return (title for row in found if (title := title_rows.title_from(row, losses)) is not None)

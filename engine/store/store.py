"""The state file: everything discpress remembers, and the only way its processes talk."""

import heapq
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from platformdirs import user_state_path

from discpress.engine.formats import Settings
from discpress.engine.names import natural_key
from discpress.engine.store import journal, schema
from discpress.engine.store.losses import Losses, lost_entries, lost_measurements, lost_settings
from discpress.engine.store.migrations import MIGRATIONS, Migrations
from discpress.engine.store.model import (
    Digests,
    FileIdentity,
    JournalEntry,
    JsonValue,
    Overrides,
    StoredEstimate,
    Title,
)
from discpress.engine.store.rows import digest_rows as content_digests
from discpress.engine.store.rows import empty_archives, estimate_rows, measurement_rows, title_rows
from discpress.engine.store.rows import settings_rows as title_settings
from discpress.engine.store.rows.checked import UnreadableError
from discpress.engine.store.rows.measurement_rows import LabTest, Measurement
from discpress.engine.store.scan_batch import EmptyArchive
from discpress.engine.store.statefile import StateFile
from discpress.engine.store.title_changes import TitleChanges, changes_since

FILE_NAME = "discpress.sqlite3"


def state_folder(option: Path | None, environ: Mapping[str, str]) -> Path:
    """Return where the state file lives: `--state`, else DISCPRESS_STATE, else the system's place for state."""
    chosen = option or environ.get("DISCPRESS_STATE")
    return Path(chosen).absolute() if chosen else user_state_path("discpress", appauthor=False)


class Store:
    """One open state file; a context manager.

    Any thread may call it: one lock lets them in one at a time, and no transaction outlives a call. Paths are
    absolute. StoreError where the file cannot be used; a damaged or newer file is renamed aside, a new one is begun,
    and `notices` says so.
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
        """Open the store of a state folder; `is_worker` says that the caller holds the worker's lock already.

        `tell` takes notices as they come; without it they are kept in `notices`.
        """
        self._now = now
        self._file = StateFile(
            folder / FILE_NAME, is_local=is_local, migrations=migrations, is_worker=is_worker, tell=tell
        )

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
        """Where the state file is."""
        return self._file.path

    @property
    def notices(self) -> list[str]:
        """What the user should be told, in whole sentences; the reader empties it."""
        return self._file.notices

    def take_notices(self) -> list[str]:
        """Return what the user should be told since the last time."""
        notices = self._file.notices
        return [notices.pop(0) for _ in range(len(notices))]

    @property
    def file(self) -> StateFile:
        """The open file, for rooms that keep tables of their own in it."""
        return self._file

    def data_version(self) -> tuple[int, int, int]:
        """Return a value that differs from the last one where anything was written meanwhile, by whomever (4 us)."""
        return self._file.data_version()

    def titles(self, folders: Iterable[Path] | None = None, defaults: Settings | None = None) -> list[Title]:
        """Return the titles below the folders (None: all of them) in the order of their paths.

        Each carries its overrides, and the estimate made for its present content under overrides and `defaults`;
        without defaults, the last one made that agrees with the overrides.
        """
        parameters = title_rows.default_parameters(defaults)
        if folders is None:
            return self._titles("", parameters)
        found: dict[Path, Title] = {}
        for folder in sorted(set(folders)):
            titles = self._titles(title_rows.WITHIN, {**parameters, **title_rows.folder_range(folder)})
            found.update((title.path, title) for title in titles)
        return list(found.values())

    def first_by_name(
        self, count: int, folders: Iterable[Path] | None = None, defaults: Settings | None = None
    ) -> list[Title]:
        """Return the titles whose names come first, at most so many, in natural order; the rest is not decoded."""
        where = ((title_rows.WITHIN, title_rows.folder_range(folder)) for folder in folders) if folders else [("", {})]
        names: dict[Path, str] = {}
        for condition, parameters in where:
            query = f"{title_rows.SELECT_NAMES} {condition}"
            found = self._file.run(lambda file, q=query, p=parameters: file.execute(q, p).fetchall())  # type: ignore[misc]
            names.update(title_rows.names_from(found))
        first = heapq.nsmallest(count, names, key=lambda path: natural_key(names[path]))
        titles = {title.path: title for title in self.titles_at(first, defaults)}
        return [titles[path] for path in first if path in titles]

    def titles_at(self, paths: Iterable[Path], defaults: Settings | None = None) -> list[Title]:
        """Return those of the titles that are known, as `titles` does."""
        keys = sorted({title_rows.path_key(path) for path in paths})
        parameters = title_rows.default_parameters(defaults)
        found: list[Title] = []
        for start in range(0, len(keys), title_rows.KEYS_AT_ONCE):
            some = title_rows.path_parameters(keys[start : start + title_rows.KEYS_AT_ONCE])
            found += self._titles(f"WHERE t.path IN ({', '.join(f':{name}' for name in some)})", {**parameters, **some})
        return found

    def changes_since(self, number: int) -> TitleChanges:
        """Return which titles were saved, dropped, set or estimated after the change of that number; 0: any."""
        return self._file.run(lambda connection: changes_since(connection, number))

    def known_identities(self, folder: Path) -> dict[Path, Title]:
        """Return what a re-scan of the folder compares with: the stored titles by path.

        What cannot be read is not known: the scan makes it anew.
        """
        parameters = {**title_rows.default_parameters(None), **title_rows.folder_range(folder)}
        return {title.path: title for title in self._read_titles(title_rows.WITHIN, parameters, Losses())}

    def drop_unreadable(self, folder: Path) -> None:
        """Drop the titles below a folder that cannot be read; for when it was scanned, and their files are gone."""
        parameters = title_rows.folder_range(folder)

        def drop(connection: sqlite3.Connection) -> None:
            found = connection.execute(f"{title_rows.SELECT_TITLES_ALONE} {title_rows.WITHIN}", parameters).fetchall()
            unreadable = [(row[0],) for row in found if not title_rows.is_title(row)]
            connection.executemany("DELETE FROM titles WHERE path = ?", unreadable)
            connection.execute(title_rows.DROP_NAMELESS)

        self._file.write(drop)

    def knows(self, folder: Path) -> bool:
        """Return whether a title in or below a folder is stored."""
        query = f"SELECT EXISTS (SELECT 1 FROM titles t {title_rows.WITHIN})"
        parameters = title_rows.folder_range(folder)
        return bool(self._file.run(lambda connection: connection.execute(query, parameters).fetchone()[0]))

    def save_titles(self, batch: Iterable[Title]) -> None:
        """Add or replace titles by path, all or none; estimate and overrides of a Title are not looked at."""
        values = [title_rows.title_row(title) for title in batch]
        self._file.write(lambda connection: connection.executemany(title_rows.SAVE_TITLE, values))

    def forget(self, paths: Iterable[Path]) -> None:
        """Drop titles; their settings stay for the day the disk comes back, estimates and digests go by content."""
        keys = [(title_rows.path_key(path),) for path in paths]
        self._file.write(lambda connection: connection.executemany("DELETE FROM titles WHERE path = ?", keys))

    def empty_archives(self, folder: Path) -> dict[Path, FileIdentity]:
        """Return the archives below a folder that are known to hold no image."""
        return self._file.run(lambda connection: empty_archives.read(connection, folder))

    def save_empty_archives(self, archives: Iterable[EmptyArchive], gone: Iterable[Path] = ()) -> None:
        """Remember archives that hold no image, and forget some, all or none."""

        def save(connection: sqlite3.Connection) -> None:
            empty_archives.save(connection, archives)
            empty_archives.forget(connection, gone)

        self._file.write(save)

    def save_estimate(self, identity: FileIdentity, estimate: StoredEstimate, *, keep_better: bool = False) -> None:
        """Keep an estimate, in place of an earlier one of the same file and settings.

        `keep_better`: not in place of one that was made from a larger sample.
        """
        now = self._now()
        self._file.write(
            lambda connection: estimate_rows.save(connection, identity, estimate, now, keep_better=keep_better)
        )

    def save_grid(self, identity: FileIdentity, grid: Iterable[StoredEstimate]) -> None:
        """Keep the estimates of a table of settings, none in place of a better one; none is the last one made."""
        cells = list(grid)
        self._file.write(lambda connection: estimate_rows.save_grid(connection, identity, cells))

    def estimates_of(self, identity: FileIdentity) -> list[StoredEstimate]:
        """Return all estimates of that content, by format, block size, level and alignment."""
        return self._file.run(lambda connection: estimate_rows.all_of(connection, identity))

    def estimate_for(self, identity: FileIdentity, settings: Settings) -> StoredEstimate | None:
        """Return the estimate of that content under those settings, whatever target it was made for."""
        return self._file.run(lambda connection: estimate_rows.one_of(connection, identity, settings))

    def save_measurement(self, measurement: Measurement) -> None:
        """Keep what the lab measured beside all that it measured before."""
        self._file.write(lambda connection: measurement_rows.save(connection, measurement))

    def measurements(
        self, kind: LabTest | None = None, identity: FileIdentity | None = None, path: Path | None = None
    ) -> list[Measurement]:
        """Return what the lab measured, newest first: of one kind, one content, one file; None for any."""
        found, unreadable = self._file.run(lambda connection: measurement_rows.read(connection, kind, identity, path))
        if unreadable:
            self._file.warn(lost_measurements(self.path, unreadable))
        return found

    def save_settings(self, path: Path, overrides: Overrides | None) -> None:
        """Keep the settings of one title; None, or all None, lets it follow the defaults again."""
        if overrides is None or overrides == Overrides():
            key = (title_rows.path_key(path),)
            self._file.write(lambda connection: connection.execute(title_settings.DROP, key))
            return
        values = title_settings.settings_row(path, overrides)
        self._file.write(lambda connection: connection.execute(title_settings.SAVE, values))

    def settings_for(self, path: Path) -> Overrides | None:
        """Return the settings chosen for a title; None where it follows the defaults.

        So does one whose settings cannot be read, with a notice.
        """
        key = (title_rows.path_key(path),)
        row = self._file.run(lambda connection: connection.execute(title_settings.SELECT, key).fetchone())
        try:
            return None if row is None else title_settings.overrides_from(row)
        except UnreadableError as fault:
            self._file.warn(lost_settings({path: fault.column}))
            return None

    def save_digests(self, identity: FileIdentity, digests: Digests) -> None:
        """Keep what is known of a content; a digest left empty does not erase one known before."""
        self._file.write(lambda connection: content_digests.save(connection, identity, digests, self._now()))

    def digests_for(self, identity: FileIdentity) -> Digests | None:
        """Return the digests of that content; None where it was never read whole."""
        return self._file.run(lambda connection: content_digests.read(connection, identity))

    def append_journal(self, kind: str, payload: Mapping[str, JsonValue]) -> int:
        """Write down what was done, on the disk when this returns (synchronous=FULL); return the entry's id."""
        now = self._now()
        return self._file.write(lambda connection: journal.append(connection, now, kind, payload), durable=True)

    def journal_entries(self, after: int = 0) -> list[JournalEntry]:
        """Return the journal's entries with an id above `after`, oldest first."""
        entries, unreadable = self._file.run(lambda connection: journal.read(connection, after))
        if unreadable:
            self._file.warn(lost_entries(self.path, unreadable))
        return entries

    def _titles(self, where: str, parameters: Mapping[str, title_rows.SqlValue]) -> list[Title]:
        losses = Losses()
        titles = self._read_titles(where, parameters, losses)
        for notice in losses.notices(self.path):
            self._file.warn(notice)
        return titles

    def _read_titles(self, where: str, parameters: Mapping[str, title_rows.SqlValue], losses: Losses) -> list[Title]:
        query = f"{title_rows.SELECT_TITLES}{where} ORDER BY t.path"
        # Decoded outside the file's lock: 10,000 titles take half a second, and other threads want it meanwhile.
        found = self._file.run(lambda connection: connection.execute(query, parameters).fetchall())
        return [title for row in found if (title := title_rows.title_from(row, losses)) is not None]

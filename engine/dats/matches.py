"""The matches of the library, kept up to date with the lists and the digests of a state file."""

import sqlite3
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from discpress.engine.store.rows.keys import path_key
from discpress.engine.store.store import Store

if TYPE_CHECKING:
    from discpress.engine.dats.match import Match

_REVISION = "SELECT COUNT(*), MAX(id) FROM dats"
"""No number is ever given twice, so that each change of the lists changes one of the two."""


class MatchReader:
    """Reads the matches of an open state file; only those of changed titles are found anew."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._change = 0
        self._revision: tuple[int, ...] = ()
        self._matches: dict[bytes, Match] = {}

    @property
    def has_lists(self) -> bool:
        """Whether a list was loaded when the matches were last read."""
        return self._revision[:1] > (0,)

    def read(self) -> "Mapping[bytes, Match]":
        """Return the matches of all titles with digests, by their paths as stored; the same object if nothing changed.

        Raises StoreError.
        """
        changes = self._store.changes_since(self._change)
        revision = self._store.file.run(_revision)
        is_new = revision != self._revision
        if not is_new and changes.number == self._change:
            return self._matches
        paths = None if is_new else changes.paths
        if is_new or self.has_lists:
            found = self._find(paths) if revision[0] else {}
            changed = set(map(path_key, paths or ()))
            kept = {} if paths is None else {key: each for key, each in self._matches.items() if key not in changed}
            self._matches = kept | found
        self._change, self._revision = changes.number, revision
        return self._matches

    def _find(self, paths: Collection[Path] | None) -> "dict[bytes, Match]":
        from discpress.engine.dats.matching import find_matches  # noqa: PLC0415 - 15 ms, for users with lists only

        return self._store.file.run(lambda connection: find_matches(connection, paths))


def _revision(connection: sqlite3.Connection) -> tuple[int, ...]:
    count, last = connection.execute(_REVISION).fetchone()
    return count, last if isinstance(last, int) else 0

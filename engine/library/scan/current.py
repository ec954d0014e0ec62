"""The titles of single files as they are now: from the state file if unchanged since, otherwise read."""

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from discpress.engine.errors import StoreError
from discpress.engine.images.source import ByteSource
from discpress.engine.library.scan.probe import probe_source
from discpress.engine.store.identity import FileIdentity
from discpress.engine.store.model import Title
from discpress.engine.store.store import Store
from discpress.engine.system.files import absolute
from discpress.engine.system.filesystems import StableInodes


class CurrentTitles:
    """Finds the titles of paths that a command was given; without a store, or if it cannot be read, reads each."""

    def __init__(self, store: Store | None, paths: Sequence[Path]) -> None:
        self._store = store
        self._known: dict[Path, Title] = {}
        self._inodes = StableInodes()
        if store is not None:
            with contextlib.suppress(StoreError):
                self._known = {title.path: title for title in store.titles_at(map(absolute, paths))}

    def known_at(self, path: Path) -> Title | None:
        """Return the stored title of a path, with that path as it was given, if its file is unchanged."""
        known = self._known.get(absolute(path))
        return None if known is None or not is_as_scanned(known, self._inodes) else replace(known, path=path)

    def read(self, source: ByteSource) -> Title:
        """Return the title of an image whose stored bytes are open, with the settings chosen for it.

        The reason why the image is unreadable is the title's error. Raises those of `probe_source`.
        """
        title, path = probe_source(source, self._inodes), source.path
        if self._store is not None:
            with contextlib.suppress(StoreError):
                title = replace(title, overrides=self._store.settings_for(absolute(path)))
        return title


def is_as_scanned(title: Title, inodes: StableInodes) -> bool:
    """Return whether a scan of this version read a title without an error, and its files are unchanged since."""
    if title.error or title.is_outdated:
        return False
    paths = title.file_paths
    try:
        now = FileIdentity.of_set(paths[0], [path.stat() for path in paths], inodes)
    except OSError:
        return False
    return now == title.identity.of_file
